// The kiosk: one screen at a time. Nothing opens the camera but the choice of face or QR code.
import { Camera, readsCodes } from "./kiosk-camera.js";
import { Light } from "./kiosk-light.js";
import { Refused, Store, Unreached, send } from "./kiosk-store.js";
import { TurnPrompt } from "./kiosk-turn.js";

const UNDO = 5; // seconds, as the service counts them
const IDLE = { typing: 30, looking: 30, holding: 20, other: 30 };
const QUIET = { unknown: 8, review: 8, refused: 7, wait: 8, noted: 5, already: 4, undone: 2 };
const BEAT = 20; // seconds between two words with the service
const at = (id) => document.getElementById(id);
const kiosk = at("kiosk");
const screens = [...document.querySelectorAll(".screen")];
const camera = new Camera(at("video"));
const light = new Light(document.body, camera);
const turn = new TurnPrompt(say, () => beep(true));
let store = null;
let screen = "ready";
let online = true;
let shown = null;
let idle = 0;
let typed = "";
let wedge = { text: "", at: 0 };
let chosen = null;
let awaited = null;
const results = [];

// Screens

function show(name, focus) {
  screen = name;
  for (const each of screens) each.hidden = each.id !== name;
  kiosk.dataset.screen = name;
  if (name !== "looking") {
    camera.sleep();
    turn.show(null);
    light.end();
  }
  if (name !== "result") clearInterval(shown?.timer);
  stir();
  at(focus ?? { ready: "by-face", typing: "typing-title", holding: "holding-title", other: "other-title", result: "done" }[name] ?? name)?.focus?.({ preventScroll: true });
}

function stir() {
  clearTimeout(idle);
  if (IDLE[screen]) idle = setTimeout(() => show("ready"), IDLE[screen] * 1000);
}

function say(text) {
  at("said").textContent = "";
  requestAnimationFrame(() => (at("said").textContent = text));
}

const ways = {
  ready: () => show("ready"),
  face: () => look(true),
  qr: () => look(false),
  pin() {
    type("");
    show("typing");
  },
  badge: () => show("holding"),
  other: () => show("other"),
};

for (const each of document.querySelectorAll("[data-way]")) {
  each.addEventListener("click", () => {
    chosen = each.dataset.way;
    ways[chosen]();
  });
}

// Face, and QR code before the camera

async function look(faces) {
  draw([]);
  turn.show(null);
  if (!online && (faces || !(await readsCodes()))) return tell({ state: "refused", method: "face", detail: "alone" });
  hint(faces ? "Look into the camera." : "Hold your code into the picture.");
  at("looking-qr").hidden = !faces;
  kiosk.dataset.codes = String(!faces);
  show("looking", "hint");
  try {
    await camera.wake();
    await camera.watch({ faces, heard: (answer) => hear(answer, faces), code: (text) => entered("qr", text) });
  } catch (error) {
    if (screen !== "looking") return;
    failed(error);
  }
}

function failed(error) {
  if (error instanceof Unreached) reached(false);
  const closed = error instanceof DOMException || error instanceof TypeError;
  const detail = closed ? "camera" : error instanceof Unreached ? "alone" : error.id === "kiosk.frame" ? "elsewhere" : error.message;
  tell({ state: "refused", method: "face", detail });
}

function hear({ faces, results: found, light: due }, byFace) {
  reached(true);
  light.show(due);
  draw(faces);
  if (found.length) {
    results.push(...found.slice(1));
    tell(found[0]);
  } else if (byFace) {
    hint(turn.show(faces[0]) ? "" : words(faces[0]));
    if (faces.length) stir();
  }
}

const REASONS = {
  face_too_small: "Come a little closer.",
  blurred: "Hold still for a moment.",
  too_dark: "There is too little light on your face.",
  too_bright: "There is too much light on your face.",
  pose: "Look straight into the camera.",
  edge: "Step into the middle of the picture.",
};

function words(face) {
  if (!face) return "Look into the camera.";
  if (face.state === "unknown") return "We do not know this face. Use PIN, QR or ask at the desk.";
  if (face.state === "review") return unsure(face.reasons);
  const reason = face.reasons.map((each) => REASONS[each]).find(Boolean);
  if (reason) return reason;
  if (face.reasons.length) return "Look straight into the camera, and hold still.";
  return face.votes ? "One moment …" : "Look into the camera.";
}

