"use strict";

// The table of trials: rows are made for one page of it at a time, so that many trials cost little.
const PAGE = 50;
const LONG = 40;
const { columns, rows } = JSON.parse(document.getElementById("data").textContent);
const table = document.getElementById("table");
const filter = document.getElementById("filter");
const state = document.getElementById("state");
const view = { first: 0, column: null, descending: false, rows };

const text = (value) => value === null ? "" : String(value);

// A number with four digits, small ones as 2.5e-5.
function short(value) {
  if (typeof value !== "number" || Number.isInteger(value)) return text(value);
  const rounded = Number(value.toPrecision(4));
  return Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded);
}

const tests = {
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
  "=": (a, b) => a === b,
};

// Whether a row fits one word of the filter: `column>number`, or text that some cell holds.
function fits(word) {
  const found = /^(.+?)(>=|<=|>|<|=)(.+)$/.exec(word);
  const column = found ? columns.indexOf(found[1]) : -1;
  if (column < 0) {
    const wanted = word.toLowerCase();
    return (row) => row.some((value) => text(value).toLowerCase().includes(wanted));
  }
  const [, , sign, wanted] = found;
  return (row) => {
    const value = row[column];
    if (value === null) return false;
    return typeof value === "number"
      ? tests[sign](value, Number(wanted))
      : tests[sign](text(value), wanted);
  };
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return text(a).localeCompare(text(b), "en", { numeric: true });
}

// What is unknown stands last, whichever way the others are sorted.
function sorted(chosen) {
  const { column, descending } = view;
  if (column === null) return chosen;
  const sign = descending ? -1 : 1;
  return [...chosen].sort((one, other) => {
    const [a, b] = [one[column], other[column]];
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * compare(a, b);
  });
}

function cell(value) {
  const made = document.createElement("td");
  if (typeof value === "number") {
    made.className = "number";
    made.title = text(value);
  }
  if (text(value).length <= LONG) {
    made.textContent = short(value);
    return made;
  }
  const inside = document.createElement("div");
  inside.textContent = text(value);
  inside.addEventListener("click", () => inside.classList.toggle("whole"));
  made.className = "long";
  made.append(inside);
  return made;
}

function show() {
  const page = view.rows.slice(view.first, view.first + PAGE);
  table.tBodies[0].replaceChildren(...page.map((row) => {
    const line = document.createElement("tr");
    line.append(...row.map((value) => cell(value)));
    line.className = row[columns.indexOf("state")];
    return line;
  }));
  const last = Math.min(view.first + PAGE, view.rows.length);
  const range = last ? `${view.first + 1}–${last} of ` : "";
  const all = view.rows.length < rows.length ? ` (${rows.length.toLocaleString("en")} in all)` : "";
  document.getElementById("count").textContent = `${range}${view.rows.length.toLocaleString("en")} ${view.rows.length === 1 ? "trial" : "trials"}${all}`;
  document.getElementById("before").disabled = view.first === 0;
  document.getElementById("after").disabled = last === view.rows.length;
}

function choose() {
  const words = filter.value.split(/\s+/).filter(Boolean).map(fits);
  if (state.value) words.push((row) => row[columns.indexOf("state")] === state.value);
  view.rows = sorted(rows.filter((row) => words.every((fit) => fit(row))));
  view.first = 0;
  show();
}

function turn(pages) {
  view.first += pages * PAGE;
  show();
}

function sort(column, header) {
  view.descending = view.column === column ? !view.descending : /^value( |$)/.test(columns[column]);
  view.column = column;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", view.descending ? "descending" : "ascending");
  choose();
}

function headings() {
  return columns.map((name, column) => {
    const header = document.createElement("th");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => sort(column, header));
    header.scope = "col";
    header.classList.toggle("number", rows.every((row) => row[column] === null || typeof row[column] === "number"));
    header.classList.toggle("long", name.length > LONG);
    header.append(button);
    return header;
  });
}

const line = document.createElement("tr");
line.append(...headings());
table.tHead.append(line);
for (const name of new Set(rows.map((row) => row[columns.indexOf("state")]))) {
  state.append(new Option(name, name));
}
filter.addEventListener("input", choose);
state.addEventListener("change", choose);
document.getElementById("before").addEventListener("click", () => turn(-1));
document.getElementById("after").addEventListener("click", () => turn(1));
document.querySelector(".controls").addEventListener("submit", (event) => event.preventDefault());
document.querySelector(".controls").hidden = false;
window.addEventListener("beforeprint", () => {
  for (const hidden of document.querySelectorAll(".best details")) hidden.open = true;
});
show();
