// What a kiosk keeps in its browser: the key it signs by, which nobody can take out of it, and what it could not send
// yet. What people typed is sealed for the service before it is kept: here it cannot be read any more.
const page = crypto.randomUUID();
const curve = { name: "ECDSA", namedCurve: "P-256" };
const signing = { name: "ECDSA", hash: "SHA-256" };
const bytes = (text) => new TextEncoder().encode(text);
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const unbase64 = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
const seconds = () => performance.now() / 1000;

export class Unreached extends Error {}
export class Refused extends Error {}

/** Ask the service; throws Unreached where there is none, Refused with its words and id where it does not want to. */
export async function send(path, { json, body } = {}) {
  const headers = { Accept: "application/json" };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    const method = json === undefined && body === undefined ? "GET" : "POST";
    const signal = AbortSignal.timeout(10_000);
    answer = await fetch(path, { method, headers, body: json === undefined ? body : JSON.stringify(json), signal });
  } catch (error) {
    throw new Unreached(error.message);
  }
  const told = answer.headers.get("content-type")?.includes("json") ? await answer.json().catch(() => null) : null;
  if (answer.ok && told) return told;
  if (answer.status >= 500 || answer.status === 429 || answer.ok || !told?.id) throw new Unreached(told?.detail ?? `${answer.status}`);
  throw Object.assign(new Refused(told.detail), { id: told.id, status: answer.status });
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open() {
  const request = indexedDB.open("attendance-kiosk", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("facts");
    request.result.createObjectStore("entries", { keyPath: "counter" });
  };
  return done(request);
}

let opened = null; // the one store of this page

/** The signature of a text by the key of this kiosk, in base64; throws where this browser can keep none. */
export async function signed(text) {
  if (!opened) throw new Error("keys");
  return opened.sign(text);
}

export class Store {
  /** The store of this browser; `facts` are what the service told last, also where it is not reached now. */
  static async opened() {
    const made = new Store();
    made.base = await open();
    made.facts = (await made.#read("state")) ?? null;
    navigator.storage?.persist?.();
    opened = made;
    return made;
  }

  /** Ask how things are; `ready` says that people can come. */
  async refresh(ready) {
    const told = await send(`/kiosk/state?ready=${ready}`);
    this.facts = { ...told, ticket_claimed: new Date().toISOString() };
    this.ahead = Date.parse(told.ticket.split("/")[0]) - Date.now();
    await this.#write("state", this.facts);
    await this.#raise(told.counter);
    const own = await this.#public();
    if (told.public_key !== own) await send("/kiosk/key", { json: { public_key: own } });
  }

  /** Keep what somebody typed, showed or held to a reader, sealed and signed; its counter. */
  async keep(kind, text) {
    if (!this.facts) throw new Unreached("this kiosk has not reached the service yet");
    const counter = await this.#raise(0, 1);
    const facts = this.facts;
    const told = {
      counter,
      kind,
      sealed: await seal(facts.sealing_key, `${kind}:${counter}`, text),
      claimed: new Date().toISOString(),
      page,
      seconds: seconds(),
      ticket: facts.ticket,
      ticket_claimed: facts.ticket_claimed,
    };
    const body = JSON.stringify(told);
    const signature = await this.sign(body);
    await done(this.#in("entries", "readwrite").put({ counter, body, signature }));
    return counter;
  }

  /** The signature of a text by the key that nobody can take out of this browser, in base64. */
  async sign(text) {
    this.key ??= (await this.#keys()).privateKey;
    return base64(await crypto.subtle.sign(signing, this.key, bytes(text)));
  }

  waiting() {
    return done(this.#in("entries").count());
  }

  /** Send what is kept, in order; `heard` gets each answer. Throws Unreached, Refused; what was not answered stays. */
  flush(heard) {
    return navigator.locks.request("kiosk", async () => {
      for (;;) {
        const kept = await done(this.#in("entries").getAll(null, 50));
        if (!kept.length) return;
        const entries = kept.map(({ body, signature }) => ({ body, signature }));
        const { answers } = await send("/kiosk/entries", { json: { page, seconds: seconds(), entries } });
        for (const [place, answer] of answers.entries()) {
          if (answer.state === "wait") {
            heard(kept[place].counter, answer);
            return;
          }
          await done(this.#in("entries", "readwrite").delete(kept[place].counter));
          heard(kept[place].counter, answer);
        }
        if (!answers.length) return;
      }
    });
  }

  /** Forget an entry that was not taken, as whoever it is of stands there and may try again. */
  drop(counter) {
    return done(this.#in("entries", "readwrite").delete(counter));
  }

  // The counter never falls; two pages of one browser share it.
  #raise(least, step = 0) {
    return new Promise((resolve, reject) => {
      const change = this.base.transaction("facts", "readwrite");
      const facts = change.objectStore("facts");
      let next = 0;
      facts.get("counter").onsuccess = (event) => {
        next = Math.max(event.target.result ?? 0, least) + step;
        facts.put(next, "counter");
      };
      change.oncomplete = () => resolve(next);
      change.onerror = change.onabort = () => reject(change.error);
    });
  }

  async #keys() {
    const found = await this.#read("keys");
    if (found) return found;
    const made = await crypto.subtle.generateKey(curve, false, ["sign", "verify"]);
    return navigator.locks.request("kiosk-keys", async () => {
      const there = await this.#read("keys");
      if (!there) await this.#write("keys", made);
      return there ?? made;
    });
  }

  async #public() {
    return base64(await crypto.subtle.exportKey("spki", (await this.#keys()).publicKey));
  }

  #in(name, mode = "readonly") {
    return this.base.transaction(name, mode).objectStore(name);
  }

  #read(name) {
    return done(this.#in("facts").get(name));
  }

  #write(name, value) {
    return done(this.#in("facts", "readwrite").put(value, name));
  }
}

async function seal(theirs, also, text) {
  const exchange = { name: "ECDH", namedCurve: "P-256" };
  const service = await crypto.subtle.importKey("raw", unbase64(theirs), exchange, false, []);
  const own = await crypto.subtle.generateKey(exchange, true, ["deriveBits"]);
  const point = await crypto.subtle.exportKey("raw", own.publicKey);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: service }, own.privateKey, 256);
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: point, info: bytes("attendance kiosk entry") };
  const key = await crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: bytes(also) }, key, bytes(text));
  return { key: base64(point), nonce: base64(nonce), data: base64(data) };
}
