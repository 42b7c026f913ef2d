// A line's form: entries move by a handle and by buttons without leaving the page; what is not saved is not lost by accident.
// Their order is that of the page, which is what the form sends. Without this script the buttons ask the server.

const form = document.querySelector("[data-line-form]");
document.documentElement.classList.add("scripted");

let changed = false;
form?.addEventListener("input", () => { changed = true; });
form?.addEventListener("submit", () => { changed = false; });
addEventListener("beforeunload", (e) => { if (changed) e.preventDefault(); });

const state = document.createElement("p");
state.className = "hidden-text";
state.setAttribute("role", "status");
form?.append(state);

// The first cannot go up, and the last not down.
function settle(list) {
  const all = [...list.children];
  all.forEach((entry, i) => {
    entry.querySelector("[data-up]").disabled = i === 0;
    entry.querySelector("[data-down]").disabled = i === all.length - 1;
  });
  changed = true;
}

form?.addEventListener("click", (e) => {
  const button = e.target.closest("[data-up], [data-down]");
  if (!button) return;
  e.preventDefault();
  const entry = button.closest("[data-entry]");
  const up = button.matches("[data-up]");
  const other = up ? entry.previousElementSibling : entry.nextElementSibling;
  if (!other) return;
  if (up) other.before(entry); else other.after(entry);
  settle(entry.parentElement);
  const again = button.disabled ? entry.querySelector(up ? "[data-down]" : "[data-up]") : button;
  again.focus(); // it stays where the person is
  state.textContent = `${entry.querySelector("strong").textContent}: ${[...entry.parentElement.children].indexOf(entry) + 1}`;
});

let dragged = null;
form?.addEventListener("pointerdown", (e) => {
  const grip = e.target.closest("[data-grip]");
  if (!grip) return;
  e.preventDefault();
  dragged = grip.closest("[data-entry]");
  dragged.classList.add("dragged");
  form.setPointerCapture(e.pointerId);
});
form?.addEventListener("pointermove", (e) => {
  if (!dragged) return;
  for (const other of dragged.parentElement.children) {
    if (other === dragged) continue;
    const box = other.getBoundingClientRect();
    if (e.clientY < box.top || e.clientY > box.bottom) continue;
    const after = e.clientY > box.top + box.height / 2;
    if (after && other.nextElementSibling !== dragged) other.after(dragged);
    if (!after && other.previousElementSibling !== dragged) other.before(dragged);
    break;
  }
});
for (const end of ["pointerup", "pointercancel"]) {
  form?.addEventListener(end, () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    settle(dragged.parentElement);
    dragged = null;
  });
}

document.querySelector("[aria-invalid=true]")?.scrollIntoView({ block: "center" });
