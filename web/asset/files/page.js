// Small manners of every page: copying, running clocks, and the sign that says how fresh a page is.

const sign = document.querySelector("[data-live-state]");
if (sign && document.querySelector("[data-live]")) sign.hidden = false;

document.addEventListener("click", async (e) => {
  const button = e.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const before = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 1500);
});

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const s = Math.max(0, Math.round((Date.now() - Date.parse(time.dataset.since)) / 1000));
    time.textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  }
}, 1000);
