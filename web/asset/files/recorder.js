// Records a prompt with the browser's microphone, as a WAV of 16 bits in the file field of its form: what is sent is what
// would be uploaded. Without a microphone, or its permission, a file is uploaded.

const most = 30; // seconds, as the server has it

/** wav is samples from -1 to 1 as a WAV of 16 bits, mono. */
function wav(chunks, rate) {
  const length = chunks.reduce((n, c) => n + c.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * length));
  const text = (at, s) => [...s].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * length, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * length, true);
  let at = 44;
  for (const chunk of chunks) {
    for (const s of chunk) { view.setInt16(at, Math.max(-1, Math.min(1, s)) * 32767, true); at += 2; }
  }
  return new File([view], "recording.wav", { type: "audio/wav" });
}

async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const context = new AudioContext();
  const source = context.createMediaStreamSource(stream);
  const chunks = [];
  const tap = context.createScriptProcessor(4096, 1, 1);
  tap.onaudioprocess = (e) => chunks.push(e.inputBuffer.getChannelData(0).slice());
  source.connect(tap);
  tap.connect(context.destination); // it is silent: nothing is written to its output
  return async () => {
    source.disconnect();
    stream.getTracks().forEach((t) => t.stop());
    const rate = context.sampleRate;
    await context.close();
    return wav(chunks, rate);
  };
}

for (const form of navigator.mediaDevices ? document.querySelectorAll("[data-recorder]") : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "second";
  button.textContent = form.dataset.start;
  form.querySelector(".field").append(button);
  let stop = null;
  let timer = 0;
  const end = async () => {
    clearTimeout(timer);
    const finish = stop;
    stop = null;
    button.textContent = form.dataset.start;
    if (!finish) return;
    const files = new DataTransfer();
    files.items.add(await finish());
    form.querySelector("input[type=file]").files = files.files;
  };
  button.addEventListener("click", async () => {
    if (stop) { await end(); return; }
    try {
      stop = await record();
      button.textContent = form.dataset.stop;
      timer = setTimeout(end, most * 1000);
    } catch {
      button.textContent = form.dataset.denied;
      button.disabled = true;
    }
  });
}
