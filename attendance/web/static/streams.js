// Events of the service, listened to while somebody looks: a browser has six connections to one service, for all tabs.

/**
 * Call `on[kind](data)` for each event after the one of number `last` (none: from now on); `state(true|false)` tells
 * whether the service is heard. Returns what ends it.
 */
export function listen(path, on, state = () => {}, last = "") {
  let source = null;
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(last ? `${path}${path.includes("?") ? "&" : "?"}after=${last}` : path);
    source.onopen = () => state(true);
    source.onerror = () => {
      state(false);
      if (source?.readyState === EventSource.CLOSED) { close(); setTimeout(open, 5000); }
    };
    for (const [kind, call] of Object.entries(on)) {
      source.addEventListener(kind, (event) => {
        last = event.lastEventId || last;
        call(JSON.parse(event.data));
      });
    }
  };
  const close = () => { source?.close(); source = null; };
  const turn = () => (document.hidden ? close() : open());
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", close);
  addEventListener("pageshow", turn);
  open();
  return () => { document.removeEventListener("visibilitychange", turn); removeEventListener("pageshow", turn); close(); };
}
