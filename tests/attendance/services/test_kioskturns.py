"""A head turned before a kiosk: who is asked, what marks, and what is said where it is not done."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest
from kiosk_world import Page, live, png

from attendance import Attendance
from attendance.access import Actor
from attendance.services.kioskturns import AWAY_S, QUEUE_S, Floor
from attendance.services.kioskwatch import asking_at
from attendance.settings import Settings
from enroll.face import Detection
from enroll.geometry import MEAN_FACE_3D

CLERK = Actor("clerk")
AHEAD = 128
PLACES = (20, 120, 220)


def turned(yaw: float) -> np.ndarray:
    """Landmarks (5, 2) around (0, 0) of a head that turned to its own left by so many degrees."""
    a = math.radians(yaw)
    x, y, z = MEAN_FACE_3D.T
    return np.column_stack([x * math.cos(a) + z * math.sin(a), y])


def picture(*people: tuple[int, float], stray: int = 0) -> bytes:
    """A PNG of people by number, each a grey square with a corner that tells its turn; no two are alike."""
    pixels = np.random.default_rng(stray).integers(200, 256, (240, 320, 3), np.uint8)
    for x, (who, yaw) in zip(PLACES, people, strict=False):
        pixels[60:140, x : x + 80] = who
        pixels[60:64, x : x + 4] = AHEAD + round(yaw)
    return png(pixels)


@pytest.fixture
def pipeline(fake):
    """The pipeline of kiosks' tests, whose landmarks turn as the pictures say; the second face is the largest."""
    made = live(fake)

    class Turns(type(made)):
        def detect(self, pixels):
            return [self._turned(pixels, each) for each in super().detect(pixels)]

        def _turned(self, pixels, found):
            x = int(found.box[0])
            marks = np.array([x + 40, 85]) + turned(float(pixels[61, x + 1, 0]) - AHEAD)
            wide = 96.0 if x == PLACES[1] else 80.0
            return Detection((float(x), 60.0, wide, wide), marks.astype(np.float32), 0.9)

    return Turns()


@pytest.fixture
def open_page(tmp_path, pipeline, clock, draw):
    """The page of a kiosk where Ada and Bob are known: ``open_page(kiosk_turns="always")`` has such settings."""
    opened = []

    def open_(**flags) -> Page:
        flags = {"liveness": "require", "kiosk_turns": "needed", "liveness_wait_s": 0.6} | flags
        app = Attendance.open(tmp_path / "home", clock=clock, pipeline=pipeline, flags={"guard_people": 0, **flags})
        opened.append(app)
        app.enroll(draw("a.png", (1,)), name="Ada", external_id="A")
        app.enroll(draw("b.png", (2,)), name="Bob", external_id="B")
        app.places.add(CLERK, "Hall", kind="kiosk", direction="in")
        made = Page(app, app.tokens.add_kiosk(CLERK, "Hall").token, clock)
        made.ask()
        made.begin()
        return made

    yield open_
    for app in opened:
        app.kiosks.close()
        app.close()


class Body:
    """Somebody before the camera, who does what the screen asks two frames after it asked; or not."""

    def __init__(self, who: int, *, does=("left", "right"), stands=False) -> None:
        self.who, self.does, self.stands = who, does, stands
        self.yaw, self.told = 0.0, ["", "", ""]

    def hear(self, prompt: str) -> None:
        self.told = [*self.told[1:], prompt]
        asked = self.told[0] if self.told[0] in self.does else ""
        aim = {"left": 45.0, "right": -45.0}.get(asked, 0.0)
        self.yaw += float(np.clip(aim - self.yaw, -25, 25))


def watch(page: Page, *bodies: Body, frames: int = 120, until=lambda answer: answer["results"]) -> list[dict]:
    """The answers of the kiosk while they are before it, the first of them reading the screen; up to some answer."""
    answers, reader = [], bodies[0]
    for number in range(frames):
        shown = picture(*((each.who, each.yaw) for each in bodies), stray=0 if reader.stands else number)
        answers.append(page.see(shown))
        faces = answers[-1]["faces"]
        reader.hear(faces[0]["prompt"] if faces else "")
        if until(answers[-1]):
            break
    return answers


