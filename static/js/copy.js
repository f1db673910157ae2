// Copy buttons: there only where the browser can copy, and they say that they did.

const SHOWN_MS = 2000;

function reveal() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  document.getElementById("announcer").textContent = "Copied.";
  button.dataset.copied = "";
  setTimeout(() => delete button.dataset.copied, SHOWN_MS);
});
document.body.addEventListener("htmx:afterSettle", reveal);
reveal();
