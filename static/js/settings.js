// Settings pages: what is changed is marked, SAVE and DISCARD appear with the first change, rows grow as they are used.

const form = document.querySelector("[data-settings]");
const TEXTS = "input[type=text], textarea";
let isTaken = false;

// What a control was before the edit: as saved on the server where that is said, else as the page came.
function isChanged(control) {
  if (!control.name || control.matches(":disabled, button, [type=hidden]")) return false;
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
    if (![...last.querySelectorAll(TEXTS)].some((input) => input.value)) continue;
    const total = form.elements[`${entries.dataset.entries}-TOTAL_FORMS`];
    const markup = entries.querySelector("template").innerHTML.replaceAll("__prefix__", total.value);
    entries.querySelector("tbody").insertAdjacentHTML("beforeend", markup);
    total.value = Number(total.value) + 1;
  }
}

// Lines KEY=VALUE as [key, value], read as the server reads them (portal/entry_form.py); none where one cannot be read.
function readLines(text) {
  const found = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let number = 0; number < lines.length; number += 1) {
    const line = lines[number];
    if (!line.trim() || line.trimStart().startsWith("#")) continue;
    const equals = line.indexOf("=");
    const key = line.slice(0, Math.max(equals, 0)).trim().replace(/^export\s+/, "");
    if (!key) return [];
    const more = linesToTheEndOfQuotes(line.slice(equals + 1).trim(), lines.slice(number + 1));
    const value = [line.slice(equals + 1), ...lines.slice(number + 1, number + 1 + more)].join("\n").trim();
    found.push([key, value.replace(/^(["'])((?:(?!\1)[^])*)\1$/, "$2")]);
    number += more;
  }
  return found;
}

function linesToTheEndOfQuotes(value, following) {
  const mark = value[0];
  if (!["\"", "'"].includes(mark) || value.includes(mark, 1)) return 0;
  const place = following.findIndex((line) => line.includes(mark));
  if (place < 0) return 0;
  const line = following[place].trimEnd();
  return line.indexOf(mark) === line.length - 1 ? place + 1 : 0;
}

// Lines pasted into the key of a row become rows; a key that is there gets the new value. Pasted into a value they are
// that value.
function takeApart(event) {
  const entries = event.target.closest("[data-entries=app_settings]");
  const text = event.clipboardData?.getData("text") ?? "";
  if (!entries || !event.target.matches("input[name$='-name']") || !/[\r\n]/.test(text.trim())) return;
  const found = readLines(text);
  if (!found.length) return;
  event.preventDefault();
  for (const [key, value] of found) {
    const fields = (part) => [...entries.querySelectorAll(`tbody [name$="-${part}"]`)];
    const empty = fields("name").findIndex((input) => !input.value);
    const taken = fields("name").findIndex((input) => input.value === key);
    const place = taken >= 0 ? taken : empty;
    fields("name")[place].value = key;
    fields("value")[place].value = value;
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

// The fields of own figures belong to that size alone.
function showOwnSize() {
  const size = form.querySelector("[data-size]");
  const own = form.querySelector("[data-own-size]");
  if (size && own) own.hidden = size.value !== "own";
}

function settle() {
  showOwnSize();
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
    if (event.target === form) (form.querySelector("[aria-invalid]") ?? form.querySelector("#refused"))?.focus();
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
