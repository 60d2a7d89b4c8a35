"""`attendance liveness`: the guide with scripted answers and a camera that plays frames, and what is kept of it."""

import io
import json
import re
from collections import Counter

import pytest
from live_world import FPS, ScriptedCamera, Sight, World

from attendance import Attendance
from attendance.cameras import CameraState
from attendance.cli.liveness import USUAL
from attendance.errors import CameraMissing
from attendance.live.living import Asking
from attendance.live.presenting import Presented
from attendance.liveness.measuring import SPECIES, Figures, Presentation
from attendance.liveness.saying import Said, silent
from attendance.records import PersonRef
from attendance.scope import Scope
from attendance.services.livenessguide import Door, Guide, Kept, Plan, in_words
from gallery import history

ADA, BOB = Sight(1), Sight(2)
SECONDS = 1.0
FRAMES = round(SECONDS * FPS) + 1  # of one presentation, its end included
LIVE = Said(1.0, 1.0, "parallax")


class Words:
    """A cue that says, track by track, what is written down."""

    id = "words"

    def __init__(self, said=LIVE):
        self.said = said

    def judge(self, _moments):
        return self.said


@pytest.fixture
def words(monkeypatch):
    """The one cue that is asked."""
    found = Words()
    monkeypatch.setattr("attendance.liveness.CUES", (found,))
    return found


class Room:
    """A guide before a camera that plays frames, and what was asked and said there."""

    def __init__(self, frames, answers, *, species=("print",), each=2, script=None):
        self.world = World(frames, vote_frames=1)
        self.answers, self.asked, self.said, self.cameras = list(answers), [], [], []
        self.script = script or {}
        plan = Plan(species, each, SECONDS, Asking("review", 0.3))
        door = Door(self.camera, "door", self.world.monotonic)
        self.guide = Guide(self.world, Scope(dry_run=True), door, plan, say=self.said.append, ask=self.ask)

    def camera(self):
        made = ScriptedCamera(self.world, self.script)
        if self.cameras:
            made.number = self.cameras[-1].number
        self.cameras.append(made)
        return made

    def ask(self, question):
        self.asked.append(question)
        told = self.answers.pop(0) if self.answers else None
        if isinstance(told, BaseException):
            raise told
        return told

    def run(self) -> Kept:
        return self.guide.run()


def told(room: Room, begin: str, end: str) -> bool:
    """Whether a presentation was told so, between which words stands by how many pictures."""
    (line,) = [each for each in room.said if each.startswith(begin)]
    return re.fullmatch(r", by \d+ pictures; ", line.removeprefix(begin).removesuffix(end)) is not None


def made(kept: Kept) -> Counter:
    return Counter((each.species, each.person) for each in kept.presentations)


@pytest.mark.usefixtures("words")
def test_from_the_first_person_to_the_last_picture():
    """Enter by Enter: two people, one of whom is not enrolled, then each kind of picture, as often as asked for."""
    room = Room([[ADA]] * 500, ["\n", "", "", "g", "", "", "s", "", "", "", ""], species=("print", "phone"))
    kept = room.run()
    assert {("live", 1): 2, ("guest", 2): 2, ("print", 0): 2, ("phone", 0): 2} == made(kept)
    assert (True, False, []) == (kept.whole, kept.interrupted, room.answers)
    text = "\n".join(room.said)
    assert "Print a photo of an enrolled person, A5 or larger" in text
    assert "on a phone, full screen" in text
    assert told(
        room, "print, 2 of 2: live", "words +1.00 parallax; recognised as Ada; marked with off, review, require"
    )
    assert "person 1, 1 of 2" in room.asked[1]
    assert all(camera.closed for camera in room.cameras)
    assert 1 == len(room.cameras)


def test_each_ruling_is_told_with_its_cues(words):
    """What each cue said stands beside the ruling, and a cue that cannot tell says why."""
    words.said = silent("no_motion")
    room = Room([[Sight(3)]] * 100, ["s", "", "q"], each=1)
    kept = room.run()
    assert told(
        room, "print, 1 of 1: unsure", "words cannot tell (no_motion); not recognised (unknown); marked with no setting"
    )
    assert {("print", 0): 1} == made(kept)


@pytest.mark.usefixtures("words")
def test_repeat_skip_and_end():
    """R makes the last one again, s goes on to the next kind, q ends; what was measured until then is kept."""
    room = Room([[ADA]] * 500, ["s", "", "r", "s", "", "q"], species=("print", "phone", "tablet"), each=3)
    kept = room.run()
    assert {("print", 0): 1, ("phone", 0): 1} == made(kept)
    assert not kept.whole
    assert "ended early: 2 presentations made until now, which count" == room.said[-1]


