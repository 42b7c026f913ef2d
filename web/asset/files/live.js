// Keeps the parts of a page with data-live fresh. A browser has one stream, however many tabs: HTTP/1.1 allows six
// connections to a host, and the next tab would hang. The tab that holds the lock reads it and tells the others.
// A message only says that something changed; each part is fetched again, so that nothing is missed after a sleep or a
// cut, and nothing comes twice.

/** server is how a page asks it: with the cookie of its session. A frame in another page has none (frame.js). */
export const server = {
  name: "countersign stream", // of what its tabs share
  fetch: (path, options) => fetch(path, { ...options, credentials: "same-origin" }),
  stream: () => new EventSource("/stream"),
  refused: () => location.reload(), // the page says why
};
const policy = globalThis.trustedTypes?.createPolicy("countersign", { createHTML: (html) => html });
const staleAfter = 20_000; // the server says something every 10 s

const listeners = new Set();
let channel;
let heard = Date.now();
let state = "opening";
let leading = false; // this tab reads the stream, which is open

/** onChange calls f with the topic after each change of a part, with the part. */
export function onChange(f) { listeners.add(f); }

/** html is text of our own server, as an element's content. */
export const html = (text) => policy ? policy.createHTML(text) : text;

function lead() {
  return new Promise((_, reject) => {
    const source = server.stream();
    const tell = (message) => { channel.postMessage(message); take(message); };
    source.addEventListener("change", (e) => tell({ topics: e.data.split(" ") }));
    source.addEventListener("alive", () => tell({ alive: true }));
    source.addEventListener("open", () => { leading = true; tell({ topics: ["*"] }); });
    source.addEventListener("error", () => {
      leading = false;
      tell({ cut: true });
      if (source.readyState === EventSource.CLOSED) { // the server refused: signed out, or restarting
        source.close();
        reject(new Error("refused"));
      }
    });
  });
}

let wake = () => {};

/** retry makes a page that was refused ask at once. */
export const retry = () => wake();

async function elect() {
  let alone = !navigator.locks; // browsers have locks with TLS only, and not where they keep nothing
  for (let pause = 1000; ; pause = Math.min(pause * 2, 15_000)) {
    try {
      await (alone ? lead() : navigator.locks.request(server.name, lead));
    } catch (err) { // the lock is free again: whoever gets it tries
      if (!alone && err.name === "SecurityError") { alone = true; continue; }
    }
    await new Promise((done) => { wake = done; setTimeout(done, pause * (0.5 + Math.random())); });
  }
}

function take(message) {
  if (message.cut) { show("behind"); return; }
  const slept = Date.now() - heard > staleAfter;
  heard = Date.now();
  show("current");
  if (slept) refresh(["*"]);
  else if (message.topics) refresh(message.topics);
}

function show(next) {
  state = next;
  document.querySelector("main")?.classList.toggle("stale", next === "behind");
  const sign = document.querySelector("[data-live-state]");
  if (!sign) return;
  const seconds = Math.round((Date.now() - heard) / 1000);
  sign.dataset.state = next;
  const words = next === "behind" ? sign.dataset.behind.replace("%d", seconds) : sign.dataset.current;
  if (sign.textContent !== words) sign.textContent = words;
}

const running = new Map();
const retries = new Map();

/** refresh updates the parts of the topics; "*" stands for all. */
export function refresh(topics) {
  for (const part of document.querySelectorAll("[data-live]")) {
    if (topics.includes("*") || topics.includes(part.dataset.live)) update(part);
  }
}

/** update fetches a part again; changes that come meanwhile cause one more fetch. */
export async function update(part) {
  if (running.has(part)) { running.set(part, true); return; }
  running.set(part, false);
  clearTimeout(retries.get(part));
  try {
    const answer = await server.fetch(part.dataset.source, { headers: { "X-Part": "1" } });
    if ([401, 403, 404].includes(answer.status)) { server.refused(); return; }
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text();
    if (part.dataset.text !== text) {
      replace(part, text);
      part.dataset.text = text;
      for (const f of listeners) f(part);
    }
  } catch {
    retries.set(part, setTimeout(() => update(part), 2000));
  } finally {
    const again = running.get(part);
    running.delete(part);
    if (again) update(part);
  }
}

// replace keeps the focus, and open details, where they are.
function replace(part, text) {
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...part.querySelectorAll("details[open][id]")].map((d) => d.id);
  part.innerHTML = html(text);
  for (const id of open) part.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** start keeps the page fresh from now on. */
export function start() {
  try {
    channel = new BroadcastChannel(server.name);
  } catch { // a browser that keeps nothing for a frame in another page: it has a stream of its own
    channel = { postMessage() {} };
  }
  channel.onmessage = (e) => {
    if (!e.data.hello) take(e.data);
    else if (leading) channel.postMessage({ alive: true });
  };
  channel.postMessage({ hello: true });
  elect();
  setInterval(() => { if (Date.now() - heard > staleAfter) show("behind"); }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - heard > staleAfter) refresh(["*"]);
  });
}

if (document.querySelector("[data-live]") && !document.querySelector("[data-frame]")) start();
