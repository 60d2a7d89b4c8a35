"""The live view: boxes and names in the picture, what is old says so, nothing is drawn for nobody."""

import io
import threading
import time

import numpy as np
import pytest
from PIL import Image

from attendance.cameras import Frame
from attendance.live import Seen, SeenFace
from attendance.show.liveview import LiveView

FACE = SeenFace(1, (400.0, 300.0, 200.0, 240.0), None, (), 1, 3)


@pytest.fixture
def view(clock):
    return LiveView(clock, "Europe/Berlin")


def seen(clock, number=0, *faces, shape=(720, 1280, 3), grey=120):
    return Seen(Frame(np.full(shape, grey, np.uint8), number, clock.monotonic(), clock.utc()), faces)


def opened(jpeg):
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), np.int16)


def until(holds, seconds=10.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to hold")


def test_wide_pictures_are_reduced_with_their_boxes(view, clock):
    """A picture is at most 960 pixels wide, and the box lies where the face is in it."""
    view(seen(clock, 0, FACE))
    found = opened(view.picture())
    assert (540, 960, 3) == found.shape
    changed = np.abs(found - 120).max(2) > 60
    rows, columns = np.nonzero(changed)
    assert columns.min() == pytest.approx(400 * 0.75, abs=6)
    assert rows.max() == pytest.approx(540 * 0.75, abs=40)  # the box's lower edge; its sign may be below


def test_small_pictures_stay_as_they_are(view, clock):
    """A small picture is not blown up."""
    view(seen(clock, shape=(240, 320, 3)))
    assert (240, 320, 3) == opened(view.picture()).shape


def test_drawn_once_for_all(view, clock):
    """However many look, a frame is drawn once, and five a second at most."""
    view(seen(clock))
    first = view.picture()
    assert view.picture() is first
    clock.forward(seconds=0.1)
    view(seen(clock, 1))
    assert view.picture() is first
    clock.forward(seconds=0.15)
    assert view.picture() is not first
    assert view.encoded == 2


def test_old_pictures_say_so(view, clock):
    """Six seconds after the last frame the picture is dim and says for how long, anew each second."""
    view(seen(clock))
    live = opened(view.picture())
    clock.forward(seconds=6)
    stale = view.picture()
    assert opened(stale).mean() < 0.7 * live.mean()
    clock.forward(seconds=1)
    assert view.picture() != stale
    clock.forward(seconds=0.3)
    view(seen(clock, 1))
    assert opened(view.picture()).mean() == pytest.approx(live.mean(), abs=2)


def test_what_is_said_stands_in_the_picture(view, clock):
    """A camera that is offline shows its last picture dimmed, with the reason, until a new one comes."""
    view(seen(clock))
    live = opened(view.picture())
    view.say("Offline", "no picture for 5 s")
    assert opened(view.picture()).mean() < 0.7 * live.mean()
    view.say("")
    clock.forward(seconds=0.3)
    view(seen(clock, 1))
    assert opened(view.picture()).mean() == pytest.approx(live.mean(), abs=2)


def test_without_a_picture_there_is_a_card(view):
    """Before the first frame there is a picture that says so."""
    view.say("Opening the camera")
    assert (360, 640, 3) == opened(view.picture()).shape


def test_forgotten_pictures_are_gone(view, clock):
    """A camera that is stopped shows nothing of what it saw last."""
    view(seen(clock, grey=255))
    view.picture()
    view.say("Not watched")
    view.forget()
    assert opened(view.picture()).mean() < 100
    assert view.age_s is None


def test_nothing_is_drawn_for_nobody(view, clock):
    """Frames that nobody looks at are not drawn; once somebody does, they are, and the thread ends with them."""
    for number in range(5):
        view(seen(clock, number))
    assert view.encoded == 0
    woken = threading.Event()
    with view.watched(woken.set):
        assert woken.wait(10)
        drawn = view.encoded
        assert drawn >= 1
    until(lambda: view._thread is None)
    clock.forward(seconds=1)
    view(seen(clock, 9))
    time.sleep(0.3)
    assert drawn == view.encoded


def test_eight_viewers_cost_one_drawing(view, clock):
    """Eight viewers are woken for the same picture, which was drawn once."""
    view(seen(clock))
    calls = []
    with view.watched(lambda: calls.append(0)):
        others = [view.watched(lambda: calls.append(1)) for _ in range(7)]
        for each in others:
            each.__enter__()
        until(lambda: len(calls) >= 1)
        time.sleep(0.3)
        for each in others:
            each.__exit__(None, None, None)
    assert view.encoded == 1


def test_a_run_is_not_held_up(view, clock, monkeypatch):
    """Nothing is drawn on the thread that tells of a frame, also while somebody looks."""
    drawing, draw = [], view._draw
    monkeypatch.setattr(view, "_draw", lambda shown: (drawing.append(threading.current_thread()), draw(shown))[1])
    with view.watched(lambda: None):
        for number in range(100):
            view(seen(clock, number, shape=(24, 32, 3)))
        until(lambda: drawing)
    assert threading.current_thread() not in drawing