@pytest.mark.usefixtures("words")
def test_nothing_can_be_repeated_before_the_first():
    """R and words that mean nothing are answered with the keys, and measure nothing."""
    room = Room([[ADA]] * 100, ["what", "s", "r", "x", "q"])
    assert [] == room.run().presentations
    assert 2 == sum("r repeats the last one" in each for each in room.said)


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize("end", [None, KeyboardInterrupt()])
def test_who_goes_away_or_presses_ctrl_c_keeps_what_there_is(end):
    """The end of what is typed, and Ctrl-C, end it as q does."""
    room = Room([[ADA]] * 300, ["s", "", end] if end else ["s", ""])
    kept = room.run()
    assert {("print", 0): 1} == made(kept)
    assert (False, end is not None) == (kept.whole, kept.interrupted)
    assert room.cameras[-1].closed


@pytest.mark.usefixtures("words")
def test_ctrl_c_within_a_presentation_drops_that_one_alone():
    """What was half seen does not count."""
    room = Room([[ADA]] * 300, ["s", "", ""], script={FRAMES + 5: KeyboardInterrupt()})
    kept = room.run()
    assert ({("print", 0): 1}, True) == (made(kept), kept.interrupted)


@pytest.mark.usefixtures("words")
def test_a_lost_camera_is_told_and_tried_again():
    """The presentation in which it was lost does not count and is made again; the others stay."""
    room = Room([[ADA]] * 500, ["s", "", "", ""], script={FRAMES + 5: (CameraState.OFFLINE, "no picture for 5 s", 6.0)})
    kept = room.run()
    assert {("print", 0): 2} == made(kept)
    (told,) = [each for each in room.said if "does not count" in each]
    assert told.startswith("error[camera.lost] door: it stopped delivering pictures.")
    assert (2, True) == (len(room.cameras), room.cameras[0].closed)


@pytest.mark.usefixtures("words")
def test_a_camera_that_never_opens_is_told():
    """Each Enter tries it again; who gives up has measured nothing."""
    room = Room([[ADA]] * 10, ["s", "", "", "q"], script={0: CameraMissing("door", "no such device")})
    assert [] == room.run().presentations
    assert 1 == sum("camera.missing" in each for each in room.said)


@pytest.mark.usefixtures("words")
def test_models_that_fail_lose_one_presentation_alone():
    """What the models raise is told as a camera's trouble is, and what was measured before stays."""
    room = Room([[ADA]] * 300, ["s", "", "", "q"])
    ask = room.guide._ask

    def failing(question):
        room.world.fail = "embed" if "2 of 2" in question else None
        return ask(question)

    room.guide._ask = failing
    assert {("print", 0): 1} == made(room.run())
    assert any("an embedding is not finite" in each for each in room.said)


@pytest.mark.usefixtures("words")
def test_a_camera_that_sends_nothing_is_told():
    """After a while without any picture the presentation is given up."""
    room = Room([[ADA]] * 10, ["s", "", "q"])

    class Silent(ScriptedCamera):
        def newest(self, _timeout_s):
            self.world.seconds += 1

    room.guide._door = Door(lambda: Silent(room.world), "door", room.world.monotonic)
    assert [] == room.run().presentations
    assert any("camera.no_frames" in each for each in room.said)


def test_who_is_taken_for_somebody_else_counts_as_missed():
    """Of a person who is recognised as Ada twice and as Bob once, the third presentation marks nobody rightly."""
    kept, marked = Kept(), frozenset({"off", "review", "require"})
    for name in ("A", "A", "B", None):
        person = None if name is None else PersonRef(name, name, 1)
        kept.add("live", 1, Presented("live", marked if name else frozenset(), person))
    kept.add("print", 0, Presented("attack", frozenset({"off"}), PersonRef("B", "B", 2)))
    figures = Figures(kept.counts())
    assert 2 == figures.fnir("review").hits
    assert 1 == figures.iapir("print", "off").hits
    kept.drop_last()
    assert ((), 4) == (Figures(kept.counts()).species, len(kept.presentations))


def test_words_of_one_without_a_face():
    """It says why, and when more than one face was in view."""
    assert "no face that can be judged (blurred)" == in_words(Presented(None, reasons=("blurred",)))
    assert in_words(Presented("live", faces=2)).endswith("the one seen longest and largest counts")


def test_the_help_names_every_species():
    """What --help lists, without loading them, is what there is."""
    assert tuple(USUAL.split(",")) == tuple(SPECIES)


def test_how_long_it_takes():
    """Ten of each kind and ten of one person, nine seconds each."""
    assert 10 == Plan(tuple(SPECIES), 10, 5.0, Asking()).minutes


# The commands


@pytest.fixture
def door(command, draw, words, monkeypatch):
    """A home with Ada and a place, whose camera shows Ada; what is typed is given, and figures come back."""
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "A")[0]
    assert 0 == command("place", "add", "Front door", "rtsp://door:s3cret@10.0.0.9/live")[0]
    world = World([[ADA]] * 3000, vote_frames=1)
    monkeypatch.setattr(Attendance, "desk", world)
    monkeypatch.setattr("attendance.services.livenessguide.ProcessCamera", lambda *_, **__: ScriptedCamera(world))

    def measure(typed, *more):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return command("liveness", "measure", "--place", "Front door", "--seconds", "1", "--yes", *more)

    measure.words, measure.command, measure.world = words, command, world
    return measure


