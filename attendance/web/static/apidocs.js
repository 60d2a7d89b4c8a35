// The page of the API: a search among the operations, and a link to one opens it.
const field = document.querySelector("#api-search");
const found = document.querySelector("#api-found");
const operations = [...document.querySelectorAll(".operation")];

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const each of operations) {
    const fits = words.every((word) => each.dataset.text.includes(word));
    each.hidden = !fits;
    count += fits ? 1 : 0;
  }
  for (const subject of document.querySelectorAll(".subject")) {
    subject.hidden = !subject.querySelector(".operation:not([hidden])");
  }
  found.textContent = words.length ? `${count} of ${operations.length} operations` : "";
}

function open() {
  const meant = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (meant?.tagName === "DETAILS") meant.open = true;
}

document.querySelector("#search").hidden = false;
field.addEventListener("input", search);
addEventListener("hashchange", open);
open();
