// Uses the page as a reader would. On the root element it leaves what was wrong in
// data-test, "passed" for nothing; how many ms the page took to open in
// data-opened; its colour at first in data-background.

const wrong = [];
const check = (what, ok) => ok || wrong.push(what);
const all = (selector) => [...document.querySelectorAll(selector)];
const texts = (selector) => all(selector).map((e) => e.textContent);
const root = document.documentElement;
const background = () => getComputedStyle(document.body).backgroundColor;
const key = (element, name) => element.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));

function drive() {
  check("the page is not ready", root.dataset.ready === "true");

  // Down to a module's types, and up by the keyboard, which reaches every tile.
  check("a tile is no button", all(".tile").every((t) => t.tagName === "BUTTON" && t.tabIndex === 0));
  const tile = (name) => all(".tile").find((t) => t.querySelector(".name").textContent === name);
  check(`folders: ${texts(".tile .name")}`, tile("fs") && tile("net"));
  tile("fs").click();
  check(`path: ${texts(".path button")}`, texts(".path button").join(" ") === "kernel fs");
  check("focus is lost", document.activeElement.classList.contains("tile"));
  const more = all(".tile").find((t) => t.title.startsWith("1,815 more: "));
  check("no more tiles", more);
  more.click();
  check("no next tiles", !tile("m0.ko") && all(".tile").length === 301);
  key(document.querySelector(".tile"), "Escape");
  const detail = all("#treemap .about")[1];
  tile("m0.ko").dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
  check(`detail: ${detail.textContent}`, /^m0\.ko: [1-9]\d* bytes, 0\.0 %$/.test(detail.textContent));
  tile("m0.ko").click();
  check(`types: ${all(".tile").map((t) => t.title)}`, all(".tile").some((t) => t.title.startsWith("STRUCT own: 36 bytes, 0.0 %, in 2,115 modules")));
  check(`kinds: ${texts(".tile .name")}`, tile("header") && tile("FUNC") && tile("other STRUCT"));
  check("a type is no folder", tile("own").getAttribute("aria-disabled") === "true");
  key(document.querySelector(".tile"), "Escape");
  key(document.querySelector(".tile"), "Escape");
  check(`up: ${texts(".path button")}`, texts(".path button").length === 1);
  all(".tile i").find((i) => i.title.startsWith("m0.ko: ")).click(); // a tile in a tile
  check(`two down: ${texts(".path button")}`, texts(".path button").join(" ") === "kernel fs m0.ko");

  // Filter, sort, more rows, and from a row to its tile.
  const rows = () => texts("#modules tbody tr td:first-child");
  check(`${rows().length} rows`, rows().length === 100);
  all("#modules > button")[0].click();
  check(`${rows().length} rows, more asked for`, rows().length === 600);
  const filter = document.querySelector("#modules input");
  filter.value = "NET/M7.";
  filter.dispatchEvent(new Event("input"));
  check(`filtered: ${rows()}`, rows().join() === "kernel/net/m7.ko");
  document.querySelector("#modules tbody button").click();
  check(`opened: ${texts(".path button")}`, texts(".path button").join(" ") === "kernel net m7.ko");
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
  const head = document.querySelector("#modules th button");
  head.click();
  check("sorted up", head.parentElement.getAttribute("aria-sort") === "ascending" && rows()[0] < rows()[1]);
  head.click();
  check("sorted down", head.parentElement.getAttribute("aria-sort") === "descending" && rows()[0] > rows()[1]);

  // Names do nothing.
  check("markup in a name", all("script").length === 3 && !window.hostile && all("main b").length === 0);
  check(`failed: ${texts("#failed td")}`, texts("#failed td")[0] === "<b>bad\\u202e.ko");

  check("points", all("#scatter circle").length === 4230 && all("#histogram rect").length > 0);
  check("repeated types", texts("#repeated td")[1] === "own");
  check("kinds", texts("#kinds td").includes("FUNC_PROTO"));

  const theme = document.getElementById("theme");
  check(`button: ${theme.textContent}`, theme.textContent === (root.dataset.background === "rgb(255, 255, 255)" ? "Dark" : "Light"));
  theme.click();
  check("dark looks as light", background() !== root.dataset.background);
  theme.click();
  check("light again is not light", background() === root.dataset.background);

  check("something was loaded", performance.getEntriesByType("resource").length === 0);
}

root.dataset.opened = Math.round(performance.now());
root.dataset.background = background();
addEventListener("error", (e) => wrong.push(e.message));
try {
  drive();
} catch (e) {
  wrong.push(e.stack);
}
root.dataset.test = wrong.join("; ") || "passed";
