// The list by mouse and keyboard: a click selects, the arrows move, open and close, Enter opens the page.

const rows = () => [...document.querySelectorAll(".table--tree .row")];

// Tab stops once in each row; the arrows, Enter and Space do what its other links and its mark do.
function settle() {
  for (const row of rows()) {
    row.tabIndex = 0;
    for (const inner of row.querySelectorAll("a, button")) inner.tabIndex = -1;
  }
}

// The row is shown as selected at once; until the answer brings its commands, those of the former cannot be pressed.
let former = null;

function paint(row) {
  former ??= rows().find((other) => other.getAttribute("aria-selected") === "true") ?? null;
  document.getElementById("command-bar").inert = true;
  mark(row);
}

function mark(row) {
  for (const other of rows()) {
    other.setAttribute("aria-selected", String(other === row));
    other.classList.toggle("row--selected", other === row);
  }
}

function select(row) {
  if (row.getAttribute("aria-selected") === "true") return;
  paint(row);
  row.querySelector(".row__select").click();
}

document.addEventListener("click", (event) => {
  const row = event.target.closest(".table--tree .row");
  if (!row) return;
  const inner = event.target.closest("a, button");
  if (inner?.matches(".row__select")) paint(row);
  if (inner) return;
  row.focus();
  select(row);
});

// While nothing has the focus, the arrows begin at the selected row, or at the head of the list.
function rowOf({ target, key }) {
  const isFree = target === document.body || target.id === "content";
  if (!isFree || !["ArrowDown", "ArrowUp"].includes(key)) return target.closest(".table--tree .row");
  return rows().find((row) => row.getAttribute("aria-selected") === "true") ?? document.querySelector(".table--tree");
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const row = rowOf(event);
  if (!row) return;
  // A link or the mark that was clicked has the focus: Enter and Space press that, the arrows move on from its row
  if (event.target !== row && ["Enter", " "].includes(event.key)) return;
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

document.body.addEventListener("htmx:afterSettle", () => {
  former = null;
  settle();
});
for (const failure of ["no-answer", "htmx:responseError"]) {
  document.body.addEventListener(failure, (event) => {
    if (!event.target.matches(".row__select")) return;
    mark(former);
    former = null;
    document.getElementById("command-bar").inert = false;
  });
}
settle();
