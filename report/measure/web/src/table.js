// A table that is sorted by its headings and filtered by a field. It shows the
// first rows and more when asked, so that thousands of modules do not hold it up.

import { ascending, descending } from "d3-array";
import { select } from "d3-selection";

const step = 100; // rows

// table fills element, which is named by a heading, with rows. A column has a head,
// of(row) to sort by, text(row) to show, and isNumber; open(row), where it is given,
// is called by the first column's button. note says what is not all in rows.
export function table(element, { note, columns, rows, filterBy, sortBy, open }) {
  const section = select(element);
  let needle = "";
  let sort = { column: columns[sortBy], down: columns[sortBy].isNumber };
  let shown = step;

  const bar = section.append("p").attr("class", "bar");
  if (filterBy) {
    bar
      .append("label")
      .text("Filter ")
      .append("input")
      .attr("type", "search")
      .on("input", (e) => {
        needle = e.target.value.toLowerCase();
        shown = step;
        draw();
      });
  }
  const count = bar.append("output");
  if (note) bar.append("span").text(note);
  const t = section.append("div").attr("class", "scroll").append("table").attr("aria-labelledby", element.getAttribute("aria-labelledby"));
  const heads = t.append("thead").append("tr").selectAll("th").data(columns).join("th").attr("scope", "col").classed("number", (c) => c.isNumber);
  heads
    .append("button")
    .text((c) => c.head)
    .on("click", (_, column) => {
      sort = { column, down: sort.column === column ? !sort.down : Boolean(column.isNumber) };
      draw();
    });
  const body = t.append("tbody");
  const more = section
    .append("button")
    .text("Show more")
    .on("click", () => {
      shown += step * 5;
      draw();
    });

  function draw() {
    const found = needle ? rows.filter((r) => filterBy(r).toLowerCase().includes(needle)) : rows;
    const order = sort.down ? descending : ascending;
    const sorted = found.toSorted((a, b) => order(sort.column.of(a), sort.column.of(b)));
    count.text(` ${found.length} of ${rows.length}`);
    heads.attr("aria-sort", (c) => (c !== sort.column ? null : sort.down ? "descending" : "ascending"));
    const cells = body
      .selectAll("tr")
      .data(sorted.slice(0, shown))
      .join("tr")
      .selectAll("td")
      .data((row) => columns.map((column) => ({ row, column })))
      .join("td")
      .classed("number", (d) => d.column.isNumber);
    cells.text((d) => (open && d.column === columns[0] ? "" : d.column.text(d.row)));
    if (open) {
      cells
        .filter((d) => d.column === columns[0])
        .append("button")
        .text((d) => d.column.text(d.row))
        .on("click", (_, d) => open(d.row));
    }
    more.attr("hidden", found.length > shown ? null : "");
  }
  draw();
}
