// Lets the page of a kiosk load where the service is not reached: the page and its files, and nothing of anybody.
const NAME = "kiosk-page";
const ours = (url) => url.origin === location.origin && (url.pathname === "/kiosk" || url.pathname.startsWith("/static/"));

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("message", (event) => {
  if (Array.isArray(event.data?.keep)) event.waitUntil(keep(event.data.keep));
});

async function keep(paths) {
  const cache = await caches.open(NAME);
  const wanted = paths.map((each) => new URL(each, location.origin)).filter(ours);
  await Promise.all(wanted.map(async (each) => {
    const answer = await fetch(each, { credentials: "same-origin" }).catch(() => null);
    if (answer?.ok && !answer.redirected) await cache.put(each, answer);
  }));
  for (const each of await cache.keys()) {
    if (!wanted.some((one) => one.href === each.url)) await cache.delete(each);
  }
}

addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && ours(new URL(event.request.url))) event.respondWith(answered(event.request));
});

async function answered(request) {
  try {
    const answer = await fetch(request);
    if (answer.status < 500) return answer;
    return (await caches.match(request)) ?? answer;
  } catch (error) {
    const kept = await caches.match(request);
    if (kept) return kept;
    throw error;
  }
}
