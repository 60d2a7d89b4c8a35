"""`attendance check`: what it says before it judges, and what it marks in crowds, films and before cameras."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from attendance import Attendance
from attendance.cli import run
from attendance.cli.check import announce


@pytest.fixture
def said(app, home, clock, pipeline, draw, capsys):
    """What is announced for a home of two people with these settings; the model has counted a million comparisons."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    app.enroll(draw("b.png", (2,)), name="Bob")
    app.close()

    def call(**flags: float) -> str:
        with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
            announce(opened.outlooks.of(opened.scope()))
        return capsys.readouterr().err

    return call


def test_a_counted_threshold_is_said_plainly(said):
    """Where enough comparisons were counted the line tells the target and what it means, and nothing else."""
    assert (
        "encoder fake-1 · 2 people · threshold 0.250 for a target FPIR of 0.60%: "
        "of 1,000 strangers about 6 would be taken for somebody\n"
    ) == said(guard_people=0, target_fpir=1 - (1 - 0.003) ** 2)


def test_guarding_people_count_for_what_was_counted(said):
    """What was counted is told of the threshold at work, which the people added to the gallery's size raise."""
    assert "calculated" not in said(guard_people=998)  # 3 of a million: 8.8 would fit
    assert "about 3 would be taken for somebody (calculated; counting alone allows up to 9.6)\n" in said(
        guard_people=1198
    )


def test_a_calculated_threshold_says_what_counting_allows(said):
    """Where hardly a measured comparison reached the threshold, the line says how many strangers fit the count."""
    line = said(guard_people=99_998)
    assert line.endswith("about 3 would be taken for somebody (calculated; counting alone allows up to 311)\n")
    assert 1 == line.count("\n")


def test_a_threshold_set_by_hand_says_so_too(said):
    """A threshold set by hand is no promise either: beyond all that was counted the line says what might be."""
    assert "set by hand: of 1,000 strangers about 6 would be taken for somebody\n" in said(match_threshold=0.25)
    assert (
        "set by hand: of 1,000 strangers about 2e-06 would be taken for somebody (calculated; counting alone"
        in said(match_threshold=1.5)
    )


def test_why_nobody_is_searched(app, clock, draw, capsys):
    """An empty search says why: nobody enrolled, nobody active, nobody active in the group."""

    def last() -> str:
        announce(app.outlooks.of(app.scope(group=group)))
        return capsys.readouterr().err.splitlines()[-1]

    group = None
    assert "nobody is enrolled yet; everybody will be unknown" == last()
    app.enroll(draw("a.png", (1,)), name="Ada", groups=["7b"])
    app.gallery.set_active("Ada", False, at=clock.utc(), by="test")
    assert last().startswith("everybody enrolled is inactive ('attendance gallery activate PERSON')")
    app.enroll(draw("b.png", (2,)), name="Bob")
    group = "7b"
    assert "nobody active in group 7b has a template; everybody will be unknown" == last()


def test_sixteen_faces(command, draw, outcomes):
    """A picture of a crowd: everybody enrolled is marked once, the others are unknown."""
    for person in range(1, 9):
        command("enroll", draw(f"{person}.png", (person,)), "--name", f"Person {person}")
    code, out, _ = command("check", draw("crowd.png", *((person, 90) for person in range(1, 17))))
    kinds = [kind for kind, _ in outcomes(out)]
    assert (0, 8, 8) == (code, kinds.count("present"), kinds.count("unknown"))


@pytest.fixture
def film(tmp_path, astronaut) -> Path:
    """Two seconds of the astronaut's portrait, as Motion JPEG."""
    import cv2

    path = tmp_path / "door.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (512, 512))
    for step in range(24):
        writer.write(np.roll(astronaut, step % 5, axis=1)[:, :, ::-1])
    writer.release()
    return path


def test_film_and_camera(home, portraits, film, capsys, outcomes):
    """A film marks who is in it, and so does the same film played as a camera, where nobody asks if a face lives."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([*map(str, arguments), "--home", str(home)])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    for name in ("Eileen Collins", "Grace Hopper"):
        assert call("enroll", portraits / f"{name}.jpg", "--name", name)[0] == 0
    code, out, err = call("check", film, "--annotate", film.with_name("seen.mp4"))
    assert (0, [("present", "Eileen Collins")]) == (code, outcomes(out))
    assert 1 == err.count("liveness is not asked of files")
    assert film.with_name("seen.mp4").stat().st_size > 1000
    assert call("session", "open", "Door")[0] == 0
    code, out, err = call("check", "--camera", film, "--no-window", "--session", "Door", "--set", "liveness=off")
    assert (0, [("present", "Eileen Collins")]) == (code, outcomes(out)), err
    assert "liveness off" in err.splitlines()[0]
    _, out, _ = call("session", "show", "Door")
    assert "camera" in out
    _, out, _ = call("report", "--session", "Door")
    assert ["present", "absent"] == [row["status"] for row in csv.DictReader(io.StringIO(out))]
