// What the frame does beyond links and forms: where the focus goes, what Esc closes, what is read out.

const confirmation = document.getElementById("confirmation");
const commandBar = () => document.getElementById("command-bar");
const notification = () => document.getElementById("notification");
let asker = "";
let isAsking = false;
let drawerOpener = null;
let areStepsOpen = false;
let isReading = false;
let leaving = null; // the timer of a success, and of which operation it is

const READ_MS = 30000;
const UNDONE_MS = 60000; // where the bar offers to roll back
const LEAST_MS = 5000; // on a page that is opened after that

// Without a page below them (opened by an address of their own) questions and NEW are plain forms and links.
const isPage = Boolean(document.querySelector("[data-confirmation], [data-drawer]"));
if (isPage) {
  for (const form of document.querySelectorAll("[data-confirmation], [data-drawer] form")) form.removeAttribute("hx-post");
}

// What a page asks for by itself does not say that somebody is there, so it does not keep a session alive.
document.body.addEventListener("htmx:configRequest", (event) => {
  const { triggeringEvent: cause, verb, headers } = event.detail;
  if (verb === "get" && (!cause || cause.type === "operations-changed")) headers["X-Background"] = "1";
});

function focus(id) {
  const element = document.getElementById(id);
  if (element) element.focus();
  return Boolean(element);
}

// A confirmation was opened or answered: its question takes the focus, its command gets it back.
function settleConfirmation() {
  const question = confirmation.querySelector("#question");
  commandBar().inert = Boolean(question);
  if (question && !isAsking) {
    isAsking = true;
    question.focus();
    document.querySelector(".row--selected")?.scrollIntoView({ block: "nearest" });
  } else if (!question && isAsking) {
    isAsking = false;
    if (document.activeElement === document.body || !document.activeElement) focus(asker) || focus("command-new");
  }
  const typed = confirmation.querySelector("[data-matches]");
  if (typed) matchName(typed);
}

function answerNo() {
  if (isPage) {
    window.location.assign(document.getElementById("answer-no").href);
    return;
  }
  confirmation.replaceChildren();
  settleConfirmation();
  focus(asker) || focus("command-new");
}

// YES becomes available when the typed name is that of the site; the server looks again.
function matchName(typed) {
  const yes = document.getElementById("answer-yes");
  const matches = typed.value.trim().toLowerCase() === typed.dataset.matches;
  yes.disabled = !matches;
  yes.setAttribute("aria-disabled", String(!matches));
}

function settleDrawer() {
  const drawer = document.querySelector("[data-drawer]");
  for (const part of document.querySelectorAll(".header, .frame__middle, .bars")) part.inert = Boolean(drawer);
  commandBar().inert = Boolean(drawer) || isAsking;
  const fault = drawer?.querySelector(".name-mark__verdict--fault");
  if (fault) announce(fault.textContent);
  if (!drawer) return;
  drawerOpener ||= asker || "command-new";
  if (!drawer.contains(document.activeElement)) (drawer.querySelector("[autofocus]") ?? drawer.querySelector("[data-first], #new-name")).focus();
}

function closeDrawer() {
  if (isPage) {
    window.location.assign(document.getElementById("drawer-close").href);
    return;
  }
  document.getElementById("drawer").replaceChildren();
  settleDrawer();
  const opener = drawerOpener;
  drawerOpener = null;
  focus(opener) || focus("command-new");
}

// The bar is rendered anew every second while something runs: what was opened or folded stays so.
function settleNotification() {
  const bar = notification().querySelector(".notification");
  const steps = notification().querySelector("#notification-steps");
  const details = notification().querySelector("[data-toggle]");
  if (details) {
    details.setAttribute("role", "button");
    details.setAttribute("aria-expanded", String(areStepsOpen));
    details.setAttribute("aria-controls", "notification-steps");
  }
  if (steps) steps.hidden = !areStepsOpen;
  notification().classList.toggle("is-open", Boolean(steps) && areStepsOpen);
  const folded = sessionStorage.getItem("folded");
  const isFolded = Boolean(bar && folded && folded === bar.dataset.operation);
  notification().classList.toggle("is-folded", isFolded);
  document.getElementById("counter")?.setAttribute("aria-expanded", String(!isFolded));
  if (bar) announce(bar.dataset.sentence);
  letLeave(bar);
  if (isReading && !bar && document.activeElement === document.body) focus(asker) || focus("command-new");
  isReading = Boolean(bar);
}

