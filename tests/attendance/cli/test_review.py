"""`attendance review`: what waits is listed and shown in full, and every decision says what it rests on."""

import json
import re
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from attendance import clock as clocks
from attendance.cli import output, review
from attendance.register.review import REASONS

UNSURE = 25  # percent: above the review threshold of three people, below the one of a mark
TIME = datetime(2026, 3, 2, 7, 58, 11, tzinfo=UTC)
CLOSE = ("--set", "guard_people=0")


@pytest.fixture
def waiting(command, draw, monkeypatch):
    """Ada and Bob, who look alike, and Cid are enrolled; a face that may be Ada's waits, one of Bob's, one of Cid's."""
    monkeypatch.setattr(clocks.SystemClock, "utc", lambda _: TIME)
    for number, name in enumerate(("Ada", "Bob", "Cid"), 1):
        photo = draw(f"{name}.png", (number,), seed=number)
        assert 0 == command("enroll", photo, "--name", name, "--id", f"E-{number}")[0]
    for number in (1, 2, 3):
        code, _, err = command("check", draw(f"door{number}.png", (number, UNSURE)), *CLOSE)
        assert 0 == code
    assert "3 reviews wait for somebody to look: 'attendance review list'" == err.splitlines()[-1]
    return command


def test_a_check_says_what_waits(command, draw):
    """Only a check that left reviews says so at its end; one without, and a dry run, do not."""
    command("enroll", draw("ada.png", (1,)), "--name", "Ada")
    unsure = draw("door.png", (1, 20))
    assert "wait" not in command("check", unsure, "--dry-run", *CLOSE)[2]
    last = "1 review waits for somebody to look: 'attendance review list'"
    assert last == command("check", unsure, *CLOSE)[2].splitlines()[-1]
    assert "wait" not in command("check", draw("sure.png", (1, 90)), *CLOSE)[2]


def test_a_camera_that_is_interrupted_says_what_waits(command, draw, monkeypatch):
    """Ctrl-C is how a camera's check ends: the reviews that it has left are told all the same."""

    def watched(desk, _address, scope, *, emit, **_):
        with Image.open(draw("door.png", (1, 20))) as picture:
            faces = desk.pipeline.faces(np.asarray(picture))
        for decision in desk.judge(faces, scope, source="0", track=True):
            emit(desk.record(decision, scope, means="camera"))
        raise KeyboardInterrupt

    command("enroll", draw("ada.png", (1,)), "--name", "Ada")
    monkeypatch.setattr("attendance.services.watching.run_camera", watched)
    code, out, err = command("check", "--camera", "0", "--no-window", *CLOSE)
    assert (130, "review") == (code, out.splitlines()[1].split(",")[1])
    assert "1 review waits for somebody to look: 'attendance review list'" in err.splitlines()
    assert "waits" not in command("check", "--camera", "0", "--no-window", "--dry-run", *CLOSE)[2]


def test_the_list(waiting):
    """Piped it is CSV with times on the site's clock; with --json all that is known, one object a line."""
    assert (
        "number,at,name,id,score,needs,lead,why,face\n"
        "1,2026-03-02 07:58,Ada,E-1,0.250,0.300,0.250,close call,kept\n"
        "2,2026-03-02 07:58,Bob,E-2,0.250,0.300,0.250,close call,kept\n"
        "3,2026-03-02 07:58,Cid,E-3,0.250,0.300,0.250,close call,kept\n"
    ) == waiting("review", "list")[1]
    rows = [json.loads(line) for line in waiting("review", "list", "--json")[1].splitlines()]
    assert [(1, 1, "E-1", True, []), (1, 2, "E-2", True, []), (1, 3, "E-3", True, [])] == [
        (row["schema"], row["sighting"], row["person"]["id"], row["face"], row["said"]) for row in rows
    ]


def test_the_list_of_one_session(waiting):
    """Of a session only its own reviews are listed; one that is not there is refused."""
    waiting("session", "open", "Maths")
    assert (0, "no review waits\n") == waiting("review", "list", "--session", "Maths", "--json")[::2]
    assert 3 == len(waiting("review", "list", "--session", "2026-03-02", "--json")[1].splitlines())
    assert 1 == waiting("review", "list", "--session", "Arts")[0]


