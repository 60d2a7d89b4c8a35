"""When people were looked for: pictures, videos and cameras leave what they covered; unknown times leave nothing."""

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from servers import contents

from attendance import Attendance
from attendance.cameras import CameraState, Frame
from attendance.register.coverage import FILES, CoverageNotes, gaps_of
from attendance.scope import Scope
from gallery.repositories import coverage
from gallery.timetablevalues import StoredCoverage

NOW = datetime(2026, 3, 2, 7, 58, 11, 204_000, tzinfo=UTC)
YESTERDAY = "2026-03-01"


@pytest.fixture
def people(app, draw) -> Attendance:
    """Ada of 7b is enrolled."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    return app


def covered(app) -> list[StoredCoverage]:
    with app.store.reading() as view:
        return coverage.within(view, datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


def spans(app) -> list[tuple]:
    return [(each.kind, each.source, each.begins, each.ends) for each in covered(app)]


def taken(path, at: str):
    """A picture that tells when it was taken."""
    with Image.open(path) as picture:
        exif = picture.getexif()
        exif[0x8769] = {0x9003: at}
        target = path.with_name(f"taken {path.name}")
        picture.save(target, exif=exif)
    return target


# --- pictures --------------------------------------------------------------------------------------------------


def test_a_picture_covers_its_instant(people, draw, clock):
    """A picture with somebody, one with a stranger and one without a face each cover the instant of the look."""
    for picture in (draw("a.png", (1, 90)), draw("b.png", (9,)), draw("empty.png")):
        list(people.check(picture, on_problem=lambda _: None))
        clock.forward(minutes=10)
    assert [("file", FILES, NOW + timedelta(minutes=10 * n), NOW + timedelta(minutes=10 * n)) for n in range(3)] == (
        spans(people)
    )
    assert {(None, None, people.actor.name, "")} == {(e.group, e.place, e.by, e.reason) for e in covered(people)}


def test_pictures_of_one_instant_are_one_look(people, draw):
    """Of many pictures looked at within a second one row tells."""
    list(people.check(*(draw(f"{number}.png", (1, 90), seed=number) for number in range(5))))
    assert [("file", FILES, NOW, NOW)] == spans(people)


def test_for_whom_and_where(people, draw):
    """What was looked for is the group of the check, at the place it was before."""
    place = people.places.add(people.actor, "Door", "0", site="North").place
    list(people.check(draw("a.png", (1, 90)), group="7b"))
    people.desk.record_picture([], people.scope(place=place), means="camera")
    assert [("file", "7b", None, None), ("camera", None, place.id, "North")] == [
        (each.kind, each.group, each.place, each.site) for each in covered(people)
    ]
    assert "Door" == covered(people)[1].source


def test_looking_for_nobody_is_no_look(app, draw):
    """Where nobody can be recognised, nothing is covered; as soon as somebody can, it is."""
    list(app.check(draw("a.png", (1, 90))))
    assert [] == covered(app)
    app.enroll(draw("ada.png", (1,)), name="Ada")
    list(app.check(draw("a.png", (1, 90))))
    assert 1 == len(covered(app))


def test_a_dry_run_is_no_look(people, draw):
    """A check that marks nobody on purpose covers nothing."""
    list(people.check(draw("a.png", (1, 90)), dry_run=True))
    assert [] == covered(people)


def test_a_picture_that_cannot_be_read_is_no_look(people, tmp_path):
    """A broken file covers nothing."""
    (tmp_path / "broken.png").write_bytes(b"no picture")
    list(people.check(tmp_path / "broken.png", on_problem=lambda _: None))
    assert [] == covered(people)


def test_yesterday_is_covered_by_pictures_that_tell_their_time(people, draw, clock):
    """A picture of a day gone by covers the instant that its Exif tells, with a face or without; else nothing."""
    pictures = [
        taken(draw("a.png", (1, 90)), "2026:03:01 08:05:00"),
        taken(draw("empty.png"), "2026:03:01 09:00:00"),
        taken(draw("other day.png", (9,)), "2026:02:20 08:00:00"),
        draw("no time.png", (9,), seed=3),
    ]
    list(people.check(*pictures, session=YESTERDAY, on_problem=lambda _: None))
    moments = datetime(2026, 3, 1, 8, 5, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert [("file", FILES, at, at) for at in moments] == spans(people)
    assert {clock.now} == {each.entered for each in covered(people)}


def test_no_file_name_is_kept(people, draw, home):
    """A picture's name may be that of somebody: what is covered does not tell it."""
    list(people.check(draw("Ada Lovelace.png"), on_problem=lambda _: None))
    assert [FILES] == [each.source for each in covered(people)]
    assert not any(b"Lovelace" in each for each in contents(home).values())


