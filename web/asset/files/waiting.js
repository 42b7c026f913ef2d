// The wallboard for callers: it is asked anew when the service says that something changed, and says so when it is old.
// Without this script the page is loaded anew by itself.
const main = document.querySelector("main");
const shown = document.querySelector("[data-queues]");
const most = 1000 * Number(main.dataset.maxAge);

const policy = globalThis.trustedTypes?.createPolicy("countersign", { createHTML: (text) => text }) ?? { createHTML: (text) => text };

let asking = false;
const ask = async () => {
  if (asking) return;
  asking = true;
  try {
    const got = await fetch("/waiting?language=" + main.dataset.language);
    if (got.ok) {
      const page = new DOMParser().parseFromString(policy.createHTML(await got.text()), "text/html");
      shown.replaceChildren(...page.querySelector("[data-queues]").childNodes);
    }
  } catch { /* the age says so */ } finally { asking = false; }
};

const age = () => {
  for (const queue of shown.querySelectorAll("[data-at]")) {
    if (Date.now() - Date.parse(queue.dataset.at) > most) {
      queue.dataset.oldNow = "";
      queue.querySelector(".wait").textContent = main.dataset.old;
    }
  }
};

const listen = () => {
  const events = new EventSource("/v1/queues/stream");
  events.onmessage = ask;
};

listen();
setInterval(age, 1000);
