"""That people were looked for is noted once a run and session: whoever is not marked then is absent."""

from datetime import UTC, datetime

import numpy as np
import pytest

from attendance import Attendance
from attendance.cameras import CameraState, Frame
from attendance.errors import SessionClosed


@pytest.fixture
def people(app, draw):
    """Ada is enrolled."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    return app


def noted(app) -> dict[str, int]:
    """How often it is noted of each session, by its name."""
    return {app.sessions.numbered(number).name: len(times) for number, times in app.sessions.checks().items()}


def test_once_a_run_and_session(people, clock):
    """However often a run says so, a session has one note, of the first time."""
    first = clock.now
    for _ in range(3):
        people.note_check("file")
        clock.forward(hours=1)
    assert [[first]] == list(people.sessions.checks().values())


def test_each_session_for_itself(people, clock):
    """Of two sessions, in turn, each has its own note, and so has the day's own."""
    for name in ("Maths", "Arts"):
        people.sessions.open(name, at=clock.now)
    for session in ("Maths", "Arts", None, "Maths", None, "Arts"):
        people.note_check("camera", session)
    assert {"Maths": 1, "Arts": 1, "2026-03-02": 1} == noted(people)


def test_a_new_day_is_noted_anew(people, clock):
    """When a new day begins it has a note of its own, once; going on with the day before is not asked for."""
    for _ in range(3):
        people.note_check("camera")
        people.note_check("camera")
        clock.forward(days=1)
    assert {"2026-03-02": 1, "2026-03-03": 1, "2026-03-04": 1} == noted(people)


def test_another_run_notes_for_itself(people, home, clock, pipeline):
    """Every run leaves a note of its own, so that the log tells of each."""
    people.note_check("file")
    with Attendance.open(home, clock=clock, pipeline=pipeline) as other:
        other.note_check("file")
        other.note_check("file")
    assert {"2026-03-02": 2} == noted(people)


def test_looking_for_nobody_is_no_look(app, draw):
    """Where nobody is enrolled nothing is noted, and the run notes it as soon as somebody is."""
    app.note_check("file")
    assert {} == noted(app)
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.note_check("file")
    app.note_check("file")
    assert {"2026-03-02": 1} == noted(app)


def test_many_pictures_of_one_check(people, draw, clock):
    """All the pictures of one check, with people or without, leave one note; those of the next day another."""
    photos = [draw("a.png", (1, 90)), draw("b.png", (9,)), draw("c.png", (1, 80), seed=1)]
    list(people.check(*photos))
    list(people.check(*photos))
    assert {"2026-03-02": 1} == noted(people)
    clock.forward(days=1)
    list(people.check(*photos))
    assert {"2026-03-02": 1, "2026-03-03": 1} == noted(people)


def test_a_dry_run_is_no_look(people, draw):
    """A check that marks nobody on purpose notes nothing."""
    list(people.check(draw("a.png", (1, 90)), dry_run=True))
    assert {} == noted(people)


def test_what_is_refused_is_not_noted(people, clock):
    """A closed session is not noted, and what could be noted before is not noted twice."""
    people.sessions.open("Maths", at=clock.now)
    people.note_check("camera", "Maths")
    people.sessions.close("Maths", at=clock.now)
    clock.forward(minutes=1)
    with pytest.raises(SessionClosed):
        people.note_check("camera", "Maths")
    assert {"Maths": 1} == noted(people)


# --- cameras ---------------------------------------------------------------------------------------------------


class EmptyRoom:
    """A camera before which nobody comes: a picture every `pause_s` seconds of the clock."""

    state, detail = CameraState.ONLINE, ""

    def __init__(self, clock, frames, pause_s):
        self.clock, self.left, self.pause_s = clock, frames, pause_s
        self.pixels = np.zeros((120, 160, 3), np.uint8)

    def open(self):
        pass

    def close(self):
        pass

    def newest(self, _timeout_s):
        self.clock.forward(seconds=self.pause_s)
        if not self.left:
            self.state = CameraState.ENDED
            return None
        self.left -= 1
        return Frame(self.pixels, 1000 - self.left, self.clock.seconds, self.clock.utc())


@pytest.fixture
def watched(people, pipeline, clock):
    """Watch an empty room: ``watched(frames, pause_s)``."""
    pipeline.detector = pipeline
    pipeline.detect = lambda _: []

    def call(frames: int, pause_s: float, **more) -> None:
        assert [] == list(people.watch("0", device=EmptyRoom(clock, frames, pause_s), **more))

    return call


def test_a_camera_over_midnight(people, watched, clock):
    """A camera that goes on when a day ends notes both days, the new one within half a minute, each once."""
    clock.now = datetime(2026, 3, 2, 23, 58, 55, tzinfo=UTC)
    watched(frames=60, pause_s=5.0)
    times = list(people.sessions.checks().values())
    assert [[datetime(2026, 3, 2, 23, 59, tzinfo=UTC)], [datetime(2026, 3, 3, tzinfo=UTC)]] == times
    assert {"2026-03-02": 1, "2026-03-03": 1} == noted(people)


def test_a_camera_for_a_session(people, watched, clock):
    """A camera that watches for a session notes that one alone, once, however long it goes on."""
    people.sessions.open("Maths", at=clock.now)
    watched(frames=60, pause_s=5.0, session="Maths")
    assert {"Maths": 1} == noted(people)


def test_cameras_one_after_the_other(people, watched):
    """The runs of one program share a session's note; a camera that shows nothing leaves none."""
    watched(frames=0, pause_s=5.0)
    assert {} == noted(people)
    watched(frames=5, pause_s=5.0)
    watched(frames=5, pause_s=5.0)
    assert {"2026-03-02": 1} == noted(people)


def test_a_camera_when_nobody_is_enrolled_yet(people, watched, clock):
    """A camera notes nothing while nobody is active, and notes it when it looks again and somebody is."""
    people.gallery.set_active("Ada", False, at=clock.utc(), by="test")
    watched(frames=5, pause_s=5.0)
    assert {} == noted(people)
    people.gallery.set_active("Ada", True, at=clock.utc(), by="test")
    watched(frames=5, pause_s=5.0)
    assert {"2026-03-02": 1} == noted(people)
