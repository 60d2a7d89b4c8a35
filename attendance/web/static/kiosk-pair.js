// The token stands behind the # of a pairing link: take it out of the address, and put it into the form. Whoever opened
// the link sends it: a link alone makes no kiosk of a browser.
const told = location.hash.slice(1);
if (told) {
  history.replaceState(null, "", location.pathname);
  const form = document.getElementById("pair");
  form.elements.token.value = told.slice(0, 200);
  form.querySelector("button").focus();
}
