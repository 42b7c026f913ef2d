// <countersign-pop>: an agent's calls inside a page of yours, such as your CRM (docs/integrate.md#inside-your-crm).
//
//   <script type="module" src="https://countersign.example.com/embed/pop.js"></script>
//   <countersign-pop token-from="/your-server/countersign-token"></countersign-pop>
//
// Its token comes from your server: token-from (a URL, or tokenFrom, a function), or the property token, which you set
// when the event countersign-token asks for one. Calls come as events countersign-pop.

const patience = 3000; // after the frame has loaded
const again = 20_000; // until a frame that did not load is tried again

const words = {
  en: {
    blocked: "This page (%p) may not show your calls. Either Countersign cannot be reached at %c, or its settings do not name this page: web.embed.origins.",
    policy: "This page (%p) may not show your calls: its own Content-Security-Policy lacks “frame-src %c”.",
  },
  de: {
    blocked: "Diese Seite (%p) darf Ihre Anrufe nicht zeigen. Entweder ist Countersign unter %c nicht erreichbar, oder seine Einstellungen nennen diese Seite nicht: web.embed.origins.",
    policy: "Diese Seite (%p) darf Ihre Anrufe nicht zeigen: In ihrer eigenen Content-Security-Policy fehlt „frame-src %c“.",
  },
};

class CountersignPop extends HTMLElement {
  static observedAttributes = ["token"];

  /** tokenFrom is where tokens come from: a URL of your server, or an async function. */
  tokenFrom = null;

  #frame = null;
  #origin = "";
  #token = "";
  #asked = false; // the frame waits for a token
  #until = null; // ends what listens

  set token(token) { this.#token = String(token); this.#give(); }

  // The token does not stay in the document.
  attributeChangedCallback(_, __, token) {
    if (token === null) return;
    this.removeAttribute("token");
    this.token = token;
  }

  connectedCallback() {
    this.#origin = new URL(this.getAttribute("src") ?? import.meta.url, document.baseURI).origin;
    this.#until = new AbortController();
    const signal = this.#until.signal;
    addEventListener("message", (e) => this.#hear(e), { signal });
    document.addEventListener("securitypolicyviolation", (e) => {
      if (e.effectiveDirective === "frame-src" && e.blockedURI.startsWith(this.#origin)) this.#say("policy");
    }, { signal });
    this.style.display ||= "block";
    this.#open(signal);
  }

  // open opens the frame. Where it may not be, words stand in its place, and it is tried again.
  #open(signal) {
    if (signal.aborted) return;
    const frame = this.#frame = document.createElement("iframe");
    frame.title = "Countersign";
    frame.allow = "autoplay; clipboard-write";
    frame.referrerPolicy = "no-referrer";
    Object.assign(frame.style, { border: "0", width: "100%", height: "100%", minHeight: "28rem" });
    frame.addEventListener("load", () => {
      setTimeout(() => {
        if (signal.aborted || this.#heard || frame !== this.#frame) return;
        this.#say("blocked");
        setTimeout(() => this.#open(signal), again);
      }, patience);
    });
    frame.src = `${this.#origin}/embed/desk?language=${this.#language}`;
    this.replaceChildren(frame);
  }

  disconnectedCallback() {
    this.#until.abort();
    this.#frame = null;
    this.#heard = this.#asked = false;
    this.replaceChildren();
  }

  #heard = false;

  get #language() {
    const lang = this.closest("[lang]")?.lang || navigator.language;
    return lang.toLowerCase().startsWith("de") ? "de" : "en";
  }

  #say(key) {
    const text = document.createElement("p");
    text.setAttribute("role", "alert");
    text.textContent = words[this.#language][key].replace("%p", location.origin).replace("%c", this.#origin);
    this.#frame = null;
    this.replaceChildren(text);
  }

  #hear(e) {
    if (!this.#frame || e.source !== this.#frame.contentWindow || e.origin !== this.#origin) return;
    this.#heard = true;
    switch (e.data?.countersign) {
      case "token":
        this.#asked = true;
        this.#ask();
        break;
      case "call":
        this.dispatchEvent(new CustomEvent("countersign-pop", { detail: e.data.call, bubbles: true, composed: true }));
    }
  }

  async #ask() {
    if (this.#token) { this.#give(); return; }
    const from = this.tokenFrom ?? this.getAttribute("token-from");
    if (!from) {
      this.dispatchEvent(new CustomEvent("countersign-token", { bubbles: true, composed: true }));
      return;
    }
    try {
      this.token = typeof from === "function" ? await from() : await fetched(from);
    } catch (err) {
      console.error("countersign-pop: no token", err); // the frame says so, and asks again
    }
  }

  // give hands the token to the frame, once.
  #give() {
    if (!this.#asked || !this.#token) return;
    this.#frame?.contentWindow.postMessage({ countersign: "token", token: this.#token }, this.#origin);
    this.#asked = false;
    this.#token = "";
  }
}

async function fetched(url) {
  const answer = await fetch(url, { method: "POST" });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return (await answer.json()).token;
}

customElements.define("countersign-pop", CountersignPop);
