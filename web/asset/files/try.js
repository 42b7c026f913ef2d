// A telephone in the page: it asks for the transcript while the call runs, says what is heard, and its keys, also those of
// the keyboard, are sent without leaving the page. Without this script each key is a form of its own.
import { html } from "./live.js";

const shown = document.querySelector("[data-try]");
const keys = document.querySelector("[data-try-keys]");

if (shown) {
  document.querySelector("[data-try-refresh]").hidden = true;
  const over = () => shown.querySelector("[data-over]")?.dataset.over === "true";
  let before = "";
  const look = async () => {
    try {
      const got = await fetch(shown.dataset.try, { headers: { "X-Part": "1" } });
      if (!got.ok) return;
      const text = await got.text();
      if (text !== before) { before = text; shown.innerHTML = html(text); }
    } catch { /* the next look may work */ }
  };
  const press = async (key) => {
    if (over()) return;
    const form = new URLSearchParams(new FormData(keys));
    form.set("keys", key);
    await fetch(keys.action, { method: "POST", headers: { "X-Part": "1" }, body: form });
    await look();
  };
  keys?.addEventListener("click", (e) => {
    const button = e.target.closest("button[name=keys]");
    if (!button) return;
    e.preventDefault();
    press(button.value);
  });
  addEventListener("keydown", (e) => {
    if (!keys || e.ctrlKey || e.altKey || e.metaKey || !/^[0-9*#]$/.test(e.key) || e.target.closest("input, select, textarea")) return;
    press(e.key);
  });
  const timer = setInterval(async () => {
    await look();
    if (over()) clearInterval(timer);
  }, 500);
}
