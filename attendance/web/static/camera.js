// A photo by the browser's camera: opened once, looked at, taken, taken again; the form then sends it like a file.
const SIDE = 1600;

/** What went wrong with a camera, in words. */
function why(error) {
  if (error.name === "NotAllowedError") return "The browser may not use the camera. Allow it beside the address, or choose a file.";
  if (error.name === "NotFoundError") return "There is no camera here. Choose a file instead.";
  return "The camera does not start: another program may use it. Choose a file instead.";
}

function begin(panel) {
  const form = panel.closest("form");
  const video = panel.querySelector("video");
  const canvas = panel.querySelector("canvas");
  const files = form.querySelector('input[type="file"][name="photos"]');
  const told = panel.querySelector("[data-told]");
  const part = (name) => panel.querySelector(`[data-${name}]`);
  const needed = files.required;
  let stream = null;
  let photo = null;

  function show({ open, taken }) {
    panel.classList.toggle("open", open);
    panel.classList.toggle("taken", taken);
    part("open").hidden = open;
    part("take").hidden = !open || taken;
    part("again").hidden = !taken;
    part("close").hidden = !open;
    video.hidden = taken;
    canvas.hidden = !taken;
    files.required = needed && !taken;
  }

  async function start() {
    told.textContent = "Waiting for the camera.";
    try {
      stream ??= await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } }, audio: false });
      video.srcObject = stream;
      await video.play();
    } catch (error) {
      told.textContent = why(error);
      return;
    }
    photo = null;
    told.textContent = "Look into the camera, with the face in the oval.";
    show({ open: true, taken: false });
    part("take").focus();
  }

  function take() {
    const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((made) => {
      photo = made;
      told.textContent = "Taken. It is sent with the form.";
      show({ open: true, taken: true });
      part("again").focus();
    }, "image/jpeg", 0.92);
  }

  function close() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    photo = null;
    video.srcObject = null;
    told.textContent = "";
    show({ open: false, taken: false });
    part("open").focus();
  }

  part("open").addEventListener("click", start);
  part("take").addEventListener("click", take);
  part("again").addEventListener("click", start);
  part("close").addEventListener("click", close);
  form.addEventListener("formdata", (event) => {
    if (photo) event.formData.append("photos", photo, `camera ${new Date().toISOString().slice(0, 19).replace("T", " ").replaceAll(":", "-")}.jpg`);
  });
  addEventListener("pagehide", () => { for (const track of stream?.getTracks() ?? []) track.stop(); });
  panel.hidden = false;
}

if (navigator.mediaDevices?.getUserMedia) {
  for (const panel of document.querySelectorAll("[data-camera]")) begin(panel);
}