def prompts(answers) -> list[str]:
    """What was asked of the largest face, each once."""
    found = [each["faces"][0]["prompt"] for each in answers if each["faces"]]
    return [prompt for prompt, _ in itertools.groupby(found)]


def test_settings_say_what_a_kiosk_asks():
    """Liveness, its wait, turns and light; where liveness is off, nothing is asked whatever the rest says."""
    made = asking_at(Settings(liveness="require", kiosk_turns="always", kiosk_light=True, liveness_wait_s=2.0), Floor())
    assert ("require", 2.0, "always", True) == (made.wanted, made.wait_s, made.turns, made.light)
    assert ("review", "needed") == (asking_at(Settings(), Floor()).wanted, asking_at(Settings(), Floor()).turns)


def test_a_mark_that_is_kept_back_is_given_for_turns(open_page):
    """First nothing is asked; then straight, a turn, straight, a turn, straight, a turn; then the name is told."""
    page = open_page()
    answers = watch(page, Body(1))
    asked = prompts(answers)
    assert "" == asked[0]
    assert ["straight"] * 3 == asked[1::2][:3]
    assert 3 == len([each for each in asked if each in {"left", "right"}])
    (told,) = answers[-1]["results"]
    assert ("present", "Ada", "") == (told["state"], told["name"], told["detail"])
    done = [each["faces"][0]["turns"] for each in answers if each["faces"] and "turns" in each["faces"][0]]
    assert ({"done": 0, "of": 3, "try": 1}, {"done": 2, "of": 3, "try": 1}) == (done[0], done[-1])


def test_it_is_kept_with_the_mark(open_page):
    """Order, times and offsets, by which the decision is decided again."""
    page = open_page()
    mark = watch(page, Body(1))[-1]["results"][0]["mark"]
    page.app.kiosks.close()
    found = page.app.whys.of_mark(None, mark)
    kept = found.replay.liveness
    turns = kept.cues["turns"]
    assert ("turned", 3.0, 1.0) == (turns.why, turns.measured["done"], turns.measured["tries"])
    assert ("live", True, True) == (kept.ruling, kept.asked, found.replay.same)


@pytest.mark.parametrize(
    "flags", [{"kiosk_turns": "never", "liveness": "review"}, {"liveness": "review"}, {"liveness": "off"}]
)
def test_who_is_not_kept_back_is_not_asked(open_page, flags):
    """Where only what looks like a picture is kept back, or nothing, or no kiosk asks: no prompt, and a mark."""
    answers = watch(open_page(**flags), Body(1))
    assert ({""}, "present") == (set(prompts(answers)), answers[-1]["results"][0]["state"])


def test_always_asks_everybody(open_page):
    """Also where nothing would be kept back."""
    answers = watch(open_page(kiosk_turns="always", liveness="review"), Body(1))
    assert "straight" in prompts(answers)
    assert "present" == answers[-1]["results"][0]["state"]


def test_what_moves_as_a_picture_may_show_that_it_is_none(open_page):
    """A frozen picture is asked, too; who then turns the head is marked."""
    page, body = open_page(liveness="review", liveness_wait_s=4.0), Body(1, stands=True)
    before = watch(page, body, until=lambda answer: answer["faces"] and answer["faces"][0]["prompt"])
    assert "straight" == before[-1]["faces"][0]["prompt"]
    body.stands = False
    assert "present" == watch(page, body)[-1]["results"][0]["state"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [(Body(1, does=()), "liveness_unsure"), (Body(1, does=(), stands=True), "liveness_attack")],
)
def test_who_does_not_turn_is_told_another_way(open_page, body, reason):
    """When the time is over the face is a review; why is told to the page, and nobody is marked."""
    page = open_page(liveness="require", liveness_wait_s=4.0)
    answers = watch(page, body, until=lambda answer: answer["faces"] and answer["faces"][0]["state"] == "review")
    face = answers[-1]["faces"][0]
    assert (("review", [reason], ""), [], True) == (
        (face["state"], face["reasons"], face["prompt"]), answers[-1]["results"], len(answers) < 120,
    )  # fmt: skip
    gone = [page.see(picture()) for _ in range(20)]
    (told,) = [each for answer in gone for each in answer["results"]]
    assert ("review", None, reason) == (told["state"], told["name"], told["detail"])
    assert [] == page.app.marks.of_session(1)