function unsure(reasons) {
  if (reasons.includes("liveness_attack")) return "We are not sure. Please use PIN, QR or badge, or ask at the desk. A person will look at it.";
  if (reasons.includes("liveness_unsure")) return "Please use PIN, QR code or badge, or ask at the desk.";
  return "We are not sure. Use PIN, QR or ask at the desk.";
}

function hint(text) {
  if (at("hint").textContent !== text) at("hint").textContent = text;
}

function draw(faces) {
  const canvas = at("boxes");
  const { clientWidth: wide, clientHeight: high } = canvas;
  const ratio = devicePixelRatio || 1;
  canvas.width = wide * ratio;
  canvas.height = high * ratio;
  const { videoWidth, videoHeight } = at("video");
  if (!videoWidth || !faces.length) return;
  const fit = getComputedStyle(at("video")).objectFit === "cover" ? Math.max : Math.min;
  const scale = fit(wide / videoWidth, high / videoHeight);
  const [left, top] = [(wide - videoWidth * scale) / 2, (high - videoHeight * scale) / 2];
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  for (const { box, votes, needed, state, prompt } of faces) {
    const [x, y, w, h] = [box[0] * videoWidth, box[1] * videoHeight, box[2] * videoWidth, box[3] * videoHeight].map((each) => each * scale);
    const [cx, cy, r] = [wide - (left + x + w / 2), top + y + h / 2, Math.max(w, h) * 0.62]; // the picture is mirrored
    ring(pen, cx, cy, r, 1, prompt ? "#ffd76a" : "rgb(255 255 255 / .55)");
    if (state === "looking" && votes) ring(pen, cx, cy, r, votes / needed, "#7fe3a1");
  }
}

function ring(pen, x, y, r, share, colour) {
  pen.beginPath();
  pen.arc(x, y, r, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * share);
  pen.lineWidth = Math.max(4, r / 22);
  pen.lineCap = "round";
  pen.strokeStyle = colour;
  pen.stroke();
}

// PIN

function type(text) {
  typed = text.slice(0, 14);
  const seen = typed.slice(0, 4) + "•".repeat(Math.max(0, typed.length - 4));
  at("digits").textContent = seen.replace(/^(.{4})(.)/, "$1 $2") || "····";
  at("digits").classList.toggle("empty", !typed);
  at("typed").textContent = typed ? `${typed.length} digits` : "";
  stir();
}

function press(key) {
  if (key === "back") type(typed.slice(0, -1));
  else if (key !== "go") type(typed + key);
  else if (typed.length >= 5) entered("pin", typed);
  else {
    at("digits").classList.remove("shake");
    void at("digits").offsetWidth;
    at("digits").classList.add("shake");
    at("typed").textContent = "Type your number, and then your PIN of four digits.";
  }
}

for (const each of document.querySelectorAll("[data-key]")) each.addEventListener("click", () => press(each.dataset.key));
addEventListener("paste", (event) => {
  const digits = event.clipboardData?.getData("text").replace(/\D/g, "") ?? "";
  if (screen === "typing" && digits) type(typed + digits);
});

// Keys: digits on the PIN's screen, a badge's reader anywhere else; a reader types fast and ends with Enter.

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.key === "Escape" && screen !== "ready") return show("ready");
  if (screen === "typing") return typingKey(event);
  const now = performance.now();
  if (now - wedge.at > 500) wedge.text = "";
  if (event.key === "Enter") {
    if (wedge.text.length < 4) return;
    event.preventDefault();
    const text = wedge.text;
    wedge = { text: "", at: 0 };
    entered("badge", text);
  } else if (event.key.length === 1 && wedge.text.length < 200) {
    if (event.key === " " && !wedge.text) return;
    if (wedge.text) event.preventDefault();
    wedge = { text: wedge.text + event.key, at: now };
  }
});

function typingKey(event) {
  if (/^[0-9]$/.test(event.key)) press(event.key);
  else if (event.key === "Backspace") press("back");
  else if (event.key === "Enter" && !event.target.closest("button")) press("go");
  else return;
  event.preventDefault();
}

// What was typed, shown or held: kept first, then sent

