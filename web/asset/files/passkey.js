// Passkeys: signing in with one, and adding one. The page says everything; this only talks to the browser's own dialog.

const supported = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);

for (const part of document.querySelectorAll("[data-passkey]")) {
  part.querySelector(supported ? "[data-passkey-missing]" : "[data-passkey-ready]")?.setAttribute("hidden", "");
}

async function ask(path, body) {
  const got = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
  });
  const isJSON = got.headers.get("Content-Type")?.startsWith("application/json");
  const answer = isJSON ? await got.json() : {};
  if (!got.ok) throw new Error(answer.problem ?? "");
  return answer;
}

// tell says what went wrong: our own words, or those of the page for what the browser refused.
function tell(part, error) {
  const said = part.querySelector("[data-passkey-said]");
  const words = error instanceof DOMException ? part.dataset[error.name === "InvalidStateError" ? "known" : "cancelled"] : error.message;
  said.textContent = words || part.dataset.failed;
  said.hidden = false;
}

async function signIn(part) {
  const begun = await ask("/sign-in/passkey/begin");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(begun.publicKey);
  const credential = await navigator.credentials.get({ publicKey });
  const { to } = await ask("/sign-in/passkey?next=" + encodeURIComponent(part.dataset.next), credential.toJSON());
  location.assign(to);
}

async function add(part) {
  const form = part.querySelector("form");
  const begun = await ask("/me/passkeys/begin", { present: form.elements.passkey_present?.value ?? "" });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.publicKey);
  const credential = await navigator.credentials.create({ publicKey });
  const { to } = await ask("/me/passkeys", { name: form.elements.passkey_name.value, credential: credential.toJSON() });
  location.assign(to);
}

async function once(part, act) {
  const button = part.querySelector("[data-passkey-button]");
  button.disabled = true;
  try {
    await act(part);
  } catch (error) {
    tell(part, error);
  } finally {
    button.disabled = false;
  }
}

document.querySelector('[data-passkey="sign-in"] [data-passkey-button]')?.addEventListener("click", (e) => {
  once(e.target.closest("[data-passkey]"), signIn);
});
document.querySelector('[data-passkey="add"] form')?.addEventListener("submit", (e) => {
  e.preventDefault();
  once(e.target.closest("[data-passkey]"), add);
});
