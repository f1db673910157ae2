// Counts the seconds of a roll-back window down for the eye; what is possible the server decides when it is asked.

const ends = new WeakMap();

function show(element) {
  const left = Math.max(0, Math.round((ends.get(element) - performance.now()) / 1000));
  element.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  const whole = element.closest(".left");
  if (whole && left === 0) whole.hidden = true;
}

function count() {
  for (const element of document.querySelectorAll("[data-seconds-left]")) {
    if (!ends.has(element)) ends.set(element, performance.now() + Number(element.dataset.secondsLeft) * 1000);
    show(element);
  }
}

document.body.addEventListener("htmx:afterSettle", count);
setInterval(count, 1000);
count();
