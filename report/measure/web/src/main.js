// The page of a report: reads the data that stand in it and fills its parts.

import { read } from "./data.js";
import { histogram, scatter } from "./charts.js";
import { kindTable, moduleTable, repeatedTable, failedTable } from "./tables.js";
import { treemapOf } from "./treemap.js";
import { summary } from "./summary.js";
import { themeButton } from "./theme.js";

const report = read(document.getElementById("data").textContent);

themeButton(document.getElementById("theme"));
summary(document.getElementById("summary"), report);
const map = treemapOf(document.getElementById("treemap"), report);
scatter(document.getElementById("scatter"), report, map.open);
histogram(document.getElementById("histogram"), report);
moduleTable(document.getElementById("modules"), report, map.open);
repeatedTable(document.getElementById("repeated"), report);
kindTable(document.getElementById("kinds"), report);
failedTable(document.getElementById("failed"), report);
document.documentElement.dataset.ready = "true";
