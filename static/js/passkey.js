// Passkeys: made on a page of the account, and proven at the sign-in or before a change. The server's forms do the rest.

const canUse = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);

async function optionsOf(form) {
  if (!form.dataset.options) return JSON.parse(document.getElementById("passkey-options").textContent);
  const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("The portal refused. Wait some minutes and try again.");
  return answer.json();
}

async function make(form) {
  const { creation_options: { publicKey } } = await optionsOf(form);
  // A key that is kept on the device and unlocked there signs in alone; one that cannot do that comes after the password
  publicKey.authenticatorSelection = { ...publicKey.authenticatorSelection, residentKey: "preferred", requireResidentKey: false, userVerification: "preferred" };
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
}

async function prove(form) {
  const { request_options: { publicKey } } = await optionsOf(form);
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
}

function say(form, error) {
  const fault = form.querySelector("[role=alert]") ?? document.querySelector(".sheet__fault");
  fault.hidden = false;
  fault.textContent = error.name === "Error" ? error.message : "The browser gave no passkey. Try again.";
}

for (const [form, ask] of [
  ...[...document.querySelectorAll("[data-passkey-new]")].map((form) => [form, make]),
  ...[...document.querySelectorAll("[data-passkey-proof]")].map((form) => [form, prove]),
]) {
  if (!canUse) continue;
  form.hidden = false;
  for (const missing of document.querySelectorAll("[data-passkey-missing]")) missing.hidden = true;
  form.querySelector("[data-first]")?.focus();
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return; // asked already: on its way to the server
    event.preventDefault();
    try {
      form.elements.credential.value = JSON.stringify((await ask(form)).toJSON());
      form.requestSubmit();
    } catch (error) {
      say(form, error);
    }
  });
}
