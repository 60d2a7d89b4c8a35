// The token stands behind the # of a pairing link: take it out of the address, and send it by the form.
const told = location.hash.slice(1);
if (told) {
  history.replaceState(null, "", location.pathname);
  const form = document.getElementById("pair");
  form.elements.token.value = decodeURIComponent(told);
  form.requestSubmit();
}
