// The browser's camera, opened once in a page's life and asleep unless somebody has chosen it: newest frame only.
import { send } from "./kiosk-store.js";

const LONGER = 800; // pixels of the side that is sent
const PAUSE = 60; // milliseconds at least from one frame to the next

export class Camera {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.number = 0;
    this.turn = 0;
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
    if (!detector) await this.#begin();
    while (turn === this.turn) {
      const begun = performance.now();
      await this.#frame();
      if (turn !== this.turn) return;
      if (detector) {
        const found = await detector.detect(this.video).catch(() => []);
        if (turn === this.turn && found.length) code(found[0].rawValue);
      } else {
        const answer = await this.#sent(faces);
        if (turn === this.turn && answer) heard(answer);
      }
      const left = PAUSE - (performance.now() - begun);
      if (left > 0) await new Promise((wake) => setTimeout(wake, left));
    }
  }

  async #begin() {
    this.number = 0;
    this.run = (await send("/kiosk/runs", { body: "" })).run;
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

  async #sent(faces) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return null;
    const scale = Math.min(1, LONGER / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const picture = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", 0.88));
    this.number += 1;
    return send(`/kiosk/frames?run=${this.run}&number=${this.number}&faces=${faces}`, { body: picture });
  }
}

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
