// Copy buttons: there only where the browser can copy, and they say that they did.

function reveal() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  document.getElementById("announcer").textContent = "Copied.";
});
document.body.addEventListener("htmx:afterSettle", reveal);
reveal();
