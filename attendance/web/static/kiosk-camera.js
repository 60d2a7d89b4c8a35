// The browser's camera, opened once in a page's life and asleep unless somebody has chosen it: newest frame only.
// Each frame is signed and answers the nonce of the one before; one is on its way at a time.
import { Refused, Unreached, send, signed } from "./kiosk-store.js";

const LONGER = 800; // pixels of the side that is sent
const PAUSE = 60; // milliseconds at least from one frame to the next
const ANEW = 20_000; // milliseconds at least from one run that was begun anew to the next

export class Camera {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.turn = 0;
    this.anew = -Infinity;
    this.light = ""; // the colour that the screen shows
  }

  /** Open it, or wake it up; throws what getUserMedia does. */
  async wake() {
    if (!this.stream || this.stream.getVideoTracks().every((each) => each.readyState === "ended")) {
      const video = { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      this.video.srcObject = this.stream;
    }
    for (const each of this.stream.getVideoTracks()) each.enabled = true;
    await this.video.play();
  }

  /** Show and send nothing; black frames until it is woken up. */
  sleep() {
    this.turn += 1;
    for (const each of this.stream?.getVideoTracks() ?? []) each.enabled = false;
  }

  /** Send frames until it sleeps; `heard` gets each answer. With `codes` a detector in the browser is asked first. */
  async watch({ faces, heard, code }) {
    const turn = ++this.turn;
    const detector = faces ? null : await ownDetector();
    let run = detector ? null : await this.#begin();
    while (turn === this.turn) {
      const begun = performance.now();
      await this.#frame();
      if (turn !== this.turn) return;
      if (detector) {
        const found = await detector.detect(this.video).catch(() => []);
        if (turn === this.turn && found.length) code(found[0].rawValue);
      } else {
        const answer = await this.#sent(run, faces).catch(async (error) => {
          if (turn === this.turn) run = await this.#anew(error);
        });
        if (turn === this.turn && answer) heard(answer);
      }
      const left = PAUSE - (performance.now() - begun);
      if (left > 0) await new Promise((wake) => setTimeout(wake, left));
    }
  }

  async #begin() {
    const camera = this.stream?.getVideoTracks()[0]?.label ?? "";
    return { ...(await send("/kiosk/runs", { json: { camera } })), number: 0 };
  }

  // An answer that was lost, or a service that began anew, breaks the row of nonces: look anew, once in a while.
  async #anew(error) {
    const broken = error instanceof Unreached || (error instanceof Refused && error.id === "kiosk.frame");
    const now = performance.now();
    if (!broken || now - this.anew < ANEW) throw error;
    this.anew = now;
    return this.#begin();
  }

  #frame() {
    const video = this.video;
    return new Promise((resolve) => {
      const late = setTimeout(resolve, 1000);
      const go = () => {
        clearTimeout(late);
        resolve();
      };
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(go);
      else requestAnimationFrame(go);
    });
  }

  async #sent(run, faces) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return null;
    const scale = Math.min(1, LONGER / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const light = this.light;
    const picture = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", 0.88));
    run.number += 1;
    const answer = await send(`/kiosk/frames?${await proof(run, picture, faces, light)}`, { body: picture });
    run.nonce = answer.nonce;
    return answer;
  }
}

/** What a frame says of itself, with its signature: the service makes the same text of it. */
export async function proof({ run, nonce, number }, picture, faces, light) {
  const digest = hex(await crypto.subtle.digest("SHA-256", await picture.arrayBuffer()));
  const text = ["attendance kiosk frame", run, number, nonce, digest, faces ? "faces" : "codes", light].join("\n");
  return new URLSearchParams({ run, number, nonce, faces, light, signature: await signed(text) });
}

const hex = (buffer) => [...new Uint8Array(buffer)].map((each) => each.toString(16).padStart(2, "0")).join("");

async function ownDetector() {
  try {
    const formats = await BarcodeDetector.getSupportedFormats();
    return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
  } catch {
    return null;
  }
}

/** Whether codes are read here, also where the service is not reached. */
export const readsCodes = async () => (await ownDetector()) !== null;