def test_pictures_that_a_program_takes_of_a_camera(people, clock):
    """Handed in one after another they are one span that grows; after more than a minute it is another one."""
    for seconds in (0, 10, 0.2, 59, 61, 5):
        clock.forward(seconds=seconds)
        people.record_picture([], how="camera")
    moments = [NOW + timedelta(seconds=each) for each in (0, 69.2, 130.2, 135.2)]
    assert [("camera", "camera", *moments[:2]), ("camera", "camera", *moments[2:])] == spans(people)


# --- runs ------------------------------------------------------------------------------------------------------


def test_a_stretch_grows(people):
    """What goes on is one row, whose end alone moves on, and never back."""
    desk, later = people.desk, NOW + timedelta(seconds=30)
    given = ("camera", Scope(), "door")
    noted = desk.cover(*given, begins=NOW, ends=later, before=None)
    again = desk.cover(*given, begins=NOW, ends=later + timedelta(seconds=30), before=noted)
    assert noted == again
    desk.cover(*given, begins=NOW, ends=later, before=again)
    assert [("camera", "door", NOW, later + timedelta(seconds=30))] == spans(people)


def test_who_is_enrolled_meanwhile_was_not_looked_for_before(people, draw):
    """After somebody was enrolled another row begins where the one before ends."""
    given, minute = ("camera", Scope(), "door"), timedelta(minutes=1)
    noted = people.desk.cover(*given, begins=NOW, ends=NOW + minute, before=None)
    people.enroll(draw("bob.png", (2,)), name="Bob")
    for number in (2, 3, 4):
        noted = people.desk.cover(*given, begins=NOW, ends=NOW + number * minute, before=noted)
    assert [(NOW, NOW + 2 * minute), (NOW + 2 * minute, NOW + 4 * minute)] == [each[2:] for each in spans(people)]


def test_a_run_for_nobody_covers_nothing(app):
    """Where nobody can be recognised there is nothing to hand in again."""
    assert app.desk.cover("camera", Scope(), "door", begins=NOW, ends=NOW, before=None) is None
    assert [] == covered(app)


@pytest.mark.parametrize("session", [YESTERDAY, "2026-02-01"])
def test_a_video_of_a_day_gone_by_covers_nothing(people, session):
    """When it was filmed is not known, so that nobody was absent then; so also where the day has a session already."""
    people.mark("Ada", session=YESTERDAY)
    assert people.desk.cover("file", Scope(session), "a.mp4", begins=NOW, ends=NOW, before=None) is None
    assert [] == covered(people)


def test_a_video_of_now_names_no_file(people):
    """A video of today covers the time of its run, under no name of a file."""
    people.desk.cover("file", Scope("2026-03-02"), "Ada.mp4", begins=NOW, ends=NOW + timedelta(seconds=9), before=None)
    assert [("file", FILES, NOW, NOW + timedelta(seconds=9))] == spans(people)


class EmptyRoom:
    """A camera before which nobody comes: a picture after each of these pauses, in seconds of the clock."""

    state, detail = CameraState.ONLINE, ""

    def __init__(self, clock, pauses):
        self.clock, self.pauses = clock, list(pauses)

    def open(self):
        pass

    def close(self):
        pass

    def newest(self, _timeout_s):
        if not self.pauses:
            self.state = CameraState.ENDED
            return None
        self.clock.forward(seconds=self.pauses.pop(0))
        return Frame(np.zeros((120, 160, 3), np.uint8), len(self.pauses), self.clock.seconds, self.clock.utc())


