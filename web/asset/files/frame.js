// An agent's screen inside another page. The page around it hands over a token, which begins a session that this script
// alone knows: no cookie holds it, and it is in no address. What happens to calls is told to the page around.

import { onChange, refresh, retry, server, start } from "./live.js";

const box = document.querySelector("[data-frame]");
const desk = document.querySelector("[data-desk]");
const origins = box.dataset.origins.split(" ").filter(Boolean);
const askAgain = 10_000;
const renewAt = 0.9; // of a session's life

let session = "";
let person = "";
let peer = ""; // the origin of the page around, once it has shown itself
let timer = 0;

const headers = () => ({
  "Accept-Language": document.documentElement.lang, ...(session && { Authorization: `Bearer ${session}` }),
});

function say(words) {
  box.hidden = !words;
  box.querySelector("span").textContent = words;
}

// post tells the page around, and none but those of the settings.
function post(message) {
  for (const origin of peer ? [peer] : origins) parent.postMessage(message, origin);
}

function ask() {
  post({ countersign: "token" });
  askIn(askAgain);
}

function askIn(pause) {
  clearTimeout(timer);
  timer = setTimeout(ask, pause);
}

async function begin(token) {
  try {
    const answer = await fetch("/embed/session", {
      method: "POST", credentials: "omit", body: JSON.stringify({ token }),
      headers: { "Content-Type": "application/json", ...headers() },
    });
    const got = await answer.json();
    if (!answer.ok) {
      if (!session) say(got.problem);
      return; // and ask again
    }
    if (person && got.person !== person) { location.reload(); return; }
    session = got.session;
    askIn(got.expires_in * 1000 * renewAt);
    say("");
    desk.hidden = false;
    if (!person) {
      server.name = `countersign frame ${got.person}`;
      start();
      person = got.person;
    }
    retry();
    refresh(["*"]);
  } catch { /* the service is away: ask again */ }
}

// over shows nothing more until there is another session.
function over() {
  if (!session) return;
  session = "";
  desk.hidden = true;
  desk.replaceChildren();
  delete desk.dataset.text;
  say(box.dataset.ended);
  askIn(1000); // another machine may not know yet why it ended
}

// Stream is an EventSource that sends the session, which EventSource cannot.
class Stream extends EventTarget {
  readyState = EventSource.CONNECTING;
  #end = new AbortController();

  constructor(path) {
    super();
    this.#run(path);
  }

  close() {
    this.readyState = EventSource.CLOSED;
    this.#end.abort();
  }

  async #run(path) {
    while (this.readyState !== EventSource.CLOSED) {
      try {
        const answer = await server.fetch(path, { signal: this.#end.signal });
        if (answer.status === 401) over();
        if (!answer.ok) this.readyState = EventSource.CLOSED;
        else await this.#read(answer.body);
      } catch { /* cut */ }
      if (this.readyState === EventSource.OPEN) this.readyState = EventSource.CONNECTING;
      this.dispatchEvent(new Event("error"));
      await new Promise((done) => setTimeout(done, 1000));
    }
  }

  async #read(body) {
    this.readyState = EventSource.OPEN;
    this.dispatchEvent(new Event("open"));
    let text = "";
    for await (const part of chunks(body.pipeThrough(new TextDecoderStream()))) {
      const messages = (text + part).split("\n\n");
      text = messages.pop();
      for (const message of messages) {
        const [, type] = /^event: (.*)$/m.exec(message) ?? [];
        const [, data] = /^data: (.*)$/m.exec(message) ?? [];
        if (type) this.dispatchEvent(new MessageEvent(type, { data }));
      }
    }
  }
}

// Not every browser iterates over a stream.
async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}

const told = new Map();

// tell tells the page around what became of calls, from the moment when they ring or are talked on here.
function tell() {
  for (const shown of desk.querySelectorAll("[data-call]")) {
    const { call, state, line, status, customer } = shown.dataset;
    const before = told.get(call);
    if (!status && !before) continue; // it was over before this page was there
    const link = shown.querySelector('a[target="countersign-crm"]')?.getAttribute("href");
    const now = status ? { call, state, line, status } : { ...before, state };
    if (customer) now.customer = customer;
    if (/^https?:/i.test(link)) now.link = link;
    if (JSON.stringify(now) === JSON.stringify(before)) continue;
    told.set(call, now);
    post({ countersign: "call", call: now });
  }
}

async function submit(form) {
  const answer = await server.fetch(new URL(form.action).pathname, {
    method: "POST", body: new URLSearchParams(new FormData(form)),
  });
  if (answer.status === 401) { over(); return; }
  say(answer.ok ? "" : (await answer.json()).problem);
  refresh(["desk"]);
}

if (parent !== window) {
  server.fetch = (path, options) => fetch(`/frame${path}`, {
    ...options, credentials: "omit", headers: { ...options.headers, ...headers() },
  });
  server.stream = () => new Stream("/stream");
  server.refused = over;
  onChange(tell);
  addEventListener("message", (e) => {
    const { countersign, token } = e.data ?? {};
    if (e.source !== parent || !origins.includes(e.origin) || countersign !== "token") return;
    peer = e.origin;
    begin(token);
  });
  document.addEventListener("submit", (e) => {
    e.preventDefault();
    submit(e.target).catch(() => { /* the sign says that the page is behind */ });
  });
  document.querySelector("[data-live-state]").hidden = false;
  say(box.dataset.waiting);
  ask();
}
