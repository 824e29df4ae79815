// The two charts. What they show is in the table of modules, too.

import { bin, extent, max } from "d3-array";
import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear, scaleLog } from "d3-scale";
import { select } from "d3-selection";
import { number, visible } from "./format.js";

const width = 640;
const height = 360;
const margin = { top: 10, right: 36, bottom: 42, left: 76 };

function frame(element, label) {
  return select(element).append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("aria-label", label);
}

function axes(svg, [x, xLabel, xFormat], [y, yLabel, yFormat]) {
  svg.append("g").attr("transform", `translate(0,${height - margin.bottom})`).call(axisBottom(x).ticks(5, xFormat));
  svg.append("g").attr("transform", `translate(${margin.left},0)`).call(axisLeft(y).ticks(5, yFormat));
  svg.append("text").attr("class", "label").attr("x", width - margin.right).attr("y", height - 6).attr("text-anchor", "end").text(xLabel);
  svg.append("text").attr("class", "label").attr("x", margin.left + 6).attr("y", margin.top + 10).text(yLabel);
}

const across = [margin.left, width - margin.right];
const up = [height - margin.bottom, margin.top];

// scatter shows for each module how large it is split and alone. open is called
// with one that is clicked.
export function scatter(element, report, open) {
  const modules = report.modules.filter((m) => m.split && m.alone);
  if (modules.length === 0) {
    element.hidden = true;
    return;
  }
  const svg = frame(element, `${number(modules.length)} modules: bytes on top of the base against bytes alone`);
  const x = scaleLog().domain(extent(modules, (m) => m.own)).range(across);
  const y = scaleLog().domain(extent(modules, (m) => m.alone)).range(up);
  axes(svg, [x, "bytes split", "~s"], [y, "bytes alone", "~s"]);
  svg
    .append("g")
    .selectAll("circle")
    .data(modules)
    .join("circle")
    .attr("r", 2.5)
    .attr("cx", (m) => x(m.own))
    .attr("cy", (m) => y(m.alone))
    .on("click", (_, m) => open(m))
    .append("title")
    .text((m) => `${visible(m.path)}: ${number(m.own)} split, ${number(m.alone)} alone`);
}

// histogram shows how many modules have how many bytes of their own, in steps of
// doubling.
export function histogram(element, report) {
  const sizes = report.modules.map((m) => m.own);
  if (sizes.length === 0) {
    element.hidden = true;
    return;
  }
  const log = sizes.map((n) => Math.log2(Math.max(n, 1)));
  const [low, high] = extent(log).map(Math.floor);
  const steps = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const bins = bin().domain([low, high + 1]).thresholds(steps)(log);
  const svg = frame(element, `${number(sizes.length)} modules by bytes of their own`);
  const x = scaleLog().base(2).domain([2 ** low, 2 ** (high + 1)]).range(across);
  const y = scaleLinear().domain([0, max(bins, (b) => b.length)]).range(up).nice();
  axes(svg, [x, "bytes of a module's own", ",d"], [y, "modules", ",d"]);
  svg
    .append("g")
    .selectAll("rect")
    .data(bins)
    .join("rect")
    .attr("x", (b) => x(2 ** b.x0) + 1)
    .attr("width", (b) => Math.max(x(2 ** b.x1) - x(2 ** b.x0) - 2, 0))
    .attr("y", (b) => y(b.length))
    .attr("height", (b) => y(0) - y(b.length))
    .append("title")
    .text((b) => `${number(2 ** b.x0)} to ${number(2 ** b.x1)} bytes: ${number(b.length)} modules`);
}
