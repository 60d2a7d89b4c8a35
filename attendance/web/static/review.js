// Reviews by keyboard, and without loading the page anew: every action is the form's own, sent in the background.
import { ask, make } from "./app.js";

const list = document.getElementById("reviews");
const waiting = document.getElementById("waiting");
const keys = document.getElementById("keys");
const keysOn = document.getElementById("keys-on");
const dialog = document.getElementById("who");
const words = document.getElementById("who-words");
const found = document.getElementById("who-found");
const told = document.getElementById("who-told");
const KEYS_OFF = "review-keys-off";
const GOES_ON = "review-goes-on";
const UNDONE = "review-said";

let current = null; // the review that keys act on
let count = Number(waiting.dataset.count);
let typing = null; // ends the search that is under way
const before = new Map(); // by number the review as it was, to bring it back

const open = () => [...list.querySelectorAll(".review:not(.done)")];

function choose(review, focus = true) {
  current?.removeAttribute("aria-current");
  current = review ?? null;
  if (!current) return;
  current.setAttribute("aria-current", "true");
  if (focus) {
    current.focus({ preventScroll: true });
    current.scrollIntoView({ block: "nearest" });
  }
}

// The page anew, with what has come meanwhile; the keys go on where it begins.
function again() {
  sessionStorage.setItem(GOES_ON, "yes");
  location.assign("/review");
}

function move(step) {
  const all = open();
  if (!all.length) return;
  const at = all.indexOf(current);
  if (current && !current.contains(document.activeElement)) {
    choose(current); // it is shown as the one that comes first; the keys begin there
    return;
  }
  choose(all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))]);
}

function say(text) {
  const left = count === 1 ? "1 face waits" : count ? `${count} faces wait` : "Nothing waits";
  waiting.textContent = `${text} ${left}${count ? " for somebody to look" : ""}.`.trim();
}

// What was said on this page and the ones before it, so that U also takes back what is not shown any more.
const said = () => JSON.parse(sessionStorage.getItem(UNDONE) ?? "[]");
const remember = (numbers) => sessionStorage.setItem(UNDONE, JSON.stringify(numbers.slice(-500)));

function done(review, text) {
  const number = review.dataset.number;
  const next = open()[open().indexOf(review) + 1] ?? open()[open().indexOf(review) - 1];
  const back = make("button", { class: "button small", type: "button" }, "Take back");
  back.append(make("span", { class: "only-read" }, ` review ${number}`));
  back.addEventListener("click", () => undo(number));
  const line = make("article", { class: "card review done", id: review.id, "data-number": number },
    make("span", {}, text), back, make("a", { href: `/review/${number}` }, "Look at it"));
  before.set(number, review);
  review.replaceWith(line);
  remember([...said(), number]);
  count -= 1;
  say(text);
  if (next) choose(next);
  else if (count > 0) again();
  else choose(null);
}

async function send(review, path, body) {
  if (!review || review.classList.contains("busy") || review.classList.contains("done")) return;
  review.classList.add("busy");
  try {
    const answer = await ask(path, { method: "POST", body });
    review.classList.remove("busy");
    done(review, answer.told);
  } catch (error) {
    review.classList.remove("busy");
    // Somebody else may have been first: it is told, and the review goes where it belongs when the page is loaded anew.
    review.querySelector(".note")?.remove();
    review.querySelector(".about").append(make("p", { class: "note bad", role: "alert" }, error.message));
  }
}

function settle(review, what) {
  if (!review?.querySelector(`button[name="say"][value="${what}"]`)) return;
  const body = new FormData();
  body.set("say", what);
  send(review, `/review/${review.dataset.number}`, body);
}

async function undo(number) {
  const numbers = said();
  const last = number ?? numbers.at(-1);
  if (last === undefined) return;
  try {
    const answer = await ask(`/review/${last}/undo`, { method: "POST", body: new FormData() });
    remember(numbers.filter((each) => each !== last));
    count += 1;
    const line = document.getElementById(`review-${last}`);
    const review = before.get(last);
    if (!line || !review) {
      again();
      return;
    }
    line.replaceWith(review);
    before.delete(last);
    choose(review);
    say(answer.told);
  } catch (error) {
    remember(numbers.filter((each) => each !== last));
    say(error.message);
  }
}

