// Replays the last hour of the board: a slider over frames of ten seconds, and a button that plays them at ×20. With
// reduced motion the chart stays still and the numbers follow.

const box = document.querySelector("[data-hour]");
const svg = "http://www.w3.org/2000/svg";
const frameEvery = 500; // ms: 10 s at ×20
const oldAfter = 60_000;

function start() {
  const controls = box.querySelector("[data-hour-controls]");
  const slider = box.querySelector("input");
  const button = box.querySelector("[data-play]");
  const time = box.querySelector("[data-hour-time]");
  const numbers = box.querySelector("[data-hour-numbers]");
  const chart = box.querySelector("[data-hour-chart]");
  const source = "/board/hour" + location.search;
  const cells = new Map();
  let hour = null;
  let read = 0;
  let timer = 0;
  let cursor = null;

  const clock = (i) => new Date(Date.parse(hour.from) + i * hour.frame_ms).toLocaleTimeString(document.documentElement.lang);

  async function load() {
    if (hour && Date.now() - read < oldAfter) return true;
    try {
      const answer = await fetch(source, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(answer.status);
      hour = await answer.json();
      read = Date.now();
    } catch { return hour !== null; }
    draw();
    return true;
  }

  // draw stacks the phases: they are how many calls there were.
  function draw() {
    const top = Math.max(1, hour.most);
    const below = new Array(hour.frames).fill(0);
    chart.replaceChildren();
    hour.series.slice(0, 4).forEach((series, n) => {
      const upper = [];
      const lower = [];
      series.all.forEach((v, i) => {
        lower.push(`${i},${100 - (below[i] / top) * 100}`);
        below[i] += v;
        upper.push(`${i},${100 - (below[i] / top) * 100}`);
      });
      const area = document.createElementNS(svg, "polygon");
      area.setAttribute("points", [...upper, ...lower.reverse()].join(" "));
      area.setAttribute("class", `area-${n + 1}`);
      chart.append(area);
    });
    cursor = document.createElementNS(svg, "line");
    cursor.setAttribute("y1", "0");
    cursor.setAttribute("y2", "100");
    cursor.setAttribute("class", "cursor");
    chart.append(cursor);
    numbers.replaceChildren();
    cells.clear();
    for (const series of [...hour.series, ...hour.steps]) {
      const entry = document.createElement("div");
      const name = document.createElement("dt");
      const value = document.createElement("dd");
      name.textContent = series.name;
      entry.append(name, value);
      numbers.append(entry);
      cells.set(series, value);
    }
  }

  function show() {
    const i = Number(slider.value);
    time.textContent = clock(i);
    slider.setAttribute("aria-valuetext", `${clock(i)}: ` +
      hour.series.map((s) => `${s.name} ${s.all[i]}`).join(", "));
    cursor.setAttribute("x1", i);
    cursor.setAttribute("x2", i);
    for (const [series, cell] of cells) cell.textContent = series.all[i];
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    button.textContent = button.dataset.playText;
  }

  slider.addEventListener("input", async () => { if (await load()) show(); });
  button.addEventListener("click", async () => {
    if (timer) { stop(); return; }
    if (!await load()) return;
    if (Number(slider.value) >= Number(slider.max)) slider.value = 0;
    button.textContent = button.dataset.pauseText;
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      show();
      if (Number(slider.value) >= Number(slider.max)) stop();
    }, frameEvery);
    show();
  });
  controls.hidden = false;
  load().then((ok) => { if (ok) show(); });
}

if (box) start();