def entries(home) -> list:
    with Attendance.open(home) as app, app.store.reading() as view:
        return history(view, action="liveness.measured")


def test_measured_told_and_kept(door, home):
    """The figures are printed, and the log has the counts of the place, the settings and the camera, and no name."""
    code, out, err = door("\n" * 3 + "s\n" + "\n" * 2, "--each", "2", "--species", "print")
    assert 0 == code
    assert "person 1, enrolled: 2 presentations: 2 live, 0 unsure, 0 attack" in out
    assert "print (a printed photo, flat, with its border): 2 presentations: 2 live" in out
    assert "the worst: review print, 100 %" in out
    assert "no picture is kept" in err
    assert "adult and have agreed" in err
    assert "s3cret" not in out + err
    (entry,) = entries(home)
    assert (["live", "print"], True) == ([each["species"] for each in entry.details["counts"]], entry.details["whole"])
    assert ("rtsp://***@10.0.0.9/live", "camera") == (entry.details["camera"], entry.details["means"])
    assert "Ada" not in json.dumps(entry.details)
    assert [] == door.world.marks


def test_shown_again(door):
    """`show` prints what was kept, by place, and as JSON with the place's name."""
    assert "Front door: never measured" in door.command("liveness", "show")[2]
    door("s\n\n\n", "--each", "2", "--species", "print")
    code, out, _ = door.command("liveness", "show", "--place", "Front door")
    assert (0, True) == (code, out.startswith("Front door\nmeasured "))
    told = json.loads(door.command("liveness", "show", "--json")[1])
    assert ("Front door", 1, []) == (told["place"], told["schema"], told["outdated"])
    (species,) = told["species"]
    assert {"review": 2, "require": 2} == {name: species["apcer"][name]["hits"] for name in ("review", "require")}
    assert 1 == door.command("liveness", "show", "--place", "Back door")[0]


def test_none_of_thirty_is_no_zero(door):
    """30 prints of which none was taken for a living face are told as 9.5 % at most."""
    door.words.said = Said(-1.0, 1.0, "plane")
    out = door("s\n" + "\n" * 30, "--each", "30", "--species", "print")[1]
    assert "review <= 9.5 %, require <= 9.5 %" in out
    assert " 0 %" not in out


def test_json_alone_on_stdout(door):
    """With --json what is asked goes to stderr, and one object to stdout; ended early is told in it."""
    code, out, err = door("s\n\nq\n", "--each", "2", "--json")
    told = json.loads(out)
    assert (0, False, "review") == (code, told["whole"], told["settings"]["liveness"])
    assert "print, 1 of 2" in err


def test_a_run_s_own_settings_are_kept(door, home):
    """What --set says is what was measured, and what `show` finds outdated by the settings in force."""
    door("s\n\nq\n", "--each", "2", "--set", "liveness_wait_s=3")
    assert 3 == entries(home)[0].details["settings"]["liveness_wait_s"]
    assert "Front door: measured with another liveness_wait_s; measure anew" in door.command("liveness", "show")[2]


def test_nothing_measured_is_nothing_kept(door, home):
    """Whoever ends at once leaves no entry."""
    code, out, err = door("q\n")
    assert (1, "", True) == (code, out, "nothing was measured" in err)
    assert [] == entries(home)


def test_an_address_is_measured_and_not_kept(door, home, monkeypatch):
    """Without a place the figures are told, and where they could be kept."""
    monkeypatch.setattr("sys.stdin", io.StringIO("s\n\nq\n"))
    more = ("--seconds", "1", "--yes", "--species", "print")
    code, out, err = door.command("liveness", "measure", "--camera", "rtsp://10.0.0.8/live", *more)
    assert (0, True, True) == (code, "print" in out, "not kept, as no place is named" in err)
    assert [] == entries(home)


def test_a_camera_by_its_place_s_name_is_that_place(door, home, monkeypatch):
    """As `check --camera NAME` understands it, the place is measured and kept."""
    monkeypatch.setattr("sys.stdin", io.StringIO("s\n\nq\n"))
    more = ("--seconds", "1", "--yes", "--species", "print")
    assert 0 == door.command("liveness", "measure", "--camera", "Front door", *more)[0]
    assert 1 == len(entries(home))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say --place NAME"),
        (("--place", "Front door", "--each", "0"), "--each"),
        (("--place", "Front door", "--species", "live"), "--species"),
        (("--place", "Front door", "--species", "a b"), "--species"),
        (("--place", "Front door", "--species", ","), "--species"),
        (("--camera", "0", "--from", "x"), "--from"),
        (("--place", "Front door"), "--yes"),
    ],
)
def test_wrong_usage(door, monkeypatch, words, said):
    """What cannot be measured is told before a camera is opened; without a person nobody has agreed."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, _, err = door.command("liveness", "measure", *words)
    assert (2, True) == (code, said in err)


def test_presentations_are_what_is_counted():
    """A presentation without a ruling marks nobody."""
    with pytest.raises(ValueError, match="marked"):
        Presentation("print", None, frozenset({"off"}))
