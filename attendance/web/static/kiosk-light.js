// The light of the screen while it looks: a colour around the picture, which changes as the service says. The colours
// are equally light, and two changes are never closer than LEAST; who asked for less motion sees none of it.
const LEAST = 520; // milliseconds; below two changes a second, whatever the service says
const COLOUR = /^#[0-9a-f]{6}$/;

export class Light {
  /** `around` is what is coloured; `camera` tells with each frame what the screen shows. */
  constructor(around, camera) {
    this.around = around;
    this.camera = camera;
    this.changed = -Infinity;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.still.addEventListener("change", () => this.still.matches && this.end());
  }

  /** Show the colour of an answer, if there is one, and if the one before was shown for long enough. */
  show(told) {
    if (!told || this.still.matches || !COLOUR.test(told.colour)) return;
    const now = performance.now();
    if (told.name === this.camera.light || now - this.changed < LEAST) return;
    this.changed = now;
    this.around.style.setProperty("--light", told.colour);
    this.around.dataset.lit = told.name;
    this.camera.light = told.name;
  }

  /** Show none any more. */
  end() {
    this.camera.light = "";
    delete this.around.dataset.lit;
    this.around.style.removeProperty("--light");
  }
}
