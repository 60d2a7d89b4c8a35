"""Films of two public-domain portraits through the real detector, encoder, gallery and capture process."""

import cv2
import numpy as np
import pytest
from PIL import Image

from attendance.app import Attendance
from attendance.cameras import VideoReader
from attendance.errors import CameraMissing
from attendance.scope import Scope
from attendance.services.watching import check_video, run_camera

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture(scope="module")
def app(tmp_path_factory, astronaut):
    home = tmp_path_factory.mktemp("home")
    Image.fromarray(astronaut).save(home / "astronaut.png")
    with Attendance.open(home / "home") as made:
        made.enroll(home / "astronaut.png", name="Eileen Collins", external_id="E-1")
        yield made


def shot(astronaut, hopper, number, size):
    """The enrolled astronaut on the left, swaying and growing; the admiral, not enrolled, on the right; noise."""
    height, width = size
    rng = np.random.default_rng(number)
    out = np.full((height, width, 3), 100, np.uint8)
    sway = 6 * np.sin(number / 5)
    for portrait, left, (cx, cy) in ((astronaut, 0, (223, 120)), (hopper[40:552], width // 2, (265, 140))):
        scale = height / 512 * (0.95 + 0.1 * np.sin(number / 9))
        matrix = np.array([[scale, 0, width / 4 - cx * scale + sway], [0, scale, height * 0.4 - cy * scale + sway / 2]])
        out[:, left : left + width // 2] = cv2.warpAffine(portrait, matrix, (width // 2, height))
    return np.clip(out + rng.normal(0, 6, out.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory, astronaut, hopper):
    """A second and a half of the two, 640x360."""
    path = tmp_path_factory.mktemp("clip") / "two.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (640, 360))
    for number in range(36):
        writer.write(np.ascontiguousarray(shot(astronaut, hopper, number, (360, 640))[..., ::-1]))
    writer.release()
    return path


def test_a_real_film(app, clip, tmp_path):
    """Of two people in a film the enrolled one is marked and the other unknown, and a second run says already."""
    runs = []
    for name in ("one.mp4", "two.mp4"):
        told = []
        summary = check_video(
            app.desk, clip, emit=told.append, status=str, stop=lambda: False, annotate=tmp_path / name
        )
        runs.append(sorted((each.decision, each.person and each.person.id) for each in told))
        assert (36, "ended") == (summary.frames, summary.state)
    assert [[("present", "E-1"), ("unknown", None)], [("already", "E-1"), ("unknown", None)]] == runs
    assert (tmp_path / "one.mp4").stat().st_size > 10_000


def test_a_film_of_yesterday(app, clip):
    """A film checked for the day it was made marks on that day, at a time not known, and says it was checked later."""
    told = [each for each in app.check(clip, session="2020-03-01") if each.decision == "present"]
    (found,) = app.report(session="2020-03-01")
    assert (1, "present", "checked later", None) == (len(told), found.status, found.shown, found.to_dict()["at"])


def test_a_real_film_as_a_camera(app, clip):
    """The same film as a camera, in real time through its own process, gives the same people."""
    told, said = [], []
    summary = run_camera(
        app.desk, str(clip), Scope(dry_run=True), window=False, emit=told.append, status=said.append, stop=lambda: False
    )
    found = {(each.decision, each.person and each.person.id) for each in told}
    assert "ended" == summary.state
    assert found <= {("present", "E-1"), ("review", "E-1"), ("unknown", None)}
    assert {"E-1", None} == {person for _, person in found}


def test_a_missing_camera(app, tmp_path):
    """A camera that is not there is an error with exit code 4, and nothing hangs."""
    with pytest.raises(CameraMissing) as caught:
        run_camera(app.desk, str(tmp_path / "none.mp4"), window=False, emit=print, status=str, stop=lambda: False)
    assert 4 == caught.value.exit_code


def test_a_living_face_is_marked_as_one(tmp_path, shared_data):
    """Somebody who talks, from a real film, is marked as alive where a file is asked; nothing but that is needed."""
    path = shared_data / "videos" / "night.mkv"
    flags = {"liveness_files": "require", "multi": "largest"}
    with Attendance.open(tmp_path / "home", flags=flags) as made:
        (frame, *_) = VideoReader(path, made.clock)
        Image.fromarray(frame.pixels).save(tmp_path / "face.png")
        made.enroll(tmp_path / "face.png", name="Somebody", external_id="E-1")
        (decision,) = made.check(path)
        assert ("present", "live") == (decision.decision, decision.liveness)
        replay = made.whys.of(None, decision.sighting).replay
        assert (True, "live") == (replay.same, replay.liveness.ruling)
        assert {"planar", "surround", "repeats"} == set(replay.liveness.cues)


def test_a_photo_that_is_filmed_is_not(tmp_path, astronaut):
    """The enrolled portrait itself, filmed for four seconds and not moved, is a case for somebody to look at."""
    path = tmp_path / "photo.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (512, 512))
    for _ in range(100):
        writer.write(np.ascontiguousarray(astronaut[..., ::-1]))
    writer.release()
    Image.fromarray(astronaut).save(tmp_path / "face.png")
    with Attendance.open(tmp_path / "home", flags={"liveness_files": "require"}) as made:
        made.enroll(tmp_path / "face.png", name="Eileen Collins", external_id="E-1")
        (decision,) = made.check(path)
        assert "review" == decision.decision
        assert decision.liveness in {"unsure", "attack"}
        assert made.whys.of(None, decision.sighting).replay.same


def test_a_class_room(app, shared_data):
    """A real class room, an animated GIF, of people who are not enrolled marks nobody, one line each."""
    told = []
    summary = check_video(
        app.desk, shared_data / "videos" / "classroom.gif", emit=told.append, status=str, stop=lambda: False
    )
    assert (45, 0) == (summary.frames, summary.marked)
    assert {"unknown", "refused"} >= {each.decision for each in told}
    assert 3 <= len(told) <= 6