// A success leaves by itself, unless somebody points at it, has the focus in it or looks at its steps; failures stay.
function letLeave(bar) {
  const operation = bar?.matches(".notification--success") ? bar.dataset.operation : "";
  if (leaving?.operation === operation) return;
  clearTimeout(leaving?.timer);
  leaving = null;
  if (!operation) return;
  const wait = bar.querySelector("#notification-rollback") ? UNDONE_MS : READ_MS;
  const left = Math.max(LEAST_MS, seenAt(operation) + wait - Date.now());
  leaving = { operation, timer: setTimeout(() => leave(operation), left) };
}

// When this tab first showed the success, on whichever page.
function seenAt(operation) {
  const [seen, at] = (sessionStorage.getItem("seen") ?? "").split(" ");
  if (seen === operation) return Number(at);
  sessionStorage.setItem("seen", `${operation} ${Date.now()}`);
  return Date.now();
}

async function leave(operation) {
  leaving = null;
  const bar = notification().querySelector(`.notification[data-operation="${operation}"]`);
  const form = bar?.querySelector("form[action$='/dismiss/']");
  if (!form) return;
  if (areStepsOpen || bar.matches(":hover") || bar.contains(document.activeElement) || document.hidden) {
    letLeave(bar);
    return;
  }
  await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Background": "1" } });
  document.body.dispatchEvent(new Event("operations-changed"));
}

function announce(sentence) {
  const announcer = document.getElementById("announcer");
  if (sentence && announcer.textContent !== sentence) announcer.textContent = sentence;
}

function settle() {
  settleConfirmation();
  settleDrawer();
  settleNotification();
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("a, button, summary");
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || target?.closest(".menu__panel")) menu.open = false;
  }
  if (!target) return;
  if (target.dataset.command) asker = target.dataset.command;
  else if (target.id && target.hasAttribute("hx-get")) asker = target.id;
  if (target.matches("[data-no]")) {
    event.preventDefault();
    answerNo();
  } else if (target.matches("[data-close-drawer]")) {
    event.preventDefault();
    closeDrawer();
  } else if (target.matches("[data-details]")) {
    event.preventDefault();
    areStepsOpen = !areStepsOpen;
    settleNotification();
    focus(areStepsOpen ? "notification-back" : "notification-details");
  } else if (target.matches("[data-fold]")) {
    const bar = target.closest(".notification");
    sessionStorage.setItem("folded", bar.dataset.operation);
    settleNotification();
    focus("counter");
  } else if (target.matches("#counter")) {
    const isFolded = notification().classList.contains("is-folded");
    const bar = notification().querySelector(".notification");
    if (isFolded) sessionStorage.removeItem("folded");
    else if (bar) sessionStorage.setItem("folded", bar.dataset.operation);
    settleNotification();
  } else if (target.matches("[data-close]")) {
    event.preventDefault();
    target.closest(".notification").remove();
    focus(asker) || focus("command-new");
    document.body.dispatchEvent(new Event("operations-changed"));
  } else if (target.matches("[aria-disabled='true']")) {
    event.preventDefault();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (document.querySelector("[data-drawer]")) closeDrawer();
  else if (isAsking) answerNo();
});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-matches]")) matchName(event.target);
});

document.body.addEventListener("htmx:afterSettle", settle);
document.body.addEventListener("htmx:oobAfterSwap", settle);
document.body.addEventListener("bar-changed", settle);
settle();
