// Settings pages: what is changed is marked, SAVE and DISCARD appear with the first change, rows grow as they are used.

const form = document.querySelector("[data-settings]");
let isLeavingOnPurpose = false;

// What a control was before the edit: as saved on the server where that is said, else as the page came.
function isChanged(control) {
  if (!control.name || control.type === "hidden" || control.disabled || control.closest("template")) return false;
  if (control.type === "radio") return control.checked && control.dataset.saved !== "1";
  if (control.type === "checkbox") return control.checked !== control.defaultChecked;
  if (control.type === "range") return false;
  if (control.tagName === "SELECT") return ![...control.options].find((option) => option.defaultSelected)?.selected;
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
  return changed.size > 0;
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
  document.body.addEventListener("htmx:afterSettle", settle);
  // After a change was taken, what the fields hold is what is saved.
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form || !form.hasAttribute("data-reload")) return;
    if (event.detail.xhr.getResponseHeader("HX-Trigger")?.includes("operations-changed")) {
      isLeavingOnPurpose = true;
      window.location.assign(form.action);
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#command-discard, #command-save, #answer-yes")) isLeavingOnPurpose = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (mark() && !isLeavingOnPurpose) event.preventDefault();
  });
  settle();
}
