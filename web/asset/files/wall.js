// Keeps a screen on a wall fresh. It asks every two seconds and not by a stream: nobody is signed in, and a screen that
// cannot ask must say so.

import { html } from "./live.js";

const box = document.querySelector("[data-wall]");
const every = 2000;
const behindAfter = 6000;
let heard = Date.now();

async function look() {
  try {
    const answer = await fetch(box.dataset.source, { headers: { "X-Part": "1" }, credentials: "same-origin" });
    const paired = answer.status === 200;
    if (!paired && answer.status !== 204) throw new Error(answer.status);
    if (paired !== (box.dataset.wall === "paired")) { location.reload(); return; }
    if (paired) box.querySelector("[data-wall-part]").innerHTML = html(await answer.text());
    heard = Date.now();
  } catch { /* the next look may work */ }
  const behind = Date.now() - heard > behindAfter;
  const sign = box.querySelector("[data-wall-behind]");
  if (sign) {
    sign.hidden = !behind;
    if (behind) sign.textContent = box.dataset.behind.replace("%d", Math.round((Date.now() - heard) / 1000));
  }
  document.querySelector("main").classList.toggle("stale", behind);
  if (box.dataset.until && Date.now() > Date.parse(box.dataset.until)) { location.reload(); return; }
  setTimeout(look, every);
}

if (box) setTimeout(look, every);
