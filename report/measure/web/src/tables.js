// The tables of the page.

import { sum } from "d3-array";
import { number, percent, ratio, visible } from "./format.js";
import { table } from "./table.js";

const text = (head, of) => ({ head, of, text: (row) => visible(of(row)) });
const count = (head, of, show = number) => ({ head, of: (row) => of(row) ?? 0, text: (row) => show(of(row)), isNumber: true });

export function moduleTable(element, report, open) {
  const least = (m) => (m.least ? "≥ " : "");
  const all = sum(report.modules, (m) => m.own);
  table(element, {
    columns: [
      text("module", (m) => m.path),
      { ...count("alone", (m) => m.alone), text: (m) => (m.alone ? least(m) + number(m.alone) : "") },
      count("own", (m) => m.own),
      count("share", (m) => m.own, (n) => percent(n, all)),
      { ...count("ratio", (m) => (m.split ? m.ratio : 0)), text: (m) => (m.split ? least(m) + ratio(m.ratio) : "") },
      count("types", (m) => m.types),
      count("names", (m) => m.names),
      count("repeated", (m) => m.repeated),
    ],
    rows: report.modules,
    filterBy: (m) => m.path,
    sortBy: 2,
    open,
  });
}

export function repeatedTable(element, report) {
  table(element, {
    note: report.repeated.length < report.total.repeated ? `those of ${number(report.total.repeated)} that would save most` : "",
    columns: [
      text("kind", (r) => report.kinds[r[0]]),
      text("name", (r) => r[1] || "(anon)"),
      count("modules", (r) => r[2]),
      count("bytes", (r) => r[3]),
      count("saved", (r) => r[4]),
    ],
    rows: report.repeated,
    filterBy: (r) => `${report.kinds[r[0]]} ${r[1]}`,
    sortBy: 4,
  });
}

export function kindTable(element, report) {
  const all = sum(report.modules, (m) => m.own);
  table(element, {
    columns: [
      text("kind", (k) => k.kind),
      count("types", (k) => k.count),
      count("records", (k) => k.bytes),
      count("names", (k) => k.strings),
      count("bytes", (k) => k.bytes + k.strings),
      count("share", (k) => k.bytes + k.strings, (n) => percent(n, all)),
    ],
    rows: report.ownKinds,
    sortBy: 4,
  });
}

export function failedTable(element, report) {
  if (report.failed.length === 0) {
    element.parentElement.hidden = true;
    return;
  }
  table(element, {
    columns: [text("module", (m) => m.path), text("why", (m) => m.error)],
    rows: report.failed,
    filterBy: (m) => `${m.path} ${m.error}`,
    sortBy: 0,
  });
}