def test_a_camera_that_was_off(people, clock, pipeline):
    """A camera that gives no picture from nine to eleven leaves two spans; each is for the group it looked for."""
    pipeline.detector, pipeline.detect = pipeline, lambda _: []
    clock.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    room = EmptyRoom(clock, [0, *[5] * 719, 5, 2 * 3600, *[5] * 720])
    assert [] == list(people.watch("rtsp://u:secret@cam/live", device=room, group="7b"))
    hours = [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (8, 9, 11, 12)]
    assert [("camera", "rtsp://***@cam/live", *hours[:2]), ("camera", "rtsp://***@cam/live", *hours[2:])] == spans(
        people
    )
    assert ({"7b"}, [1]) == ({each.group for each in covered(people)}, [*map(len, people.sessions.checks().values())])


CAMERA = """
import sys, time
from datetime import UTC, datetime
import numpy as np
sys.path.insert(0, {folder!r})
import conftest
from pathlib import Path
from attendance import Attendance
from attendance.cameras import CameraState, Frame

class Endless:
    state, detail = CameraState.ONLINE, ""
    number = 0
    def open(self): pass
    def close(self): pass
    def newest(self, _):
        self.number += 1
        if self.number == 40:
            print("looking", flush=True)
        time.sleep(0.005)
        return Frame(np.zeros((120, 160, 3), np.uint8), self.number, time.monotonic(), datetime.now(UTC))

pipeline = conftest.helper("fake_pipeline").FakePipeline()
pipeline.detector, pipeline.detect = pipeline, lambda _: []
with Attendance.open({home!r}, pipeline=pipeline) as app:
    for _ in app.watch("0", device=Endless()):
        pass
"""


@pytest.mark.usefixtures("noon")
def test_a_camera_that_is_killed(people, home, tmp_path):
    """Killed in the middle of its work, a camera has covered what it had noted, and the home is whole."""
    folder = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - handed to a program of its own
    program = tmp_path / "camera.py"
    program.write_text(textwrap.dedent(CAMERA).format(folder=folder, home=str(home)))
    people.close()
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as running:
        assert "looking\n" == running.stdout.readline()
        running.send_signal(signal.SIGKILL)
    with Attendance.open(home, pipeline=people.pipeline) as app:
        ((kind, source, begins, ends),) = spans(app)
        assert ("camera", "0") == (kind, source)
        assert timedelta(0) < ends - begins < timedelta(minutes=1)
        assert [] == app.gallery.verify()


# --- gaps ------------------------------------------------------------------------------------------------------


def row(source, begin, end, kind="camera") -> StoredCoverage:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    times = (at + timedelta(minutes=each) for each in (begin, end))
    return StoredCoverage(1, kind, source, None, None, None, *times, at, "t", "")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 200), st.integers(0, 60)), max_size=6))
def test_gaps_are_the_minutes_between(found):
    """Minute by minute: a gap is more than five minutes of one source between two that it looked at."""
    rows = [row(source, begin, begin + length) for source, begin, length in found]
    gaps = {
        (gap.source, gap.begins.hour * 60 + gap.begins.minute, gap.ends.hour * 60 + gap.ends.minute)
        for gap in gaps_of(rows, "UTC")
    }
    wanted = set()
    for source in {each for each, *_ in found}:
        looked = sorted({n for s, begin, length in found if s == source for n in range(begin, begin + length + 1)})
        wanted |= {(source, a, b) for a, b in pairwise(looked) if b - a > 5}
    assert wanted == gaps


def test_a_night_is_no_gap():
    """Between two days of the site's zone nobody expects a camera to look; within one it is a gap."""
    rows = [row("door", 0, 60), row("door", 600, 660)]
    assert [(60, 600)] == [(gap.begins.hour * 60, gap.ends.hour * 60) for gap in gaps_of(rows, "UTC")]
    assert [] == gaps_of(rows, "America/New_York"), "there it is midnight between them"


@pytest.mark.parametrize("kind", ["file", "hand"])
def test_what_does_not_go_on_has_no_gaps(kind):
    """Pictures and people who watch for a while do not pause."""
    assert [] == gaps_of([row("x", 0, 10, kind), row("x", 60, 70, kind)], "UTC")


def test_who_acts_is_kept(people):
    """What is covered names the account, and acting for another changes nothing for the next."""
    noted = CoverageNotes(people.store, lambda: 1, "first")
    noted.by("second").picture("file", Scope(), NOW, now=NOW)
    noted.picture("file", Scope(), NOW + timedelta(minutes=1), now=NOW)
    assert ["second", "first"] == [each.by for each in covered(people)]
