// The wallboard for callers: it is asked anew when the service says that something changed, and says so when it is old.
// Without this script the page is loaded anew by itself.
const main = document.querySelector("main");
const shown = document.querySelector("[data-queues]");
const most = 1000 * Number(main.dataset.maxAge);

const policy = globalThis.trustedTypes?.createPolicy("countersign", { createHTML: (text) => text }) ?? { createHTML: (text) => text };

let asking = false;
let received = performance.now(); // the clock of the visitor may be wrong
const ask = async () => {
  if (asking) return;
  asking = true;
  try {
    const got = await fetch("/waiting?language=" + main.dataset.language, { cache: "no-cache" });
    if (got.ok) {
      const page = new DOMParser().parseFromString(policy.createHTML(await got.text()), "text/html");
      shown.replaceChildren(...page.querySelector("[data-queues]").childNodes);
      received = performance.now();
    }
  } catch { /* the age says so */ } finally { asking = false; }
};

const age = () => {
  for (const queue of shown.querySelectorAll("[data-age]")) {
    if (1000 * Number(queue.dataset.age) + performance.now() - received > most) {
      queue.dataset.oldNow = "";
      queue.querySelector(".wait").textContent = main.dataset.old;
    }
  }
};

let events;
const listen = () => {
  events = new EventSource("/v1/queues/stream");
  events.onmessage = ask;
};

listen();
setInterval(age, 1000);
setInterval(() => { // too many listen, or the service was away: a browser does not try again then
  if (events.readyState !== EventSource.CLOSED) return;
  ask();
  listen();
}, 5000);
