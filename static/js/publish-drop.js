// Publish by dropping a zip, a folder or files: on a form that takes it, or on whatever has data-publish-url (a row, or a
// page of a slot), which asks first. What was dropped waits until the form for it is there.

import { entriesOf, fileOf, isZip, packed } from "./pack.js";

// A page that has a form for it has one that takes what is dropped beside it.
function place(event) {
  const found = event.target.closest?.("[data-publish-url], [data-drop]");
  return found?.querySelector("[data-drop]") ?? found;
}
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
let dropped = null;

function highlight(target) {
  for (const other of document.querySelectorAll(".is-target")) other.classList.remove("is-target");
  target?.classList.add("is-target");
}

// The archive goes into the file field of the form, as if it had been chosen there.
async function take(form, entries) {
  try {
    const file = isZip(entries)
      ? await fileOf(entries[0])
      : await packed(entries, (done, all) => say(form, `Packing file ${done + 1} of ${all} …`));
    const files = new DataTransfer();
    files.items.add(file);
    form.querySelector("input[type=file]").files = files.files;
    check(form);
  } catch (error) {
    say(form, `'${entries[0].name}' could not be packed: ${error.message}. Make a zip of it and choose that.`);
  }
}

// A file beyond the limit is not even sent; the server would refuse it with the same words.
function check(form) {
  const file = form.querySelector("input[type=file]").files[0];
  const isTooLarge = Boolean(file) && file.size > Number(form.dataset.upload);
  const size = file ? `${file.name}, ${Math.max(1, Math.round(file.size / 1024)).toLocaleString("en")} KB` : "";
  say(form, isTooLarge ? `${size}: larger than ${form.dataset.limit}, the limit of this installation. Leave build products out.` : size);
  return !isTooLarge;
}

function say(form, text) {
  form.querySelector("[data-upload-note]").textContent = text;
}

document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  const target = place(event);
  event.dataTransfer.dropEffect = target ? "copy" : "none";
  highlight(target);
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) highlight(null);
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  highlight(null);
  const target = place(event);
  const entries = entriesOf(event.dataTransfer);
  if (!target || !entries.length) return;
  if (target.hasAttribute("data-drop")) {
    take(target, entries);
    return;
  }
  dropped = entries;
  window.htmx.ajax("GET", `${target.dataset.publishUrl}?name=${encodeURIComponent(entries[0].name)}`, { target: "#confirmation" });
});

document.body.addEventListener("htmx:afterSettle", () => {
  const form = document.querySelector("#confirmation [data-upload]");
  if (form && dropped) {
    take(form, dropped);
    dropped = null;
  }
});
document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-upload]");
  if (form && event.target.type === "file") check(form);
});
document.body.addEventListener("htmx:confirm", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (form && !check(form)) event.preventDefault();
});
document.body.addEventListener("htmx:xhr:progress", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form || !event.detail.lengthComputable || !event.detail.total) return;
  const share = Math.round((event.detail.loaded / event.detail.total) * 100);
  const bar = form.querySelector("progress");
  bar.hidden = share === 100;
  bar.value = share;
  say(form, share === 100 ? "Received. The archive is being looked at." : `${share} % sent`);
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form || event.detail.requestConfig.verb !== "post") return;
  form.querySelector("progress").hidden = true;
  if (event.detail.xhr.status < 400) form.reset();
  say(form, "");
});
