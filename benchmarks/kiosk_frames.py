"""What does it cost that a kiosk's frames are signed, beside what a frame costs anyway?

    PYTHONPATH=. python benchmarks/kiosk_frames.py [--frames 100]

A public-domain portrait, as large as kiosks send their frames. In the browser: making the JPEG, then its SHA-256, the
signature and the query, by the page's own modules in Chromium. In the service: taking the nonce and proving the
signature, beside decoding the picture and finding its face. The browser's times are those of the wall, of which the
median tells on a busy machine; the service's are processor time.
"""

import argparse
import statistics
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console
from rich.table import Table
from skimage import data

from attendance.home import load_pipeline
from attendance.services.kioskframes import Nonces, SentFrame
from attendance.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Route

STATIC = Path(__file__).resolve().parents[1] / "attendance" / "web" / "static"
SIZE = (800, 450)
IN_PAGE = """async ([source, frames]) => {
  const { Store } = await import("/kiosk-store.js");
  const { proof } = await import("/kiosk-camera.js");
  await Store.opened();
  const picture = await createImageBitmap(await (await fetch(source)).blob());
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const run = { run: "a".repeat(22), nonce: "b".repeat(22), number: 1 };
  const found = { jpeg: [], proof: [] };
  for (let number = 0; number < frames; number += 1) {
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const begin = performance.now();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.88));
    const made = performance.now();
    await proof({ ...run, number }, blob, true, "");
    found.jpeg.push(made - begin);
    found.proof.push(performance.now() - made);
  }
  return found;
}"""


def picture() -> bytes:
    """The portrait in the middle of a grey frame, as JPEG."""
    room = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    room[:, 175:625] = cv2.resize(data.astronaut(), (450, 450))
    return cv2.imencode(".jpg", room[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def in_browser(jpeg: bytes, frames: int) -> dict[str, list[float]]:
    """Milliseconds in Chromium, by step."""
    from playwright.sync_api import sync_playwright

    def answer(route: "Route") -> None:
        name = route.request.url.rpartition("/")[2]
        if name == "frame.jpg":
            route.fulfill(body=jpeg, content_type="image/jpeg")
        elif name.endswith(".js"):
            route.fulfill(path=STATIC / name, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=["--no-sandbox", "--disable-gpu"], **_where())
        page = browser.new_page()
        page.route("http://localhost/**", answer)
        page.goto("http://localhost/")
        found: dict[str, list[float]] = page.evaluate(IN_PAGE, ["/frame.jpg", frames])
        browser.close()
    return found


def _where() -> dict[str, str]:
    import shutil

    found = shutil.which("chromium") or shutil.which("google-chrome")
    return {"executable_path": found} if found else {}


def in_service(jpeg: bytes, frames: int) -> dict[str, list[float]]:
    """Milliseconds of processor time in Python, by step."""
    key, nonces = ec.generate_private_key(ec.SECP256R1()), Nonces()
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public = b64encode(spki).decode()
    detector = load_pipeline(Settings()).detector
    found: dict[str, list[float]] = {"prove": [], "decode": [], "find": []}
    for number in range(frames):
        sent = SentFrame("a" * 22, number, nonces.now, "", jpeg)
        r, s = decode_dss_signature(key.sign(sent.text.encode(), ec.ECDSA(hashes.SHA256())))
        signature = b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
        signed = SentFrame("a" * 22, number, nonces.now, signature, jpeg)
        found["prove"].append(timed(lambda signed=signed: nonces.take(signed, public)))  # type: ignore[misc]
        pixels: list[np.ndarray] = []
        found["decode"].append(timed(lambda pixels=pixels: pixels.append(_decoded(jpeg))))  # type: ignore[misc]
        found["find"].append(timed(lambda pixels=pixels: detector.detect(pixels[0])))  # type: ignore[misc]
    return found


def _decoded(jpeg: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def timed(act: Callable[[], object]) -> float:
    """Milliseconds of processor time that it takes, all threads together: whatever else the machine does."""
    begin = time.process_time()
    act()
    return (time.process_time() - begin) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    frames = parser.parse_args().frames
    jpeg = picture()
    page, service = in_browser(jpeg, frames), in_service(jpeg, frames)
    table = Table(
        "step", "median ms", "95 % ms", title=f"{SIZE[0]} x {SIZE[1]}, {len(jpeg) / 1000:.0f} kB, {frames} frames"
    )
    for where, found in (("browser", page), ("service", service)):
        for step, times in found.items():
            table.add_row(f"{where}: {step}", f"{statistics.median(times):.2f}", f"{np.percentile(times, 95):.2f}")
    console = Console()
    console.print(table)
    middle = {step: statistics.median(times) for step, times in {**page, **service}.items()}
    console.print(f"in the browser: {middle['proof'] / middle['jpeg']:.1%} of making the JPEG")
    console.print(
        f"in the service: {middle['prove'] / (middle['decode'] + middle['find']):.1%} of decoding and finding"
    )


if __name__ == "__main__":
    main()
