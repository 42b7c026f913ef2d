// «Is this you calling me?», asked each second. What cannot be asked is not known: an old answer is never left standing.

const part = document.querySelector("[data-calling]");
const policy = globalThis.trustedTypes?.createPolicy("countersign", { createHTML: (html) => html }) ?? { createHTML: (html) => html };
const every = 1000;
const within = 3000;

function lost() {
  const section = part.querySelector("section");
  if (section.dataset.state === "unknown") return;
  section.dataset.state = "unknown";
  const title = document.createElement("h2");
  title.id = "calling-title";
  title.textContent = part.dataset.lost;
  const says = document.createElement("p");
  says.textContent = part.dataset.lostSays;
  section.replaceChildren(title, says);
}

async function ask() {
  const got = await fetch(part.dataset.calling, { signal: AbortSignal.timeout(within), cache: "no-store" });
  if (got.status === 401) { location.reload(); return; }
  if (!got.ok) throw new Error(got.statusText);
  const html = await got.text();
  const next = document.createElement("template");
  next.innerHTML = policy.createHTML(html);
  const section = next.content.querySelector("section");
  const now = part.querySelector("section");
  // Only what changed is told to screen readers, and a button that has the focus keeps it.
  if (section.dataset.state !== now.dataset.state || section.textContent.length !== now.textContent.length) {
    now.replaceWith(section);
  } else {
    now.querySelector("time:last-of-type")?.replaceWith(section.querySelector("time:last-of-type"));
  }
}

if (part) {
  (async () => {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, every));
      try { await ask(); } catch { lost(); }
    }
  })();
}