async function entered(kind, text) {
  camera.sleep();
  if (!store) return tell({ state: "refused", method: kind, detail: "keys" });
  try {
    awaited = await store.keep(kind, text);
  } catch (error) {
    return tell({ state: "refused", method: kind, detail: error instanceof Unreached ? "alone" : "keys" });
  }
  const counter = awaited;
  hint("One moment …");
  const slow = setTimeout(() => waitFor(counter, kind), 4000);
  await flush();
  clearTimeout(slow);
  waitFor(counter, kind);
}

function waitFor(counter, kind) {
  if (awaited !== counter) return;
  awaited = null;
  tell({ state: "noted", method: kind });
}

async function flush() {
  try {
    await store.flush((counter, answer) => {
      if (answer.state === "wait" && counter === awaited) store.drop(counter);
      if (counter !== awaited) return;
      awaited = null;
      tell(answer);
    });
    reached(true);
  } catch (error) {
    if (error instanceof Refused) return unpaired(error);
    reached(false);
  }
  line();
}

// The result

const SIGNS = { present: "✓", already: "✓", noted: "✓", undone: "↶", unknown: "?", review: "?", refused: "!", wait: "…" };
const DETAILS = {
  alone: "The service is not reached. Use PIN or badge: it is kept here, and counts.",
  camera: "The camera does not open. Use PIN or badge, or ask at the desk.",
  keys: "This browser cannot be a kiosk here: it needs https. Ask at the desk.",
  elsewhere: "It was interrupted, or this kiosk was opened in another window, too. Try again.",
};

function told(result) {
  const time = result.at ? ` at ${result.at}` : "";
  const way = { in: "You came in", out: "You left" }[result.direction] ?? "You are present";
  switch (result.state) {
    case "present":
      return [result.name, `${way}${time}`, result.direction === "out" ? "Goodbye!" : "Have a good day!"];
    case "already":
      return [result.name, `Already marked${time}`, "Nothing more to do."];
    case "noted":
      return ["Noted", "It counts as soon as the service is reached.", "You can go on."];
    case "undone":
      return ["Taken back", "You are not marked.", ""];
    case "unknown":
      return ["We do not know this face", "Use PIN, QR or ask at the desk.", ""];
    case "review":
      if (result.detail.includes("liveness")) return ["We are not sure", "Please use PIN, QR or badge, or ask at the desk.", "A person will look at it."];
      return result.detail.includes("void")
        ? ["Not marked", "This mark was taken back before.", "Use PIN, QR code or badge, or ask at the desk."]
        : ["We are not sure", "A person will look at it.", "Use PIN, QR or badge, or ask at the desk."];
    case "wait":
      return ["One moment", result.detail, "Another way in works at once."];
    default:
      return refused(result);
  }
}

function refused({ method, detail }) {
  const known = DETAILS[detail];
  if (known) return ["That did not work", known, ""];
  const title = { pin: "Number and PIN do not match", qr: "We do not know this code", badge: "We do not know this badge" }[method];
  if (!title) return ["That did not work", "Try again, or use PIN, QR code or badge.", ""];
  const why = /alone$|belong here|was set inactive|was closed/.test(detail) ? `${detail[0].toUpperCase()}${detail.slice(1)}.` : "Try again, use another way, or ask at the desk.";
  return [title, why, ""];
}

function tell(result) {
  const [title, state, more] = told(result);
  show("result");
  at("result").dataset.state = result.state;
  at("result").dataset.long = String(title.length > 24);
  at("sign").textContent = SIGNS[result.state] ?? "!";
  at("result-title").textContent = title;
  at("result-state").textContent = state;
  at("result-more").textContent = more;
  say([title, state, more].filter(Boolean).join(". "));
  beep(["present", "already", "noted"].includes(result.state));
  const undo = result.mark && result.undo_s > 0;
  at("undo").hidden = !undo;
  at("done").textContent = results.length ? "Next" : "Done";
  countdown(undo ? Math.min(UNDO, result.undo_s) : (QUIET[result.state] ?? 6), result.mark);
}

function countdown(span, mark) {
  clearInterval(shown?.timer);
  const end = performance.now() + span * 1000;
  const step = () => {
    const left = (end - performance.now()) / 1000;
    at("count").textContent = Math.max(0, Math.ceil(left));
    at("left").style.transform = `scaleX(${Math.max(0, left / span)})`;
    if (left <= 0) next();
  };
  shown = { mark, timer: setInterval(step, 100) };
  step();
}

