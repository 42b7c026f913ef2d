// Keys for what an agent does most. Each can be changed or switched off on the person's page, and is kept in the browser;
// none counts while somebody types, or with Ctrl, Alt or Meta.

const usual = { verify: "v", crm: "o", copy: "c", journey: "j", seen: "m" };
const stored = "countersign keys";

function read() {
  try {
    const own = JSON.parse(localStorage.getItem(stored) ?? "{}");
    return Object.fromEntries(Object.keys(usual).map((action) => [action, typeof own[action] === "string" ? own[action] : usual[action]]));
  } catch {
    return { ...usual };
  }
}

let keys = read();

const typing = (e) => e.target.closest?.("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat || typing(e)) return;
  const action = Object.keys(keys).find((a) => keys[a] !== "" && keys[a] === e.key.toLowerCase());
  const found = action && document.querySelector(`[data-action="${action}"]`);
  if (!found) return;
  e.preventDefault();
  found.click();
});

// The person's page: a field for each action.
const fields = [...document.querySelectorAll("[data-key-of]")];

function show() {
  for (const field of fields) field.value = keys[field.dataset.keyOf];
}

function keep() {
  keys = Object.fromEntries(fields.map((field) => [field.dataset.keyOf, field.value.trim().toLowerCase()]));
  const used = Object.values(keys).filter((key) => key !== "");
  const twice = used.some((key, i) => used.indexOf(key) !== i);
  const said = document.querySelector("[data-keys-said]");
  said.textContent = twice ? said.dataset.twice : said.dataset.kept;
  if (twice) { keys = read(); return; }
  localStorage.setItem(stored, JSON.stringify(keys));
}

if (fields.length > 0) {
  show();
  for (const field of fields) field.addEventListener("change", keep);
  document.querySelector("[data-keys-usual]").addEventListener("click", () => {
    localStorage.removeItem(stored);
    keys = read();
    show();
  });
}
