// The operation logs: a click selects a row, the arrows move, and times may be given in this browser's zone.

const rows = () => [...document.querySelectorAll("[data-row]")];

function select(row) {
  if (row && !row.classList.contains("row--selected")) row.querySelector(".row__select").click();
}

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-row]");
  if (row && !event.target.closest("a, button")) select(row);
});

document.addEventListener("keydown", (event) => {
  const row = event.target.closest("[data-row]");
  if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const next = step && rows()[rows().indexOf(row) + step];
  if (!next) return;
  event.preventDefault();
  const link = event.target.closest("a");
  next.querySelector(link?.matches(".row__title") ? ".row__title" : ".row__select").focus();
  select(next);
});

const zones = document.getElementById("query-zone");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zones && here && here !== "UTC" && ![...zones.options].some((option) => option.text === here)) zones.add(new Option(here));
