// What scripts of pages share. Pages work without; a script adds, and nothing here makes HTML from text.
export const token = document.querySelector('meta[name="form-token"]')?.content ?? "";

/** Ask the service as the signed-in visitor; resolves to the answer's JSON, and throws its `detail` as an Error. */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const headers = { Accept: "application/json", "X-Form-Token": token };
  if (body !== undefined && !(body instanceof FormData) && !(body instanceof Blob)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  const answer = await fetch(path, { method, headers, body, signal, credentials: "same-origin" });
  const told = answer.headers.get("content-type")?.includes("json") ? await answer.json() : null;
  if (!answer.ok) throw Object.assign(new Error(told?.detail ?? answer.statusText), { status: answer.status, told });
  return told;
}

/** An element with attributes and children; text is text. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}
