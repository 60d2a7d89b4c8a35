// A job's page: shows how far it is, and loads the page again when it has ended.
import { ask } from "./app.js";

const number = document.getElementById("job").dataset.number;
const words = document.getElementById("so-far");
const bar = document.querySelector("progress");

async function look() {
  const told = await ask(`/jobs/${number}`).catch(() => null);
  if (told === null) return;
  if (told.state !== "running") location.reload();
  words.textContent = `${told.done}${told.total ? ` of ${told.total}` : ""} done`;
  if (bar && told.total) bar.value = told.done;
}

setInterval(look, 1000);
