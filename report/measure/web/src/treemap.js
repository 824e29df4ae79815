// The treemap: folders, modules, types. Each tile is a button, so that the
// keyboard reaches it; Escape goes up. In a tile are those one level down, for
// the eye and the mouse.

import { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import { select } from "d3-selection";
import { number, percent, size, visible } from "./format.js";

const mostTiles = 300; // smaller ones are a tile that leads to them
const mostWithin = 40; // of a tile's own tiles
const heading = 20; // pixels, for the name of a tile with tiles in it
const hint = "Click or press Enter to go down, Escape to go up.";
const colours = 7; // in style.css, from Okabe and Ito (2008)

export function treemapOf(element, report) {
  const root = hierarchy(report.tree).sum((d) => d.bytes ?? 0).sort((a, b) => b.value - a.value);
  const path = select(element).append("nav").attr("aria-label", "Folder").attr("class", "path");
  const area = select(element).append("div").attr("class", "area");
  const about = select(element).append("p").attr("class", "about").attr("aria-live", "polite");
  const detail = select(element).append("p").attr("class", "about").text(hint);
  let shown = root;
  let skipped = 0; // of its children, the largest first

  function show(node, focus, skip = 0) {
    shown = node;
    skipped = skip;
    path
      .selectAll("button")
      .data(node.ancestors().reverse())
      .join("button")
      .attr("aria-current", (d) => (d === node ? "location" : null))
      .text((d) => (d.parent ? visible(d.data.name) : visible(d.data.name) || "all"))
      .on("click", (_, d) => show(d, true));
    draw();
    about.text(`${name(node)}: ${share(node.value)}`);
    if (focus) area.select("button").node()?.focus();
  }

  function draw() {
    const { width, height } = area.node().getBoundingClientRect();
    const layout = hierarchy(limited(shown, skipped), (d) => d.children)
      .sum((d) => d.bytes ?? 0)
      .sort((a, b) => b.value - a.value);
    treemap().tile(treemapSquarify).size([width, height]).paddingInner(1).paddingTop((d) => (d.depth === 1 && d.children ? heading : 0))(layout);
    const tiles = area.selectAll("button").data(layout.children ?? []).join("button");
    place(tiles)
      .attr("type", "button")
      .attr("class", (d, i) => `tile c${i % colours}`)
      .attr("aria-disabled", (d) => (leads(d) ? null : "true"))
      .attr("title", describe)
      .attr("aria-label", describe)
      .html("");
    const head = tiles.append("span").attr("class", "head");
    head.append("span").attr("class", "name").text((d) => visible(d.data.name));
    head.append("span").text((d) => ` ${size(d.value)}`);
    const inner = tiles.selectAll("i").data((d) => (d.children ?? []).filter((c) => hasRoom(c, 3, 3)));
    place(inner.join("i"))
      .attr("title", describe)
      .attr("aria-hidden", "true")
      .text((d) => (hasRoom(d, 40, 14) ? visible(d.data.name) : ""))
      .filter((d) => hasRoom(d, 40, 30))
      .append("span")
      .text((d) => size(d.value));
  }

  // go goes where tile d leads; one that leads nowhere is as good as the one that
  // it is in.
  function go(d) {
    if (d.data.more) show(d.parent.data.node, true, d.depth === 1 ? skipped + mostTiles : 0);
    else if (d.data.node.children) show(d.data.node, true);
    else if (d.depth > 1) go(d.parent);
  }

  const share = (bytes) => `${number(bytes)} bytes, ${percent(bytes, root.value)}`;

  function describe(d) {
    const type = d.data.node?.data;
    const what = type?.kind ? `${type.kind} ${visible(d.data.name)}` : visible(d.data.name);
    const others = type?.modules > 1 ? `, in ${number(type.modules)} modules` : "";
    return `${what}: ${share(d.value)}${others}`;
  }

  // onTile calls f with the innermost tile that an event is of.
  const onTile = (f) => (e) => {
    const tile = e.target.closest(".area i, .tile");
    if (tile) f(select(tile).datum());
  };
  area.on("click", onTile(go));
  area.on("pointerover focusin", onTile((d) => detail.text(describe(d))));
  area.on("pointerleave", () => detail.text(hint));
  addEventListener("resize", draw);
  element.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    if (skipped) show(shown, true);
    else if (shown.parent) show(shown.parent, true);
  });
  show(root, false);
  return {
    open(module) {
      show(root.find((d) => d.data.module === module), true);
      element.scrollIntoView();
    },
  };
}

// place puts tiles where they belong in the tile that they are in.
function place(tiles) {
  return tiles
    .style("left", (d) => `${d.x0 - d.parent.x0}px`)
    .style("top", (d) => `${d.y0 - d.parent.y0}px`)
    .style("width", (d) => `${d.x1 - d.x0}px`)
    .style("height", (d) => `${d.y1 - d.y0}px`);
}

// hasRoom reports whether a tile is wider and higher than so many pixels.
const hasRoom = (d, width, height) => d.x1 - d.x0 > width && d.y1 - d.y0 > height;

// leads reports whether there is anything below a tile.
const leads = (d) => Boolean(d.data.more || d.data.node?.children);

// limited returns node with two levels below it, of each the largest tiles and
// one for the rest. The first skip of node's are passed over.
function limited(node, skip) {
  return level(node, skip, mostTiles, (child) => (child.children ? level(child, 0, mostWithin, leaf) : leaf(child)));
}

const leaf = (node) => ({ name: node.data.name, node, bytes: node.value });

function level(node, skip, most, tile) {
  const children = node.children.slice(skip, skip + most).map(tile);
  const rest = node.children.slice(skip + most);
  if (rest.length) {
    children.push({ name: `${number(rest.length)} more`, more: true, bytes: rest.reduce((sum, c) => sum + c.value, 0) });
  }
  return { name: node.data.name, node, children };
}

const name = (node) =>
  node
    .ancestors()
    .reverse()
    .map((d) => visible(d.data.name))
    .filter((s) => s)
    .join("/") || "all";
