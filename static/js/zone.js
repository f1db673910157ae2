// Writes every time of the page in the zone of this browser. Its title says the whole of it, the zone's name and UTC.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const digits = { year: "numeric", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const inWords = new Intl.DateTimeFormat("en-US", { ...digits, weekday: "long", month: "long", timeZoneName: "shortOffset" });
const inNumbers = new Intl.DateTimeFormat("en-US", { month: "2-digit" });

// The letters of Django's date formats that templates use (the filter "moment").
function partsOf(at) {
  const part = Object.fromEntries(inWords.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    l: part.weekday, F: part.month, M: part.month.slice(0, 3), Y: part.year, m: inNumbers.format(at),
    d: part.day, H: part.hour, i: part.minute, s: part.second, offset: part.timeZoneName,
  };
}

function write(element) {
  const at = new Date(element.dateTime);
  const parts = partsOf(at);
  const said = (form) => form.replace(/[lFMYmdHis]/g, (letter) => parts[letter]);
  element.title = `${said("l, F d, Y H:i:s")} in ${zone} (${parts.offset}), ${at.toISOString().slice(11, 19)} UTC`;
  element.textContent = said(element.dataset.form);
  element.removeAttribute("data-form"); // written
}

function writeAll(part) {
  for (const element of part.querySelectorAll("time[data-form]")) write(element);
  for (const element of part.querySelectorAll("[data-zone]")) {
    element.textContent = `Times without a zone are in ${zone}.`;
    element.removeAttribute("data-zone");
  }
}

// The server has written them in UTC and says so.
if (zone && zone !== "UTC") {
  // What is put in later is written before it is painted
  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]);
    for (const node of added) if (node.parentElement) writeAll(node.parentElement);
  }).observe(document.body, { childList: true, subtree: true });
  writeAll(document);
}
