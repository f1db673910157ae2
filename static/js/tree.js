// The list by mouse and keyboard: a click selects, the arrows move, open and close, Enter opens the page.

const rows = () => [...document.querySelectorAll(".table--tree .row")];

// One row can be reached by Tab: the selected one, or else the first.
function settle() {
  const all = rows();
  const current = all.find((row) => row.getAttribute("aria-selected") === "true") ?? all[0];
  for (const row of all) row.tabIndex = row === current ? 0 : -1;
}

function select(row) {
  if (row.getAttribute("aria-selected") !== "true") row.querySelector(".row__select").click();
}

document.addEventListener("click", (event) => {
  const row = event.target.closest(".table--tree .row");
  if (!row || event.target.closest("a, button")) return;
  row.focus();
  select(row);
});

document.addEventListener("keydown", (event) => {
  const row = event.target.closest(".table--tree .row");
  if (!row || event.target !== row || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = rows();
  const index = all.indexOf(row);
  const move = (to) => {
    if (!to) return;
    to.focus();
    select(to);
  };
  const mark = row.querySelector(".row__mark");
  const isOpen = row.getAttribute("aria-expanded") === "true";
  const actions = {
    ArrowDown: () => move(all[index + 1]),
    ArrowUp: () => move(all[index - 1]),
    Home: () => move(all[0]),
    End: () => move(all.at(-1)),
    ArrowRight: () => (mark && !isOpen ? mark.click() : isOpen && move(all[index + 1])),
    ArrowLeft: () => (mark && isOpen ? mark.click() : row.ariaLevel === "2" && move(all[index - 1])),
    Enter: () => row.querySelector(".row__title").click(),
    " ": () => select(row),
  };
  if (!(event.key in actions)) return;
  event.preventDefault();
  actions[event.key]();
});

document.body.addEventListener("htmx:afterSettle", settle);
settle();
