// Keeps the board fresh: each piece of news asks for it again, and marks by hand need no new page.
import { make } from "./app.js";
import { listen } from "./streams.js";

const frame = document.getElementById("board-frame");
const PAUSE_MS = 400;
const LONGEST_MS = 60_000;
let asking = false;
let again = false;
let timer = 0;
let live = false;

/** The board as the service shows it now, as a document; nothing of it is made from text by this script. */
function asked(path) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("GET", path);
    request.responseType = "document";
    request.onload = () => (request.status === 200 && request.response ? done(request.response) : fail(request.status));
    request.onerror = () => fail(0);
    request.send();
  });
}

function busy() {
  const at = document.activeElement;
  return frame.contains(at) && at.matches("input:not([type=hidden]), textarea, select");
}

/** Where the focus is, in words that find it again in another board. */
function focused() {
  const at = document.activeElement;
  if (!frame.contains(at)) return null;
  if (at.name) return `[name="${CSS.escape(at.name)}"][value="${CSS.escape(at.value)}"]`;
  return at.hasAttribute("data-refresh") ? "[data-refresh]" : at.getAttribute("href") ? `a[href="${CSS.escape(at.getAttribute("href"))}"]` : null;
}

async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const found = (await asked(frame.dataset.board)).getElementById("board");
    if (found && !busy()) {
      const was = focused();
      frame.replaceChildren(document.adoptNode(found));
      if (was) frame.querySelector(was)?.focus({ preventScroll: true });
    }
    tell();
  } catch {
    live = false;
    tell();
  } finally {
    asking = false;
    if (again) { again = false; soon(); }
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, PAUSE_MS);
}

function tell() {
  frame.querySelector("[data-live]")?.classList.toggle("on", live);
}

frame.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.action.endsWith("/today/marks")) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  event.submitter.disabled = true;
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual", credentials: "same-origin" }).catch(() => null);
  if (answer?.type === "opaqueredirect") await refresh();
  else {
    form.append(make("input", { type: "hidden", name: event.submitter.name, value: event.submitter.value }));
    HTMLFormElement.prototype.submit.call(form); // the service says on a page of its own what is wrong
  }
});

frame.addEventListener("click", (event) => {
  if (!event.target.closest("[data-refresh]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  refresh();
});

const NEWS = ["mark.made", "mark.voided", "mark.restored", "review.waiting", "review.settled", "face.unknown", "person.changed", "missed"];
listen("/events", Object.fromEntries(NEWS.map((kind) => [kind, soon])), (heard) => { live = heard; tell(); }, frame.dataset.news);
setInterval(() => { if (!document.hidden) refresh(); }, LONGEST_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
