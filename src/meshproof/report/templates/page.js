"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const rows = [...document.querySelectorAll(".control")];
  const groups = [...document.querySelectorAll(".group")];
  const words = new Map();
  document.documentElement.classList.add("scripted");

  const matches = (row, wanted) => {
    if (!wanted.length) return true;
    if (!words.has(row)) words.set(row, row.textContent.toLowerCase());
    return wanted.every((word) => words.get(row).includes(word));
  };

  // The style hides by verdict, system and level; the script adds the text and counts what is left.
  const refresh = () => {
    const wanted = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const group of groups) group.hidden = false;
    for (const row of rows) row.hidden = !matches(row, wanted);
    const shown = rows.filter((row) => row.getClientRects().length > 0);
    const alive = new Set(shown.map((row) => row.parentElement));
    for (const group of groups) group.hidden = !alive.has(group);
    $("shown").textContent = `${shown.length} of ${rows.length} shown`;
    $("nothing").hidden = shown.length > 0;
    return shown;
  };

  const reveal = (id) => {
    const row = rows.find((one) => one.id === id);
    if (!row) return;
    if (!refresh().includes(row)) $("filters").reset();
    refresh();
    row.open = true;
    row.querySelector("summary").focus({ preventScroll: true });
    row.scrollIntoView({ block: "start" });
  };

  $("filters").addEventListener("input", refresh);
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", () => queueMicrotask(refresh));
  $("open-all").addEventListener("click", () => refresh().forEach((row) => { row.open = true; }));
  $("close-all").addEventListener("click", () => rows.forEach((row) => { row.open = false; }));

  document.addEventListener("click", (event) => {
    const control = event.target.closest("[data-control]");
    if (control) reveal(control.dataset.control);
    const system = event.target.closest("a[data-system]");
    if (system) { $("system").value = system.dataset.system; refresh(); }
  });
  window.addEventListener("hashchange", () => reveal(decodeURIComponent(location.hash.slice(1))));
  window.addEventListener("beforeprint", () => {
    for (const row of document.querySelectorAll(".control.is-fail, .control.is-unknown")) row.open = true;
  });

  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const sort = (heading) => {
    const head = heading.parentElement;
    const body = heading.closest("table").tBodies[0];
    const column = [...head.cells].indexOf(heading);
    const numeric = heading.dataset.sort === "number";
    const before = heading.getAttribute("aria-sort");
    const down = before === "none" ? numeric : before === "ascending";
    const order = (a, b) => (numeric ? value(a, column) - value(b, column) : value(a, column).localeCompare(value(b, column)));
    for (const one of head.querySelectorAll("[aria-sort]")) one.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...[...body.rows].sort((a, b) => (down ? order(b, a) : order(a, b))));
  };
  for (const heading of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading));
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
  }

  refresh();
  if (location.hash) reveal(decodeURIComponent(location.hash.slice(1)));
})();
