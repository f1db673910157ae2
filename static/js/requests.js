// What a page sends, and which answers count: a form is sent once at a time, and only the portal's answers become parts
// of a page. Whatever else answers at its address is the router, while the portal's web server is away.

export const PORTAL = "X-Greenroom-Portal"; // portal/middleware.py
const PAUSE_MS = 700; // the second click of a double click comes sooner
const LEADS_MS = 10000; // so long the page may take to come to which an answer leads

const underWay = new Map(); // what is sent → until when it is not sent again

const until = (span) => performance.now() + span;

// A form may be rendered anew between two clicks, so what counts is what would be sent.
function keyOf(form, button) {
  return [form.action, form.id, button?.name, button?.value].join(" ");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.target) return; // one that opens a window may open another
  const key = keyOf(form, event.submitter);
  if (underWay.get(key) > performance.now()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  underWay.set(key, until(PAUSE_MS));
  form.dataset.sending = key;
}, true);

// A script that stopped it sends it later, or never: passkey.js asks for a passkey in between. What htmx sends is under way.
window.addEventListener("submit", (event) => {
  const key = event.target.dataset.sending;
  if (event.defaultPrevented && underWay.get(key) !== Infinity) underWay.delete(key);
});

document.body.addEventListener("htmx:beforeSend", ({ detail: { elt, xhr } }) => {
  const key = elt.dataset.sending;
  if (!key) return;
  underWay.set(key, Infinity);
  xhr.addEventListener("loadend", () => {
    underWay.set(key, until(xhr.getResponseHeader("HX-Redirect") ? LEADS_MS : PAUSE_MS));
  });
});
window.addEventListener("pageshow", (event) => { if (event.persisted) underWay.clear(); });

function element(name, attributes, ...children) {
  const made = document.createElementNS(name === "svg" || name === "use" ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// As templates/frame/_refusal.html writes it.
function say(sentence) {
  const icons = document.querySelector("use").getAttribute("href").replace(/#.*/, "");
  const cross = element("svg", { class: "icon", "aria-hidden": "true" }, element("use", { href: `${icons}#cross` }));
  const close = element("button", { type: "button", class: "action", id: "notification-ok", "data-close": "" },
    element("span", { class: "visually-hidden" }, "Close"), element("span", { class: "disc" }, cross));
  const line = element("div", { class: "notification__line" },
    element("span", { class: "alarm", "aria-hidden": "true" }, "!"),
    element("p", { class: "notification__sentence" }, sentence),
    element("div", { class: "notification__actions" }, close));
  const bar = element("div", { class: "notification notification--failure", "data-sentence": sentence }, line);
  document.getElementById("notification").replaceChildren(bar);
  document.body.dispatchEvent(new Event("bar-changed"));
}

function refuse({ elt, requestConfig: { verb, headers } }) {
  elt.dispatchEvent(new Event("no-answer", { bubbles: true }));
  if (headers["X-Background"]) return; // it is asked for again without anybody's doing
  say(verb === "get"
    ? "The portal did not answer. The page stays as it is: try again in a moment."
    : "The portal did not answer, so it is not known whether this was done. Look at the page in a moment, then try again.");
}

document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.getResponseHeader(PORTAL)) return;
  event.preventDefault();
  refuse(event.detail);
});
document.body.addEventListener("htmx:sendError", (event) => refuse(event.detail));
