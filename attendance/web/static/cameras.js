// Cameras as they are now: states and figures by events; pictures that are asked for again and again, each after the last.
import { listen } from "./streams.js";

const PICTURE_MS = 400;
const LATER_MS = 3000;
const WORDS = { off: "not watched", opening: "opening", online: "live", stale: "stale", offline: "offline", failed: "failed", ended: "ended", elsewhere: "watched elsewhere" };
const all = document.getElementById("cameras");
const large = all?.hasAttribute("data-large");

const seconds = (value) => (value == null ? "–" : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} s`);
const FIGURES = {
  fps: (told) => `${told.fps.toFixed(1)} /s`,
  lag_s: (told) => seconds(told.lag_s),
  age_s: (told) => (told.age_s == null ? "–" : `${seconds(told.age_s)} ago`),
  judged: (told) => told.judged,
  marked: (told) => told.marked,
  unknown: (told) => told.unknown,
};

function tileOf(number) {
  return document.querySelector(`[data-camera="${number}"]`);
}

function write(place, text) {
  if (place && place.textContent !== String(text)) place.textContent = text;
}

function show(told) {
  const tile = tileOf(told.number);
  if (!tile && large) return;
  if (!tile || tile.dataset.wanted !== (told.wanted ? "1" : "0")) return renew();
  const chip = tile.querySelector("[data-state]");
  write(chip, WORDS[told.state] ?? told.state);
  chip.className = `chip ${told.state}`;
  for (const place of tile.querySelectorAll("[data-figure]")) write(place, FIGURES[place.dataset.figure](told));
  write(tile.querySelector("[data-detail]"), told.said.detail);
  const trouble = tile.querySelector("[data-trouble]");
  trouble.hidden = !told.said.trouble;
  write(trouble, told.said.trouble);
  write(tile.querySelector("[data-since]"), told.said.since);
  decided(tile, told.judged);
}

/** The list of what was decided last, anew whenever there is more. */
function decided(tile, judged) {
  const frame = tile.querySelector("[data-last]");
  if (!frame || frame.dataset.judged === String(judged)) return;
  const first = frame.dataset.judged === undefined;
  frame.dataset.judged = judged;
  if (first) return;
  const request = new XMLHttpRequest();
  request.open("GET", frame.dataset.last);
  request.responseType = "document";
  request.onload = () => {
    const found = request.status === 200 && request.response?.getElementById("last");
    if (found) frame.replaceChildren(document.adoptNode(found));
  };
  request.send();
}

let renewing = false;
/** Cameras were started, stopped, added or taken away: the page is another one. */
function renew() {
  if (renewing) return;
  renewing = true;
  location.reload();
}

/** One picture after another, as long as somebody looks; a service that does not answer is asked again later. */
function refresh(picture) {
  const next = new Image();
  const again = (pause) => setTimeout(() => (document.hidden ? again(pause) : refresh(picture)), pause);
  next.onload = () => { picture.src = next.src; picture.hidden = false; again(PICTURE_MS); };
  next.onerror = () => again(LATER_MS);
  next.src = `${picture.dataset.still}?at=${Date.now()}`;
}

/** A stream that ended begins again; while nobody looks there is none. */
function keep(picture) {
  const begin = () => { picture.src = `${picture.dataset.stream}?at=${Date.now()}`; };
  picture.addEventListener("error", () => setTimeout(() => { if (!document.hidden) begin(); }, LATER_MS));
  document.addEventListener("visibilitychange", () => (document.hidden ? picture.removeAttribute("src") : begin()));
}

if (all) {
  const live = document.querySelector("[data-live]");
  listen("/cameras/events", { camera: show, cameras: large ? () => {} : renew }, (heard) => {
    live.hidden = heard && large;
    live.classList.toggle("on", heard);
    write(live, heard ? "Live" : "Not connected");
  });
  document.querySelectorAll("[data-still]").forEach(refresh);
  document.querySelectorAll("[data-stream]").forEach(keep);
}
