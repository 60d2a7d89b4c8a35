// What somebody before the camera is asked to do: to turn the head. Left and right are their own, and the screen's, as the picture is mirrored.
const WORDS = {
  left: "Please turn your head slowly to your left",
  right: "Please turn your head slowly to your right",
  up: "Please look up",
  straight: "Now look straight ahead",
};
const MORE = { straight: "", again: "Once more, please." };
const FARTHER = "Go on until the arrow changes.";
const at = (id) => document.getElementById(id);

export class TurnPrompt {
  /** `say` has a text read out, `chime` sounds when a turn is done. */
  constructor(say, chime) {
    this.say = say;
    this.chime = chime;
    this.told = "";
    this.done = 0;
  }

  /** Show what this face is asked to do, each prompt said once; hide it where nothing is asked. Returns whether something is. */
  show(face) {
    const prompt = face && Object.hasOwn(WORDS, face.prompt) ? face.prompt : "";
    if (prompt && at("ask").hidden) at("ask").dataset.side = isHigh(face) ? "below" : "above";
    at("ask").hidden = !prompt;
    at("cannot").hidden = !prompt;
    if (!prompt) {
      this.told = "";
      this.done = 0;
      return false;
    }
    const { done = 0, of = 0, try: nth = 1 } = face.turns ?? {};
    const told = `${prompt} ${done} ${nth}`;
    if (told !== this.told) this.#tell(prompt, done, of, nth);
    this.told = told;
    this.done = done;
    return true;
  }

  #tell(prompt, done, of, nth) {
    const again = nth > 1 && !done && prompt === "straight";
    const more = again ? MORE.again : (MORE[prompt] ?? FARTHER);
    at("ask").dataset.prompt = prompt;
    at("ask-words").textContent = WORDS[prompt];
    at("ask-more").textContent = more;
    at("ask-steps").setAttribute("aria-label", `${done} of ${of} turns done`);
    at("ask-steps").replaceChildren(...Array.from({ length: of }, (_, step) => dot(step < done)));
    if (done > this.done) this.chime();
    this.say([again ? more : "", WORDS[prompt]].filter(Boolean).join(" "));
  }
}

/** Whether a face is in the upper half of the picture, where what is asked would hide it. */
function isHigh({ box }) {
  return Boolean(box) && box[1] + box[3] / 2 < 0.5;
}

function dot(done) {
  const made = document.createElement("span");
  made.className = done ? "dot done" : "dot";
  return made;
}