// Somebody else: found as the name is typed.

function askWho(review) {
  choose(review, false);
  words.value = "";
  found.replaceChildren();
  dialog.showModal();
  words.focus();
  search();
}

async function search() {
  typing?.abort();
  typing = new AbortController();
  try {
    const answer = await ask(`/review/people?q=${encodeURIComponent(words.value)}`, { signal: typing.signal });
    found.replaceChildren(...answer.people.map(choice));
    told.textContent = answer.people.length ? "" : "Nobody of this name or id.";
  } catch (error) {
    if (error.name !== "AbortError") told.textContent = error.message;
  }
}

function choice(person) {
  const button = make("button", { class: "button", type: "button", "data-person": person.number },
    make("span", { class: "name" }, person.name), make("span", { class: "meta" }, person.id));
  button.addEventListener("click", () => give(person.number));
  return make("li", {}, button);
}

function give(person) {
  const review = current;
  dialog.close();
  const body = new FormData();
  body.set("person", person);
  send(review, `/review/${review.dataset.number}/who`, body);
}

words.addEventListener("input", search);
words.addEventListener("keydown", async (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  await search();
  found.querySelector("button")?.click();
});
dialog.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [words, ...found.querySelectorAll("button")];
  all[Math.min(all.length - 1, Math.max(0, all.indexOf(document.activeElement) + step))].focus();
});
dialog.addEventListener("close", () => current?.focus({ preventScroll: true }));

// Keys, which may be switched off: they are single letters.

const acts = {
  j: () => move(1),
  k: () => move(-1),
  s: () => current && askWho(current),
  x: () => settle(current, "stranger"),
  v: () => settle(current, "void"),
  u: () => undo(),
  "?": () => { keys.open = !keys.open; },
};

document.addEventListener("keydown", (event) => {
  if (!keysOn.checked || dialog.open || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const at = event.target;
  if (at.closest("input:not([type=checkbox]), select, textarea")) return;
  const act = acts[event.key.toLowerCase()];
  if (act) {
    event.preventDefault();
    act();
  } else if (current && at === current && event.key === "Enter") {
    event.preventDefault();
    settle(current, "right");
  } else if (current && at === current && event.key === " ") {
    event.preventDefault();
    current.querySelector(".tick input").click();
  }
});

keysOn.checked = localStorage.getItem(KEYS_OFF) === null;
keysOn.addEventListener("change", () => {
  if (keysOn.checked) localStorage.removeItem(KEYS_OFF);
  else localStorage.setItem(KEYS_OFF, "yes");
});

// Clicks.

list.addEventListener("focusin", (event) => {
  const review = event.target.closest(".review:not(.done)");
  if (review && review !== current) choose(review, false);
});
list.addEventListener("submit", (event) => {
  const review = event.target.closest(".review");
  const what = event.submitter?.value;
  if (!review || !what) return;
  event.preventDefault();
  settle(review, what);
});
list.addEventListener("click", (event) => {
  const other = event.target.closest("[data-who]");
  if (!other) return;
  event.preventDefault();
  askWho(other.closest(".review"));
});

// Many at once.

const all = document.getElementById("all");
const ticks = () => [...list.querySelectorAll(".tick input")];
document.getElementById("all-of-them").hidden = false;
function countTicks() {
  const number = ticks().filter((each) => each.checked).length;
  document.getElementById("ticked").textContent = number ? `${number} ticked:` : "Of those that are ticked:";
  all.checked = number > 0 && number === ticks().length;
}
all.addEventListener("change", () => {
  ticks().forEach((each) => { each.checked = all.checked; });
  countTicks();
});
list.addEventListener("change", countTicks);

choose(open()[0], sessionStorage.getItem(GOES_ON) !== null);
sessionStorage.removeItem(GOES_ON);
