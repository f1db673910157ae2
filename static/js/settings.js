// Settings pages: what is changed is marked, SAVE and DISCARD appear with the first change, rows grow as they are used.

const form = document.querySelector("[data-settings]");
let isTaken = false;

// What a control was before the edit: as saved on the server where that is said, else as the page came.
function isChanged(control) {
  if (!control.name || control.type === "hidden" || control.matches(":disabled")) return false;
  if (control.type === "radio") return control.checked && control.dataset.saved !== "1";
  if (control.type === "checkbox") return control.checked !== (control.dataset.saved === "1");
  if (control.type === "range") return false;
  if (control.tagName === "SELECT") return control.selectedOptions[0]?.dataset.saved !== "1";
  return control.value !== (control.dataset.saved ?? control.defaultValue);
}

function mark() {
  const changed = new Set([...form.elements].filter(isChanged));
  for (const setting of form.querySelectorAll("[data-setting]")) {
    setting.classList.toggle("setting--changed", [...changed].some((control) => setting.contains(control)));
  }
  for (const entry of form.querySelectorAll("[data-entry]")) {
    entry.classList.toggle("entry--changed", [...changed].some((control) => entry.contains(control)));
  }
  for (const key of ["save", "discard"]) {
    const item = document.getElementById(`command-${key}`)?.closest("li");
    if (item) item.hidden = changed.size === 0;
  }
  form.toggleAttribute("data-unsaved", changed.size > 0 && !isTaken); // by which leaving.js asks
}

function grow() {
  for (const entries of form.querySelectorAll("[data-entries]")) {
    const rows = entries.querySelectorAll("tbody > tr");
    const last = rows[rows.length - 1];
    if (![...last.querySelectorAll("input[type=text]")].some((input) => input.value)) continue;
    const total = form.elements[`${entries.dataset.entries}-TOTAL_FORMS`];
    const markup = entries.querySelector("template").innerHTML.replaceAll("__prefix__", total.value);
    entries.querySelector("tbody").insertAdjacentHTML("beforeend", markup);
    total.value = Number(total.value) + 1;
  }
}

// Lines KEY=VALUE pasted into a row become rows, read as the server reads many lines; a key that is there gets the
// new value.
function takeApart(event) {
  const entries = event.target.closest("[data-entries=app_settings]");
  const text = event.clipboardData?.getData("text") ?? "";
  const lines = text.split(/\r?\n/).filter((line) => line.trim() && !line.trim().startsWith("#"));
  if (!entries || lines.length < 2 || !lines.every((line) => line.includes("="))) return;
  event.preventDefault();
  for (const line of lines) {
    const key = line.slice(0, line.indexOf("=")).trim().replace(/^export\s+/, "");
    const fields = (part) => [...entries.querySelectorAll(`tbody input[name$="-${part}"]`)];
    const empty = fields("name").findIndex((input) => !input.value);
    const taken = fields("name").findIndex((input) => input.value === key);
    const place = taken >= 0 ? taken : empty;
    fields("name")[place].value = key;
    fields("value")[place].value = line.slice(line.indexOf("=") + 1).trim().replace(/^(["'])((?:(?!\1).)*)\1$/, "$2");
    grow();
  }
  settle();
}

function slide() {
  for (const range of form.querySelectorAll("[data-slider]")) {
    const number = document.getElementById(range.dataset.slider);
    const most = form.querySelector("input[name=mode]:checked")?.dataset.most ?? range.max;
    range.hidden = false;
    range.max = number.max = most;
    if (Number(number.value) > Number(most)) number.value = most;
    range.value = number.value;
    const share = most > 1 ? ((range.value - 1) / (most - 1)) * 100 : 100;
    range.style.setProperty("--share", `${share}%`);
    for (const shown of form.querySelectorAll("[data-most-shown]")) shown.textContent = most;
  }
}

function settle() {
  slide();
  grow();
  mark();
}

if (form) {
  form.addEventListener("input", (event) => {
    const slider = event.target.dataset.slider;
    if (slider) document.getElementById(slider).value = event.target.value;
    settle();
  });
  form.addEventListener("paste", takeApart);
  document.body.addEventListener("htmx:afterSettle", (event) => {
    settle();
    if (event.target === form) form.querySelector("#refused")?.focus();
  });
  // After a change was taken, what the fields hold is what is saved.
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form || !form.hasAttribute("data-reload")) return;
    if (event.detail.xhr.getResponseHeader("HX-Trigger")?.includes("operations-changed")) {
      isTaken = true;
      mark();
      window.location.assign(form.action);
    }
  });
  settle();
}