def test_the_wrong_way_twice_is_no_mark(open_page):
    """Whoever turns to the left whatever is asked is asked once more, and then no more."""

    class Contrary(Body):
        def hear(self, prompt):
            super().hear({"left": "right", "right": "left"}.get(prompt, prompt))

    page = open_page()
    answers = watch(page, Contrary(1), until=lambda answer: answer["faces"] and answer["faces"][0]["state"] == "review")
    assert ["liveness_unsure"] == answers[-1]["faces"][0]["reasons"]
    tries = [each["faces"][0]["turns"]["try"] for each in answers if each["faces"] and "turns" in each["faces"][0]]
    assert [1, 2] == sorted(set(tries))


def test_the_largest_face_alone_is_asked(open_page):
    """Of two, the nearer one; who stands behind is asked when it is their turn, and gets no prompt before."""
    page = open_page()
    ada, bob = Body(1), Body(2)
    answers, marked = [], []
    for number in range(200):
        answers.append(page.see(picture((1, ada.yaw), (2, bob.yaw), stray=number)))
        faces = answers[-1]["faces"]
        bob.hear(faces[0]["prompt"])  # the largest
        assert "" == faces[1]["prompt"]
        marked += [each["name"] for each in answers[-1]["results"] if each["state"] == "present"]
        if marked:
            break
    assert (["Bob"], 0.0) == (marked, ada.yaw)


# The floor


class Stub:
    """A challenge that ends when it is told."""

    def __init__(self) -> None:
        self.ended, self.begun, self.seen = False, None, 0

    def begin(self, time):
        self.begun = time if self.begun is None else self.begun

    def see(self, moment):  # noqa: ARG002
        self.seen += 1

    def prompt(self, time):  # noqa: ARG002
        return "left"

    def over(self, time):  # noqa: ARG002
        return self.ended

    @property
    def progress(self):
        return (1, 3, 1) if self.begun is not None else (0, 3, 0)


@dataclass(frozen=True)
class Near:
    """A moment of a face of some size."""

    time: float
    face_px: float


@pytest.fixture
def two():
    """A floor, two challenges that wait for it, and what is behind these."""
    made = []
    floor = Floor(lambda: made.append(Stub()) or made[-1])
    asked = floor.challenge(), floor.challenge()
    for each in asked:
        each.begin(0.0)
    return floor, *asked, *made


def test_one_has_the_floor_until_it_is_over(two):
    """The first who comes, also where a larger one comes later; then the next."""
    floor, first, second, turns, later = two
    first.see(Near(1.0, 80.0))
    second.see(Near(1.1, 120.0))
    first.see(Near(1.2, 80.0))
    assert (("left", ""), (1.0, None), (2, 0)) == (
        (first.prompt(1.2), second.prompt(1.2)), (turns.begun, later.begun), (turns.seen, later.seen),
    )  # fmt: skip
    assert (1, 3, 1) == floor.progress
    turns.ended = True
    second.see(Near(1.3, 120.0))
    assert (("", "left"), 1.3) == ((first.prompt(1.3), second.prompt(1.3)), later.begun)


def test_who_has_left_has_the_floor_no_more(two):
    """After a second unseen."""
    _floor, first, second, _turns, _later = two
    first.see(Near(1.0, 80.0))
    second.see(Near(1.0 + AWAY_S, 60.0))
    assert "" == second.prompt(2.0)
    second.see(Near(1.1 + AWAY_S, 60.0))
    assert ("", "left") == (first.prompt(2.1), second.prompt(2.1))


def test_nobody_waits_for_ever(two):
    """Whoever never gets the floor is asked no more after a while."""
    _floor, first, second, _turns, _later = two
    first.see(Near(1.0, 80.0))
    second.see(Near(1.1, 60.0))
    assert (False, True) == (second.over(QUEUE_S), second.over(QUEUE_S + 0.1))
    assert not first.over(QUEUE_S + 0.1)
