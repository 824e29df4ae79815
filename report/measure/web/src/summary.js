// The sums, in a line of figures.

import { select } from "d3-selection";
import { number, ratio } from "./format.js";

export function summary(element, report) {
  const t = report.total;
  const figures = [["modules", number(t.modules)]];
  if (t.failed) figures.push(["not measured", number(t.failed)]);
  if (t.alone) figures.push(["bytes alone", `${t.least ? "≥ " : ""}${number(t.alone)}`]);
  if (t.split) {
    figures.push(["bytes split", number(t.split)]);
    figures.push(["ratio", `${t.least ? "≥ " : ""}${ratio(t.alone / t.split)}`]);
  }
  figures.push(["bytes that the base could save", number(t.saved)]);
  for (const [name, bytes] of Object.entries(report.costs ?? {})) figures.push([`bytes for ${name}`, number(bytes)]);
  const dl = select(element).append("dl");
  const item = dl.selectAll("div").data(figures).join("div");
  item.append("dt").text((d) => d[0]);
  item.append("dd").text((d) => d[1]);
}
