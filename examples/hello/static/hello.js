"use strict";

// Asks its own address ten times a second and counts what comes back.
const INTERVAL = 100;
const MAX_AT_ONCE = 10;
const SOON = 10000; // a version that comes back sooner than this was not swapped back by a person
const SHOWN = 5;

const at = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const clock = () => new Date().toLocaleTimeString("en-GB");

const counted = { requests: 0, failures: 0, changes: 0, wentBack: 0 };
let current = at("version").textContent;
let currentSince = performance.now();
let previous = null;
let changedAt = "";
let open = 0;

function show() {
  at("requests").textContent = number.format(counted.requests);
  at("failures").textContent = number.format(counted.failures);
  at("changes").textContent = number.format(counted.changes);
}

function tell(text) {
  if (at("verdict").textContent !== text) at("verdict").textContent = text;
}

function verdict() {
  if (counted.wentBack) {
    const times = counted.wentBack === 1 ? "once" : `${counted.wentBack} times`;
    tell(`Last change of version ${changedAt}. The address went back to an older version ${times} within ten seconds.`);
  } else if (previous !== null) {
    tell(`Last change of version ${changedAt}, after which version ${previous} was never seen again.`);
  }
}

function paint(answer) {
  at("version").textContent = answer.version;
  at("colour").textContent = `the ${answer.colour} one`;
  document.body.className = answer.colour;
  document.title = `Version ${answer.version} · hello`;
}

function changed(answer, receivedAt) {
  if (answer.version === previous && receivedAt - currentSince < SOON) counted.wentBack += 1;
  counted.changes += 1;
  previous = current;
  current = answer.version;
  currentSince = receivedAt;
  changedAt = clock();
  paint(answer);
  const line = document.createElement("li");
  line.textContent = `${changedAt}  version ${previous} → version ${current}, after ${number.format(counted.requests)} requests`;
  at("history").prepend(line);
  while (at("history").children.length > SHOWN) at("history").lastChild.remove();
  verdict();
}

async function ask() {
  if (open >= MAX_AT_ONCE) return;
  open += 1;
  const sentAt = performance.now();
  try {
    const response = await fetch("/version", { cache: "no-store" });
    if (!response.ok) throw new Error(String(response.status));
    const answer = await response.json();
    counted.requests += 1;
    // An answer to a question that was asked before the change may still arrive after it
    if (answer.version !== current && sentAt >= currentSince) changed(answer, performance.now());
  } catch {
    counted.requests += 1;
    counted.failures += 1;
  } finally {
    open -= 1;
    show();
  }
}

at("host").textContent = location.host;
at("counters").hidden = false;
show();
setInterval(ask, INTERVAL);
