// Leaving a page asks first while a form that is marked for it holds what was typed and not sent.

let isOnPurpose = false;
let sent = null;

// A password typed to confirm something is no work, and browsers fill it in by themselves.
function isTyped(control) {
  const isNoField = control.matches("button, [type=submit], [type=hidden], :disabled, [autocomplete='current-password']");
  if (!control.name || isNoField) return false;
  if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
  if (control.tagName !== "SELECT") return control.value !== control.defaultValue;
  const first = [...control.options].findIndex((option) => option.defaultSelected);
  return control.selectedIndex !== Math.max(first, 0);
}

function isUnsaved(form) {
  if (form === sent) return false;
  return form.hasAttribute("data-unsaved") || (form.matches("[data-editing]") && [...form.elements].some(isTyped));
}

document.addEventListener("click", (event) => {
  sent = null;
  isOnPurpose = Boolean(event.target.closest("#command-discard, #answer-yes, [data-discards]"));
});

// A form that the browser sends is on its way; one that htmx sends may be refused and then still stands here.
document.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("hx-post")) sent = event.target;
});
document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  const isPost = event.detail.requestConfig.verb === "post";
  if (isPost && event.detail.xhr.getResponseHeader("HX-Redirect")) sent = event.detail.elt;
});

window.addEventListener("beforeunload", (event) => {
  if (!isOnPurpose && [...document.forms].some(isUnsaved)) event.preventDefault();
});