def test_the_table_fits_a_terminal(waiting, monkeypatch):
    """On 80 columns every line fits, and no name is cut."""
    waiting("gallery", "rename", "E-3", "Christopher Montgomery-Smythe-Featherstonehaugh")
    for module in (output, review):
        monkeypatch.setattr(module, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    text = waiting("review", "list")[1]
    assert 80 >= max(map(len, text.splitlines()))
    assert "…" not in text


def test_all_that_is_known(waiting):
    """Who, by which numbers, why in words, whom else it was compared with and who is a look-alike, and the face."""
    waiting("gallery", "lookalikes", "list")
    code, out, _ = waiting("review", "show", "1")
    told = {line[:11].strip(): line[11:] for line in reversed(out.splitlines()[1:])}
    assert (0, "review 1: waits for somebody to look") == (code, out.splitlines()[0])
    assert told["seen"].startswith("2026-03-02 07:58:11 (")
    assert "door1.png, box 4 4 20 24" in told["seen"]
    assert ("Ada (E-1)", "0.250, a mark needs 0.300, lead over the second 0.250") == (told["may be"], told["score"])
    assert f"close call: {REASONS['close_call']}" == told["why"]
    assert ("Ada (E-1) 0.250", "kept; --face FILE.png writes it to a file") == (told["compared"], told["face"])
    assert "           Bob (E-2) 0.000\n" in out
    assert json.loads(waiting("review", "list", "--json")[1].splitlines()[0]) == json.loads(
        waiting("review", "show", "1", "--json")[1]
    )


def test_the_face_is_written_once(waiting, tmp_path):
    """The kept face becomes a new file for its owner alone, and never takes the place of another."""
    target = tmp_path / "face.png"
    assert 0 == waiting("review", "show", "2", "--face", target)[0]
    with Image.open(BytesIO(target.read_bytes())) as picture:
        assert np.array_equal(np.full((112, 112, 3), 2, np.uint8), np.asarray(picture))
    assert 0o600 == target.stat().st_mode & 0o777
    before = target.read_bytes()
    code, _, err = waiting("review", "show", "1", "--face", target)
    assert (1, True, before) == (code, "error[output.failed]" in err, target.read_bytes())
    assert 2 == waiting("review", "show", "1", "--face", tmp_path / "face.jpg")[0]
    waiting("review", "dismiss", "1")
    code, out, err = waiting("review", "show", "1", "--face", tmp_path / "gone.png")
    assert (1, True, False) == (code, "error[sighting.faceless] 1" in err, (tmp_path / "gone.png").exists())
    assert out.splitlines()[0].startswith("review 1: dismiss by ")
    assert out.splitlines()[-1] == "face       not kept, or not any more"


def test_a_decision_says_what_it_rests_on(waiting):
    """Whom it marks, what became of the face, and score against threshold, lead and reasons beside it."""
    code, out, err = waiting("review", "confirm", "1", "--reason", "I know her")
    wanted = (
        r"review 1: Ada \(E-1\) is marked in session 2026-03-02, 2026-03-02 07:58 \(mark [0-9a-f]{32}\); "
        r"its face is deleted; it named Ada \(E-1\) by 0.250, a mark needs 0.300, lead over the second 0.250; "
        r"close call\n"
    )
    assert (0, "", True) == (code, out, re.fullmatch(wanted, err) is not None), err
    assert waiting("review", "show", "1")[1].splitlines()[0].endswith(": I know her")
    code, _, err = waiting("review", "reassign", "2", "Ada")
    assert (0, True) == (code, "Ada (E-1) was marked before, which stays, in session 2026-03-02" in err)
    assert "it named Bob (E-2) by 0.250" in err
    code, _, err = waiting("review", "dismiss", "3", "--reason", "a poster")
    assert (0, True) == (code, "review 3: dismissed, nobody is marked; its face is deleted; it named Cid" in err)
    assert (0, "no review waits\n") == waiting("review", "list")[::2]


@pytest.mark.parametrize("decision", ["confirm", "dismiss"])
def test_one_bad_number_refuses_that_one_alone(waiting, decision):
    """The others are decided all the same, one given twice is decided once, and the exit code tells of the refusal."""
    waiting("review", "dismiss", "2")
    code, _, err = waiting("review", decision, "99", "1", "2", "1", "3", str(2**70))
    assert 1 == code
    assert [
        "error[sighting.unknown] 99", "review 1: ", "error[sighting.settled] 2", "review 3: ",
        f"error[sighting.unknown] {2**70}",
    ] == [re.match(r"(error\[\S+\] \d+|review \d: )", line)[0] for line in err.splitlines()]  # fmt: skip
    assert "" == waiting("review", "list", "--json")[1]


def test_what_is_no_review(waiting, draw):
    """A sighting ruled otherwise, nobody of that name, a word for a number: refused, and nothing is decided."""
    waiting("check", draw("sure.png", (1, 90)), *CLOSE)
    for words, code, said in (
        (("confirm", "4"), 1, "error[sighting.settled] 4: this sighting was ruled present"),
        (("show", "4"), 1, "error[sighting.settled] 4"),
        (("show", "0"), 1, "error[sighting.unknown] 0"),
        (("reassign", "1", "Nobody"), 1, "error[gallery.person_unknown]"),
        (("confirm", "one"), 2, "Invalid value for"),
        (("confirm",), 2, "Usage: attendance review confirm"),
    ):
        found, _, err = waiting("review", *words)
        assert (code, True) == (found, said in err)
    assert 3 == len(waiting("review", "list", "--json")[1].splitlines())


def test_a_review_that_waits_is_no_problem_of_the_home(waiting, home, clock):
    """Doctor counts the reviews that wait as information."""
    from attendance.services.doctor import Doctor

    def found():
        return next(each for each in Doctor(home, clock).examine() if each.check == "reviews")

    assert (True, "3 wait for somebody to look: attendance review list") == (found().ok, found().detail)
    waiting("review", "dismiss", "1", "2", "3")
    assert (True, "0 wait for somebody to look") == (found().ok, found().detail)


def test_what_was_said_is_taken_back(waiting):
    """Undone, a review waits again and its mark is void; what was not said cannot be taken back, and is named."""
    assert 0 == waiting("review", "confirm", "1")[0]
    code, _, err = waiting("review", "undo", "1", "2")
    assert (1, "review 1: It waits again; Ada's mark of 07:58 is void.") == (code, err.splitlines()[0])
    assert err.splitlines()[1].startswith("error[sighting.open] 2")
    assert [1, 2, 3] == [json.loads(each)["sighting"] for each in waiting("review", "list", "--json")[1].splitlines()]
