// Passkeys on the customers' page. The page says everything; this only talks to the browser's own dialog.

const supported = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);

async function ask(path, body) {
  const got = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
  });
  const isJSON = got.headers.get("Content-Type")?.startsWith("application/json");
  const answer = isJSON ? await got.json() : {};
  if (!got.ok) throw new Error(answer.problem ?? "");
  return answer;
}

async function add() {
  const begun = await ask("/my/passkeys/begin");
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.publicKey);
  const credential = await navigator.credentials.create({ publicKey });
  return ask("/my/passkeys", credential.toJSON());
}

async function use() {
  const begun = await ask("/my/proof/passkey/begin");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(begun.publicKey);
  const credential = await navigator.credentials.get({ publicKey });
  return ask("/my/proof/passkey", credential.toJSON());
}

for (const part of document.querySelectorAll("[data-passkey]")) {
  const button = part.querySelector("[data-passkey-button]");
  if (!supported) continue;
  part.querySelector("[data-passkey-missing]").hidden = true;
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { to } = await (part.dataset.passkey === "add" ? add() : use());
      location.assign(to);
    } catch (error) {
      const words = error instanceof DOMException
        ? part.dataset[error.name === "InvalidStateError" ? "known" : "cancelled"] : error.message;
      part.querySelector("[data-passkey-said]").textContent = words || part.dataset.failed;
      button.disabled = false;
    }
  });
}
