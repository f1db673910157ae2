// Keeps an open page true. A stream says that something has changed; then the page is asked for once, and its parts that
// are marked with data-live are replaced together where they differ. Nothing here knows what a part is about.

import { PORTAL } from "./requests.js";

const ASK_ANYWAY_MS = 5000; // while there is no stream
const OPEN_AGAIN_MS = 5000;

// A page that watches nothing is not asked for again: it may make something anew each time, as a secret to scan.
const FRAME = ["navigation", "notification", "counter"];

const { news, frame, watch } = document.body.dataset;
const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
const shown = new Map(); // id of a part → its markup as the server wrote it last
let since = document.body.dataset.asOf;
let stream = null;
const looks = new Set(); // what htmx asks for at a person's wish and has no answer to yet
let isAsking = false;
let looksBegun = 0;
let isDue = false;
let isOver = false;

// Each answer writes the same token in another way, which is no difference.
function markupOf(part) {
  for (const input of part.querySelectorAll("[name=csrfmiddlewaretoken]")) input.setAttribute("value", token);
  return part.outerHTML;
}

// What a person has opened or scrolled in a part stays so.
function keep(part) {
  const open = [...part.querySelectorAll("details[open]")].map((details) => [...part.querySelectorAll("details")].indexOf(details));
  const places = [...part.querySelectorAll(".scroller")].map((box) => [box.scrollLeft, box.scrollTop]);
  return (id) => {
    const fresh = document.getElementById(id);
    if (!fresh) return;
    fresh.querySelectorAll("details").forEach((details, index) => { if (open.includes(index)) details.open = true; });
    fresh.querySelectorAll(".scroller").forEach((box, index) => box.scrollTo(...(places[index] ?? [0, 0])));
  };
}

function replace(part, markup) {
  const restore = keep(part);
  window.htmx.swap(part, markup, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 });
  restore(part.id);
}

function apply(fresh, isThere) {
  if (!isThere) {
    // What the page is about is gone: it says so in place of its content, and nothing moves on
    for (const id of ["content", "command-bar"]) {
      if (fresh.getElementById(id)) replace(document.getElementById(id), fresh.getElementById(id).outerHTML);
    }
    document.title = fresh.title;
    isOver = true;
    return;
  }
  if (fresh.title && watch) document.title = fresh.title;
  const parts = watch ? fresh.querySelectorAll("[data-live]") : FRAME.map((id) => fresh.getElementById(id)).filter(Boolean);
  for (const part of parts) {
    const here = document.getElementById(part.id);
    const markup = markupOf(part);
    // A refusal stands in the bar until it is closed, whatever happens meanwhile
    if (!here || shown.get(part.id) === markup || here.querySelector(".notification:not([data-operation])")) continue;
    shown.set(part.id, markup);
    replace(here, markup);
  }
}

async function ask() {
  const address = window.location.href.replace(/#.*/, "");
  const asked = looksBegun;
  let answer, text;
  try {
    answer = await fetch(watch ? address : frame, { headers: { "X-Background": "1", "HX-Current-URL": address } });
    text = await answer.text();
  } catch {
    return; // the portal does not answer; the stream tells when it does again
  }
  // What a person asked for meanwhile goes first: another row, another order of the list
  while (looks.size) await new Promise((resolve) => { setTimeout(resolve, 20); });
  if (asked !== looksBegun) {
    isDue = true;
    return;
  }
  const isGone = answer.status === 404 && Boolean(watch) && watch !== "*";
  if ((!answer.ok && !isGone) || !answer.headers.get(PORTAL)) return;
  apply(new DOMParser().parseFromString(text, "text/html"), !isGone);
  if (answer.status === 286) isOver = true; // the session has ended, which now stands in the bar
  if (isOver) close();
}

async function refresh() {
  isDue = true;
  if (isAsking || isOver) return;
  isAsking = true;
  while (isDue && !isOver) {
    isDue = false;
    await ask();
  }
  isAsking = false;
}

function concerns({ all, sites, state, list, mine }) {
  return all || mine || list || (watch === "*" ? state : Boolean(sites?.includes(watch)));
}

function close() {
  stream?.close();
  stream = null;
}

function open() {
  close();
  if (isOver || document.hidden) return;
  stream = new EventSource(`${news}?since=${since}`);
  stream.addEventListener("message", (event) => {
    since = event.lastEventId;
    if (concerns(JSON.parse(event.data))) document.body.dispatchEvent(new Event("operations-changed"));
  });
}

if (news) {
  for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, markupOf(part));
  document.body.addEventListener("operations-changed", refresh);
  // Something else was put into a part since
  document.body.addEventListener("bar-changed", () => shown.delete("notification"));
  document.body.addEventListener("htmx:beforeSwap", (event) => shown.delete(event.detail.target.id));
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => shown.delete(event.detail.target.id));
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const { requestConfig, xhr } = event.detail;
    if (requestConfig.verb !== "get") return;
    looksBegun += 1;
    looks.add(xhr);
    xhr.addEventListener("loadend", () => looks.delete(xhr));
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  setInterval(() => {
    if (!document.hidden && !isOver && stream?.readyState !== EventSource.OPEN) refresh();
  }, ASK_ANYWAY_MS);
  setInterval(() => {
    if (stream?.readyState === EventSource.CLOSED) open();
  }, OPEN_AGAIN_MS);
  open();
}