function next() {
  clearInterval(shown?.timer);
  const more = results.shift();
  if (more) tell(more);
  else show("ready");
}

at("done").addEventListener("click", next);
at("undo").addEventListener("click", async () => {
  clearInterval(shown.timer);
  at("undo").hidden = true;
  try {
    tell(await send("/kiosk/undo", { json: { mark: shown.mark } }));
  } catch {
    at("result-more").textContent = "It could not be taken back. Ask at the desk.";
    say(at("result-more").textContent);
    countdown(6, null);
  }
});

// How things are

function reached(now) {
  if (online !== now) {
    online = now;
    kiosk.dataset.online = String(now);
    line();
  }
}

async function line() {
  const kept = store ? await store.waiting() : 0;
  const waits = kept ? `${kept} kept` : "";
  at("line").textContent = online ? (waits ? `Sending, ${waits}` : "") : `Not connected${waits ? `, ${waits}` : ""}`;
  at("line").classList.toggle("bad", !online);
}

function unpaired(error) {
  at("line").textContent = ["access.signedout", "access.refused", "token.invalid"].includes(error.id)
    ? "This kiosk is not paired any more. Ask an admin."
    : error.message;
  at("line").classList.add("bad");
}

async function beat() {
  try {
    await store.refresh(document.visibilityState === "visible");
    reached(true);
    if (await store.waiting()) await flush();
  } catch (error) {
    if (error instanceof Refused) unpaired(error);
    else reached(false);
  }
}

// The time of the site, as the service told it last, in whatever zone and by whatever clock the device is set.
function clockOf() {
  const how = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  try {
    return new Intl.DateTimeFormat("en-GB", { ...how, timeZone: kiosk.dataset.zone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", how); // a zone that this browser does not know
  }
}

const clock = clockOf();
function tick() {
  at("clock").textContent = clock.format(Date.now() + (store?.ahead ?? 0));
}

// Light, sound, the whole screen

let lock = null;
async function awake() {
  if (document.visibilityState === "visible") lock = await navigator.wakeLock?.request("screen").catch(() => null);
}

let sound = localStorage.getItem("kiosk-sound") === "on";
let tones = null;
function beep(good) {
  if (!sound) return;
  tones ??= new AudioContext();
  const [tone, volume] = [tones.createOscillator(), tones.createGain()];
  tone.frequency.value = good ? 880 : 330;
  volume.gain.setValueAtTime(0.15, tones.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, tones.currentTime + 0.35);
  tone.connect(volume).connect(tones.destination);
  tone.start();
  tone.stop(tones.currentTime + 0.36);
}

function heardAs() {
  at("sound").setAttribute("aria-pressed", String(sound));
}

at("sound").addEventListener("click", () => {
  sound = !sound;
  localStorage.setItem("kiosk-sound", sound ? "on" : "off");
  heardAs();
  beep(true);
});
at("full").hidden = !document.fullscreenEnabled || matchMedia("(display-mode: fullscreen)").matches;
at("full").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
});

async function keepPage() {
  const policy = globalThis.trustedTypes?.createPolicy("kiosk", { createScriptURL: () => "/kiosk/worker.js" });
  const address = policy ? policy.createScriptURL("") : "/kiosk/worker.js";
  await navigator.serviceWorker.register(address, { scope: "/kiosk" });
  const ours = performance.getEntriesByType("resource").map((each) => new URL(each.name));
  const files = ours.filter((each) => each.origin === location.origin && each.pathname.startsWith("/static/"));
  const keep = ["/kiosk", ...files.map((each) => each.pathname + each.search)];
  (await navigator.serviceWorker.ready).active.postMessage({ keep });
}

async function begin() {
  heardAs();
  tick();
  setInterval(tick, 5000);
  awake();
  document.addEventListener("visibilitychange", awake);
  document.addEventListener("pointerdown", stir);
  addEventListener("online", beat);
  addEventListener("offline", () => reached(false));
  try {
    store = await Store.opened();
  } catch {
    at("line").textContent = DETAILS.keys;
    at("line").classList.add("bad");
    return;
  }
  await beat();
  kiosk.dataset.begun = "true";
  setInterval(beat, BEAT * 1000);
  if ("serviceWorker" in navigator) keepPage().catch(() => {});
}

begin();
