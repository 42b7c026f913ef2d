// Tells an agent of a new call: a toast in the page, the title, a sound if wanted, and the system's notification if
// allowed, but for agents who are not to be disturbed. The focus stays where it is. Each offer is told of once, in whichever tab sees it first.

import { onChange } from "./live.js";

const desk = document.querySelector("[data-desk]");
const title = document.title;
const settings = {
  get sound() { return kept("sound") !== "off"; },
  get undisturbed() { return kept("undisturbed") === "on"; },
};
const told = "countersign told";
const toasted = new Set();

// A browser that keeps nothing for a frame in another page has it until the page ends.
const unkept = {};

function kept(name) {
  try { return localStorage.getItem(name); } catch { return unkept[name]; }
}

function keep(name, value) {
  try { localStorage.setItem(name, value); } catch { unkept[name] = value; }
}

function tone() {
  if (!settings.sound) return;
  try {
    const audio = new AudioContext();
    const gain = audio.createGain();
    gain.gain.value = 0.08;
    gain.connect(audio.destination);
    const note = audio.createOscillator();
    note.frequency.value = 660;
    note.connect(gain);
    note.start();
    note.stop(audio.currentTime + 0.25);
    note.onended = () => audio.close();
  } catch { /* the browser allows no sound before the first click */ }
}

// first says whether no tab has told of the offer.
function first(offer) {
  const before = (kept(told) ?? "").split(" ");
  if (before.includes(offer)) return false;
  keep(told, [offer, ...before].slice(0, 50).join(" "));
  return true;
}

function toast(call) {
  const box = document.createElement("div");
  box.className = `toast ${call.dataset.status ?? ""}`;
  const strong = document.createElement("strong");
  strong.textContent = call.dataset.toast ?? desk.dataset.toast;
  box.append(strong, document.createElement("br"), call.dataset.words);
  document.querySelector("[data-toasts]").append(box);
  setTimeout(() => box.remove(), 12_000);
}

function look() {
  const ringing = [...desk.querySelectorAll('[data-state="ringing"], [data-state="due"]')];
  document.title = ringing.length ? `(${ringing.length}) ${title}` : title;
  for (const call of ringing) {
    if (toasted.has(call.dataset.offer)) continue;
    toasted.add(call.dataset.offer);
    toast(call);
    if (settings.undisturbed || !first(call.dataset.offer)) continue;
    tone();
    if (document.hidden && globalThis.Notification?.permission === "granted") {
      new Notification(call.dataset.toast ?? desk.dataset.toast, { body: call.dataset.words, tag: call.dataset.offer });
    }
  }
}

if (desk) {
  onChange(look);
  look();
}

const test = document.querySelector("[data-notify-test]");
test?.addEventListener("click", async () => {
  const result = document.querySelector("[data-notify-result]");
  if (!("Notification" in globalThis)) { result.textContent = test.dataset.missing; return; }
  const answer = await Notification.requestPermission();
  if (answer === "granted") new Notification("Countersign");
  result.textContent = { granted: test.dataset.sent, denied: test.dataset.denied, default: test.dataset.dismissed }[answer];
});

const sound = document.querySelector("[data-sound]");
if (sound) {
  sound.checked = settings.sound;
  sound.addEventListener("change", () => keep("sound", sound.checked ? "on" : "off"));
}

const undisturbed = document.querySelector("[data-undisturbed]");
if (undisturbed) {
  undisturbed.checked = settings.undisturbed;
  undisturbed.addEventListener("change", () => keep("undisturbed", undisturbed.checked ? "on" : "off"));
}
