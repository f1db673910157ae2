// Single keys press what can be pressed anyway, where the person wants them.

const KEYS = { n: "command-new", b: "command-browse", s: "command-swap", "/": "search", "?": "help" };

function isTyping(element) {
  return element.matches("input, select, textarea") || element.isContentEditable;
}

document.addEventListener("keydown", (event) => {
  if (!document.body.hasAttribute("data-shortcuts")) return;
  if (event.defaultPrevented || event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
  if (isTyping(event.target)) return;
  const element = document.getElementById(KEYS[event.key.toLowerCase()] ?? "");
  if (!element || element.closest("[inert]")) return;
  event.preventDefault();
  // What is grey shows its reason, a field waits to be typed into
  element.focus();
  if (!element.matches("input, [aria-disabled='true']")) element.click();
});
