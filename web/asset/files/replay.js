// Plays the journey of a call in the page, at ×1 or ×10: its events appear when they happened. Nothing moves but the
// list and the clock; with reduced motion the clock steps from event to event.

const box = document.querySelector("[data-replay]");
const still = matchMedia("(prefers-reduced-motion: reduce)");

function start() {
  const events = [...box.querySelectorAll("[data-at]")].map((item) => ({ item, at: Number(item.dataset.at) }));
  const controls = box.querySelector(".replay");
  const button = box.querySelector("[data-play]");
  const place = box.querySelector("progress");
  const now = box.querySelector("[data-now]");
  const length = Number(box.dataset.length);
  let at = 0; // ms of the call
  let shown = events.length;
  let timer = 0;
  let last = 0;

  const speed = () => Number(box.querySelector('input[name="speed"]:checked').value);

  const show = () => {
    const before = shown;
    shown = events.filter((e) => e.at <= at).length;
    events.forEach((e, i) => {
      e.item.classList.toggle("later", i >= shown);
      if (i === shown - 1 && timer) e.item.setAttribute("aria-current", "step");
      else e.item.removeAttribute("aria-current");
    });
    if (shown > before) now.textContent = events[shown - 1].item.textContent.trim();
    if (!still.matches || shown !== before) place.value = at;
  };

  const stop = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = button.dataset.playText;
  };

  const tick = () => {
    const t = performance.now();
    at = Math.min(length, at + (t - last) * speed());
    last = t;
    show();
    if (at >= length) { stop(); show(); }
  };

  button.addEventListener("click", () => {
    if (timer) { stop(); return; }
    if (at >= length || at === 0) { at = 0; shown = 0; }
    last = performance.now();
    timer = setInterval(tick, 100);
    button.textContent = button.dataset.pauseText;
    tick();
  });
  controls.hidden = false;
}

if (box) start();
