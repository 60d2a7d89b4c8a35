"""Cameras in a real browser: they move with and without a script, say when they are stale, and are easy to use."""

import threading
import time

import numpy as np
import pytest
from browser_world import accessible, fits, until

from attendance.access import Actor
from attendance.cameras import CameraState, Frame
from attendance.services.watchman import Pauses

ADMIN = Actor("Ines", frozenset({"admin"}), "web")


class Door:
    """A camera of plain colours, until it freezes."""

    detail = ""

    def __init__(self, clock):
        self.clock, self.state, self.number = clock, CameraState.CLOSED, 0
        self.frozen = threading.Event()

    def open(self):
        self.state = CameraState.OPENING

    def newest(self, _timeout_s):
        time.sleep(0.05)
        if self.frozen.is_set():
            return None
        self.state = CameraState.ONLINE
        self.number += 1
        pixels = np.full((360, 640, 3), 90 + self.number % 100, np.uint8)
        return Frame(pixels, self.number, self.clock.monotonic(), self.clock.utc())

    def close(self):
        pass


class Unseeing:
    """Stands in for detector and encoder: nobody is ever in the picture."""

    detector = encoder = None

    def __init__(self):
        self.detector = self.encoder = self

    def detect(self, _pixels):
        return []

    def embed_detections(self, _pixels, _found):
        return []


@pytest.fixture
def door(app, clock, monkeypatch):
    """A camera that works, one that is not watched, and one that fails."""
    made = Door(clock)
    unseeing = Unseeing()
    monkeypatch.setattr(app.desk, "_load", lambda: unseeing)
    app.places.add(ADMIN, "Front door", "rtsp://u:pw@10.0.0.8/live")
    app.places.add(ADMIN, "Attic", "rtsp://10.0.0.9/live")
    app.places.add(ADMIN, "Reception", kind="kiosk")
    app.cameras.pauses = Pauses(first=0.05, longest=0.1)
    app.cameras.device = lambda _: made
    app.cameras.begin(ADMIN, "Front door")
    return made


def moving(tab):
    """Whether the picture on the page is there."""
    return tab.evaluate("() => (document.querySelector('img.live-picture:not([hidden])')?.naturalWidth ?? 0) > 0")


def test_overview_lives_and_says_when_it_is_stale(tab, door, clock):
    """The overview shows the picture and the state of now; a frozen camera is stale there six seconds later."""
    tab.goto("/cameras")
    until(lambda: moving(tab))
    chip = tab.locator("[data-camera] [data-state]").nth(1)
    until(lambda: chip.inner_text() == "live")
    door.frozen.set()
    time.sleep(0.2)
    clock.forward(seconds=6)
    until(lambda: chip.inner_text() == "stale")
    assert "No new picture for 6 s" in tab.locator("[data-detail]").nth(1).inner_text()


@pytest.mark.usefixtures("door")
def test_pages_are_accessible_and_fit(tab):
    """The pages of cameras keep to WCAG 2.2 AA in both themes, and need no scrolling to the side."""
    for path in ("/cameras", "/cameras/1", "/cameras/add", "/cameras/1/change", "/cameras/kiosks/add"):
        tab.goto(path, wait_until="commit")
        tab.wait_for_selector("h1")
        accessible(tab)
        fits(tab)


@pytest.mark.usefixtures("door")
def test_start_and_stop_without_a_script(new_tab, app):
    """Without a script cameras are started and stopped, and one that is watched moves by itself."""
    tab = new_tab(script=False)
    tab.goto("/cameras", wait_until="commit")
    tab.get_by_role("button", name="Stop Front door").click()
    tab.wait_for_selector("text=is not watched any more")
    assert not app.cameras.of("Front door").wanted
    tab.get_by_role("button", name="Start Front door").click(no_wait_after=True)
    until(lambda: app.cameras.of("Front door").wanted)
    until(lambda: app.cameras.view(1)._watchers)


@pytest.mark.usefixtures("door")
def test_large_view_streams(tab, app):
    """The page of one camera shows it as it is, and ends its stream when it is left."""
    tab.goto("/cameras/1", wait_until="commit")
    until(lambda: moving(tab))
    until(lambda: app.cameras.view(1)._watchers)
    tab.goto("/cameras/add")
    until(lambda: not app.cameras.view(1)._watchers)
