// Copy buttons: there only where the browser can copy, and they say that they did.

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    document.getElementById("announcer").textContent = "Copied.";
  });
}
