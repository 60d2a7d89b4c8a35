"""What shows a run: each frame drawn once, in a film and a window, as the run tells of it."""

from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from attendance.cameras import CameraState, Frame
from attendance.errors import OutputFailed
from attendance.live import Began, Condition, Decided, Idle, Seen, SeenFace, Skipped
from attendance.records import Decision, PersonRef
from attendance.show import draw as drawing
from attendance.show.sign import sign_of_face
from attendance.show.viewers import Canvas, FilmViewer, WindowViewer

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
BOX = (20.0, 20.0, 40.0, 40.0)


def decided(kind="present"):
    person = PersonRef("P-1", "Ada", 1) if kind == "present" else None
    return Decision("door", NOW, (0.0, 0.0, 9.0, 9.0), kind, 0.2, 0.003, 2, "test", person=person, score=0.5, track=3)


def seen(number=0, decision=None, reasons=()):
    frame = Frame(np.full((120, 160, 3), 90, np.uint8), number, number / 10, NOW)
    return Seen(frame, (SeenFace(3, BOX, decision, reasons, 1, 3),))


class Pane:
    def __init__(self, patience=100):
        self.shown, self.patience = [], patience

    def show(self, pixels):
        self.shown.append(pixels)
        return self.alive()

    def alive(self):
        self.patience -= 1
        return self.patience > 0


@pytest.mark.parametrize(
    ("decision", "reasons", "expected"),
    [
        (decided(), (), ("present", "Ada")),
        (None, ("too_dark",), ("refused", "cannot judge")),
        (None, (), ("watching", "looking")),
    ],
)
def test_the_sign_of_a_face_under_way(decision, reasons, expected):
    """A face has the sign of its decision, of why it cannot be judged, or of how far it is, at its present box."""
    sign = sign_of_face(seen(0, decision, reasons).faces[0])
    assert (*expected, BOX) == (sign.kind, sign.title, sign.box)


def test_each_frame_is_drawn_once(monkeypatch, tmp_path):
    """A film and a window together cost one drawing a frame."""
    calls = []
    working = drawing.draw
    monkeypatch.setattr(drawing, "draw", lambda *given: calls.append(1) or working(*given))
    canvas, pane = Canvas(), Pane()
    with FilmViewer(tmp_path / "out.mp4", canvas, 10.0) as film:
        for number in range(4):
            event = seen(number)
            film(event)
            WindowViewer(pane, canvas, pytest.fail)(event)
    assert (4, 4) == (len(calls), len(pane.shown))


def test_a_film_takes_the_rate_of_its_source(tmp_path):
    """Without a rate of its own the film's name is claimed when the first frame is there, before it is judged."""
    film = FilmViewer(tmp_path / "out.mp4", Canvas())
    (tmp_path / "out.mp4").write_bytes(b"precious")
    with pytest.raises(OutputFailed), film:
        film(Began(25.0, 100))
    assert b"precious" == (tmp_path / "out.mp4").read_bytes()


def test_a_film_with_moments(tmp_path):
    """The frame after a mark is written as a picture, too, once; a stranger's is not."""
    with FilmViewer(tmp_path / "out.mp4", Canvas(), 10.0) as film:
        for event in (Decided(decided("unknown")), Decided(decided()), seen(0, decided()), seen(1, decided())):
            film(event)
    assert ["out-track3-present.png", "out.mp4"] == sorted(each.name for each in tmp_path.iterdir())
    with Image.open(tmp_path / "out-track3-present.png") as picture:
        assert (160, 120) == picture.size


def test_a_window_stops_the_run():
    """The window is asked with each frame, and while none is to be shown; when its user quits, the run is stopped."""
    stops = []
    viewer = WindowViewer(pane := Pane(patience=4), Canvas(), lambda: stops.append(1))
    for event in (seen(), Condition(CameraState.OFFLINE, "gone"), Idle(), Skipped(1, ValueError())):
        viewer(event)
    assert (1, []) == (len(pane.shown), stops)
    viewer(Idle())
    assert [1] == stops
