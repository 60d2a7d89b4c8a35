"""Serve a throw-away home, enrol and check two public-domain portraits over its API, and photograph its page of today.

`attendance serve` runs as for a user: at a free port of this computer. The picture is taken by Chromium where it and
Playwright are installed, and left in ./demo-output. Exit code 1 if a decision is not the expected one.
"""

import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from demo import EILEEN, GRACE, OUTPUT, portraits, side_by_side
from PIL import Image, ImageEnhance

from attendance import Attendance
from attendance.access import Actor

PASSWORD = "four words nobody guesses"  # noqa: S105 - of a home that is gone in a minute
SCOPES = ("people:write", "decide", "reports:read")
WAIT_S = 60


def prepared(home: Path) -> str:
    """Make the home with an account and a class; the token of a program."""
    actor = Actor("demo")
    with Attendance.open(home, flags={"time_zone": "UTC"}, zone="UTC") as app:
        app.accounts.add(actor, "Demo", PASSWORD, "admin")
        return app.tokens.add(actor, "demo", SCOPES, days=1).secret


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The service over a home, until left; its address."""
    command = [sys.executable, "-m", "attendance", "serve", "--port", "0", "--home", str(home)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    try:
        yield next(line.strip() for line in running.stdout or () if line.startswith("http"))
    finally:
        running.terminate()
        running.wait(WAIT_S)


class Program:
    """What asks the API."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = address, token

    def post(self, path: str, body: bytes | dict[str, Any]) -> dict[str, Any]:
        """The answer to what is sent, a picture or JSON."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "image/png" if isinstance(body, bytes) else "application/json"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        request = Request(f"{self._address}/api/v1{path}", sent, headers)  # noqa: S310 - http, of this computer
        with urlopen(request, timeout=WAIT_S) as answer:  # noqa: S310 - likewise
            found: dict[str, Any] = json.load(answer)
        return found

    def enrol(self, picture: Image.Image, number: str, name: str) -> None:
        """Add somebody with a photo."""
        self.post("/people", {"id": number, "name": name, "groups": ["Crew"]})
        self.post(f"/people/{number}/photos", png(picture))

    def decided(self, picture: Image.Image) -> list[tuple[str, str]]:
        """What is decided on each face from left to right, and who it is."""
        found = self.post("/decisions", png(picture))["decisions"]
        rows = sorted(found, key=lambda each: each["box"][0])
        return [(each["decision"], (each["person"] or {}).get("name", "")) for each in rows]


def png(picture: Image.Image) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def photographed(address: str, target: Path) -> str:
    """Sign in, and photograph the page of today; what came of it, in words."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "no picture of the page: Playwright is not installed"
    if chromium is None:
        return "no picture of the page: Chromium is not installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.goto(f"{address}/sign-in")
        tab.get_by_label("Name").fill("Demo")
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Sign in").click()
        tab.wait_for_load_state("networkidle" if tab.url.endswith("/sign-in") else "load")
        tab.screenshot(path=target)
        browser.close()
    return f"the page of today: {target.resolve()}"


def main() -> int:
    """Run the demo; 0 when every decision is the expected one."""
    eileen, grace = portraits()
    OUTPUT.mkdir(exist_ok=True)
    dark = ImageEnhance.Brightness(side_by_side(grace, eileen)).enhance(0.6)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        token = prepared(home)
        with serving(home) as address:
            program = Program(address, token)
            program.enrol(eileen, "A-1", EILEEN)
            stranger = program.decided(side_by_side(grace, eileen))
            program.enrol(grace, "A-2", GRACE)
            both = program.decided(dark)
            told = photographed(address, OUTPUT / "service.png")
    print(f"attendance serve: only {EILEEN} is enrolled: {stranger}")
    print(f"attendance serve: both are: {both}")
    print("attendance serve: consent is off, as this home is for trying it out; a school or a firm asks people first")
    print(told)
    expected = ([("unknown", ""), ("present", EILEEN)], [("present", GRACE), ("already", EILEEN)])
    return 0 if (stranger, both) == expected else 1


if __name__ == "__main__":
    sys.exit(main())
