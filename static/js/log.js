// The log of a slot: the newest line stays in sight unless somebody has scrolled up, and the page does not grow for ever.

const MAX_LINES = 5000;
const NEAR_END = 40;

const box = document.querySelector("[data-log]");
const lines = document.getElementById("log-lines");
let isAtEnd = true;

const toEnd = () => { box.scrollTop = box.scrollHeight; };

box.addEventListener("scroll", () => { isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END; });
lines.addEventListener("htmx:afterSwap", () => {
  while (lines.childElementCount > MAX_LINES) lines.firstElementChild.remove();
  if (isAtEnd) toEnd();
});
toEnd();
