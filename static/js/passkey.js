// Passkeys: add one on the account page, prove one at the sign-in. Without this script a code is typed.

const canUse = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);
const token = (part) => (part.querySelector("[name=csrfmiddlewaretoken]") ?? document.querySelector("[name=csrfmiddlewaretoken]")).value;

async function send(part, address, body) {
  const headers = { "X-CSRFToken": token(part) };
  if (typeof body === "string") headers["Content-Type"] = "application/json";
  const answer = await fetch(address, { method: "POST", headers, body });
  const isReadable = answer.headers.get("Content-Type")?.includes("json");
  const told = isReadable ? await answer.json() : { sentence: "The portal refused. Wait some minutes and try again." };
  if (!answer.ok || !isReadable) throw new Error(told.sentence);
  return told;
}

function say(part, error) {
  const fault = part.querySelector("[role=alert]");
  fault.hidden = false;
  fault.textContent = error.name === "Error" ? error.message : "The browser ended it without a passkey. Try again.";
}

async function add(form) {
  const options = await send(form, form.dataset.options, new FormData(form));
  const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
  const body = JSON.stringify({ name: form.elements.name.value, credential: credential.toJSON() });
  const { next } = await send(form, form.dataset.answer, body);
  form.reset(); // nothing is left to ask about
  window.location.assign(next);
}

async function prove(part) {
  const options = await send(part, part.dataset.options, new FormData());
  const credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  window.location.assign((await send(part, part.dataset.answer, JSON.stringify(credential.toJSON()))).next);
}

const form = document.querySelector("[data-passkey-new]");
if (form && canUse) {
  form.hidden = false;
  document.querySelector("[data-passkey-missing]").hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(form).catch((error) => say(form, error));
  });
}

const proof = document.querySelector("[data-passkey-proof]");
if (proof && canUse) {
  const button = proof.querySelector("button");
  button.hidden = false;
  button.addEventListener("click", () => prove(proof).catch((error) => say(proof, error)));
}
