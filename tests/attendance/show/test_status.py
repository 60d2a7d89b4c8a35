"""Lines for people about a run: what it is judged by, how it does, what has failed."""

from datetime import UTC, datetime

import pytest
from live_world import World

from attendance.cameras import CameraState
from attendance.live import Began, Condition, Decided, Dropped, LiveSummary, Lost, Opened, Seen, Skipped
from attendance.records import Decision, PersonRef
from attendance.show.status import STATUS_S, CameraStatus, FileStatus, in_words
from enroll.errors import EncoderFailed

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
PRESENT = Decision("door", NOW, None, "present", 0.2, 0.003, 2, "test", person=PersonRef("P-1", "Ada", 1))


class Seconds:
    """A clock that goes on by a fixed step each time it is asked."""

    def __init__(self, step):
        self.step, self.now = step, 0.0

    def monotonic(self):
        self.now += self.step
        return self.now


def seen(number=0):
    return Seen(World([[]]).frame(0, number / 10), ())


def test_a_camera_in_lines():
    """A camera's lines: by what is judged, each change of how it does, each frame passed over, what failed."""
    said = []
    status = CameraStatus("door", said.append, Seconds(0.1), lambda: "encoder test")
    for event in (
        Opened("door"), Condition(CameraState.ONLINE, ""), seen(), Lost(CameraState.OFFLINE, "gone"),
        Skipped(7, EncoderFailed("encoder.onnx", "not finite")), Dropped("WindowViewer", ValueError("no\ndisplay")),
        Dropped("film", ValueError()),
    ):  # fmt: skip
        status(event)
    assert [
        "encoder test",
        "camera door online",
        "camera door offline: gone",
        "camera door: frame 7 is passed over and marks nobody: encoder.onnx: not finite",
        "camera door: WindowViewer failed and is left out from now on: no display",
        "camera door: film failed and is left out from now on: ValueError",
    ] == said


def test_a_line_now_and_then():
    """Every five seconds there is a line with the rate of frames and the marks so far."""
    said = []
    status = CameraStatus("door", said.append, Seconds(0.5), str)
    status(Condition(CameraState.ONLINE, ""))
    status(Decided(PRESENT))
    for number in range(25):
        status(seen(number))
    assert ["camera door online, 2 frames/s, 1 marked"] * int(12.5 / STATUS_S) == said[1:]


@pytest.mark.parametrize(("declared", "expected"), [(100, "100"), (0, "?")])
def test_a_file_in_lines(declared, expected):
    """A video's lines say how many frames of how many are done, as far as the file tells."""
    said = []
    status = FileStatus("door.mp4", said.append, Seconds(1.0))
    status(Began(25.0, declared))
    for number in range(6):
        status(seen(number))
    status(Dropped("film", ValueError("by design")))
    assert f"door.mp4: frame 5 of {expected}, 1 frames/s" == said[0]
    assert "door.mp4: film failed and is left out from now on: by design" == said[-1]


def test_a_summary_in_words():
    """The last line says how the run ended and what came of it."""
    assert "ended after 90 frames, 30 frames/s: 2 marked, 1 unknown" == in_words(
        LiveSummary(90, 12, 2, 1, 30.0, "ended")
    )
    assert "stopped after 9 frames, 3 frames/s: no face that can be judged" == in_words(
        LiveSummary(9, 0, 0, 0, 3.0, "stopped")
    )
