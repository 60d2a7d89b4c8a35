"""A head turned as it was asked to passes; in any other order, too early, too little, or on a picture it does not."""

import itertools
import json
import math
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from attendance.liveness import combine
from attendance.liveness.turning import (
    BACK,
    DEAD_S,
    GAP_S,
    HELD_S,
    STEP_S,
    TURNED,
    WHOLE_S,
    Turning,
    nose_of,
    orders,
    way_of,
)  # fmt: skip
from enroll.geometry import MEAN_FACE_3D

ORDERS = orders()
WITH_UP = ("left", "right", "up")
FACE = MEAN_FACE_3D * 1.6 + [0, 0, 0]


@dataclass(frozen=True)
class Seen:
    """A moment, as far as the challenge looks at it."""

    time: float
    landmarks: np.ndarray


def seen_from(body, *, yaw=0.0, pitch=0.0, distance=900.0) -> np.ndarray:
    """Points (5, 3) of a body that turned to the picture's right by `yaw`, up by `pitch` (degrees), in perspective."""
    a, b = math.radians(yaw), math.radians(pitch)
    about_y = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    x, y, z = (body @ (about_x @ about_y).T).T
    return np.column_stack([x, y]) * (distance / (distance - z))[:, None] + [320, 240]


@dataclass
class Person:
    """Does what is asked, `react` seconds after it, in `speed` degrees a second, up to `far` degrees.

    `flat` has a picture turned in its stead; `instead` does another thing than what is asked.
    """

    react: float = 0.6
    speed: float = 80.0
    far: float = 42.0
    flat: bool = False
    noise: float = 0.3
    instead: dict = None
    seed: int = 0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.yaw = self.pitch = 0.0
        self.told: list[tuple[float, str]] = []

    def hear(self, time: float, prompt: str) -> None:
        """Be told on the screen what to do."""
        if not self.told or self.told[-1][1] != prompt:
            self.told.append((time, (self.instead or {}).get(prompt, prompt)))

    def pose(self, time: float, step: float) -> np.ndarray:
        """The five points at this time, `step` seconds after the last."""
        known = [prompt for at, prompt in self.told if at + self.react <= time]
        aim = {"left": (self.far, 0), "right": (-self.far, 0), "up": (0, self.far)}.get(
            known[-1] if known else "", (0, 0)
        )
        most = self.speed * step
        self.yaw += float(np.clip(aim[0] - self.yaw, -most, most))
        self.pitch += float(np.clip(aim[1] - self.pitch, -most, most))
        body = FACE * [1, 1, 0 if self.flat else 1]
        return seen_from(body, yaw=self.yaw, pitch=self.pitch) + self.rng.normal(0, self.noise, (5, 2))


def chosen(*tries, ways=("left", "right")) -> Turning:
    """A challenge that asks for these orders, try by try."""
    possible, rest = orders(ways), iter(tries)
    return Turning(lambda count: possible.index(next(rest)) if count == len(possible) else -1, ways)


def played(challenge: Turning, person: Person, *, fps=8.0, seconds=WHOLE_S + 2, drop=None) -> list[Seen]:
    """The person before the challenge until it is over; the moments that it saw. `drop(number)` are not seen."""
    challenge.begin(0.0)
    film = []
    for number in range(int(seconds * fps)):
        time = 0.1 + number / fps
        person.hear(time, challenge.prompt(time))
        moment = Seen(time, person.pose(time, 1 / fps))
        if not (drop and drop(number)):
            film.append(moment)
            challenge.see(moment)
        if challenge.over(time):
            break
    return film


def shown(challenge: Turning, film) -> str:
    """What is said of a film that is played to a challenge, and in the end."""
    challenge.begin(0.0)
    for each in film:
        challenge.see(each)
    return challenge.said(film[-1].time + WHOLE_S).why


# The measure


def test_no_affine_map_moves_the_nose() -> None:
    """Turned, tilted, sheared, near or far: of a plane seen from afar the nose stays where it was."""
    rng = np.random.default_rng(2)
    flat = FACE[:, :2] + rng.normal(0, 2, (5, 2))
    for _ in range(50):
        matrix, shift = rng.normal(0, 0.2, (2, 2)) + np.eye(2), rng.normal(0, 100, 2)
        assert nose_of(flat) == pytest.approx(nose_of(flat @ matrix.T + shift), abs=1e-6)


@pytest.mark.parametrize("turn", [10.0, 20.0, 30.0, 40.0])
def test_the_nose_of_a_head_moves_by_its_height_times_the_tangent(turn) -> None:
    """By hand: 18 of 37.8 template pixels, from afar."""
    offset = nose_of(seen_from(FACE, yaw=turn, distance=1e6)) - nose_of(seen_from(FACE, distance=1e6))
    assert [18.0 / 37.8 * math.tan(math.radians(turn)), 0.0] == pytest.approx(offset, abs=1e-3)


@pytest.mark.parametrize(
    "landmarks",
    [np.full((5, 2), math.nan), np.zeros((5, 2)), np.tile(np.arange(5.0)[:, None], (1, 2)), np.zeros((4, 2))],
)
def test_what_is_no_face_has_no_nose(landmarks) -> None:
    """Points that are not finite, in one place, on a line, or too few."""
    assert nose_of(landmarks) is None


def test_left_is_the_persons_own(studio) -> None:
    """A drawn head whose nose comes to the picture's right looks to its own left, and the other way round."""
    head, scenes = studio.head(), studio.scenes
    pose = {
        turn: scenes.Pose(turn, 0.0, 0.0, (320, 240), 0.8, scenes.FOCAL / 0.8) for turn in (-40.0, 0.0, 40.0)
    }  # fmt: skip
    points = {turn: scenes.project(head, each, studio.landmarks) for turn, each in pose.items()}
    to_the_right = {turn: each[2, 0] - each[:2, 0].mean() for turn, each in points.items()}
    assert to_the_right[-40.0] > to_the_right[0.0] > to_the_right[40.0]
    straight = nose_of(points[0.0])
    ways = {turn: way_of(nose_of(each) - straight) for turn, each in points.items()}
    assert {-40.0: "left", 0.0: None, 40.0: "right"} == ways


def test_up_is_up() -> None:
    """Where it is asked for: the nose goes towards the eyes."""
    offset = nose_of(seen_from(FACE, pitch=40.0)) - nose_of(seen_from(FACE))
    assert ("up", None) == (way_of(offset, WITH_UP), way_of(offset))


FILMS = ("head-pose-face-detection-female-and-male.gif", "face-demographics-walking.gif")


def filmed(folder, name) -> list[tuple[int, float, np.ndarray]]:
    """The faces of a film: number of the picture, place across, and where the nose is; by the product's detector."""
    from enroll.pipeline import open_pipeline

    film, found, detector = cv2.VideoCapture(str(folder / "videos" / name)), [], open_pipeline(threads=1).detector
    for number in range(100):
        good, picture = film.read()
        if not good:
            break
        faces = detector.detect(np.ascontiguousarray(picture[..., ::-1]))
        found += [(number, face.box[0] / picture.shape[1], nose_of(face.landmarks)) for face in faces]
    return found


def test_people_who_turn_are_measured_so(shared_data) -> None:
    """In one film she looks to her right, he turns to his left; in the other nobody turns."""
    mean = nose_of(MEAN_FACE_3D[:, :2])
    turned = filmed(shared_data, FILMS[0])
    assert ["right"] == [way_of(nose - mean) for number, across, nose in turned if number == 0 and across < 0.4]
    (first,) = [nose for number, across, nose in turned if number == 0 and across > 0.4]
    later = [nose - first for number, across, nose in turned if 8 <= number <= 10 and across > 0.4]
    assert "left" == way_of(np.max(later, axis=0))
    assert {None} == {way_of(nose - mean) for _, _, nose in filmed(shared_data, FILMS[1])}


# Whoever does what is asked


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("fps", [4.0, 8.0, 15.0])
def test_whoever_turns_as_asked_passes(order, fps) -> None:
    """At every rate of frames; it then is a word for a live face that is enough, with all times told."""
    challenge = chosen(order)
    film = played(challenge, Person(), fps=fps)
    said = challenge.said(film[-1].time)
    assert ("turned", 1.0) == (said.why, said.weight)
    assert float("".join({"left": "1", "right": "2"}[way] for way in order)) == said.measured["order"]
    for step in (1, 2, 3):
        assert said.measured[f"turned_{step}"] - said.measured[f"asked_{step}"] >= DEAD_S
        assert abs(said.measured[f"x_{step}"]) >= TURNED
    assert "live" == combine({"turns": said}).ruling
    assert said.to_dict() == json.loads(json.dumps(said.to_dict(), allow_nan=False))
    assert film[-1].time < 12.0


@pytest.mark.parametrize("order", orders(WITH_UP)[::4])
def test_up_passes_where_it_is_asked(order) -> None:
    """With landmarks that follow a nod."""
    challenge = chosen(order, ways=WITH_UP)
    film = played(challenge, Person())
    assert "turned" == challenge.said(film[-1].time).why


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (Person(speed=20.0), "turned"),  # slowly: two seconds for a turn
        (Person(speed=400.0), "turned"),  # fast, and held
        (Person(react=1.8), "turned"),
        (Person(far=35.0), "turned"),
        (Person(far=18.0), "no_turn"),  # too little
        (Person(speed=4.0), "no_turn"),  # not within the time of a step
        (Person(react=STEP_S + 1), "no_turn"),
        (Person(far=0.0), "no_turn"),
    ],
)
def test_slow_fast_and_small_turns(person, why) -> None:
    """What takes too long or is too little is no turn; nothing is said against anybody."""
    challenge = chosen(("left", "right", "left"), ("left", "right", "left"))
    film = played(challenge, person)
    said = challenge.said(film[-1].time)
    assert (why, 1.0 if why == "turned" else 0.0) == (said.why, said.weight)


def test_a_turn_of_one_moment_does_not_count() -> None:
    """Neither as the answer nor as a wrong one: it may be an error of the detector."""
    for way, sign in (("left", 1), ("right", -1)):
        challenge = chosen(("left",) * 3)
        challenge.begin(0.0)
        for number in range(20):
            challenge.see(Seen(number / 8, seen_from(FACE, yaw=sign * 45.0 if number == 12 else 0.0)))
        assert ("left", (0, 3, 1)) == (challenge.prompt(20 / 8), challenge.progress), way


def test_what_is_asked_step_by_step() -> None:
    """First to look straight, then each turn, with a straight head between; nothing before and nothing after."""
    challenge = chosen(("right", "right", "left"))
    assert ("", "turn_not_asked", False) == (challenge.prompt(0.0), challenge.said(0.0).why, challenge.over(1e6))
    prompts, person = [], Person()
    challenge.begin(0.0)
    for number in range(200):
        time = number / 8
        prompts.append(challenge.prompt(time))
        person.hear(time, prompts[-1])
        assert challenge.over(time) or "turn_running" == challenge.said(time).why
        challenge.see(Seen(time, person.pose(time, 1 / 8)))
    told = [each for each, _ in itertools.groupby(prompts)]
    assert ["straight", "right", "straight", "right", "straight", "left", ""] == told


# Whoever does something else


@pytest.mark.parametrize("fps", [4.0, 8.0, 15.0])
@pytest.mark.parametrize("person", [{}, {"react": 0.35, "speed": 300.0}, {"react": 1.5, "speed": 30.0}])
def test_a_recorded_challenge_fails_in_every_other_order(fps, person) -> None:
    """All orders by all orders, also in the second try; in its own order it is what a film can do."""
    for recorded in ORDERS:
        challenge = chosen(recorded)
        film = played(challenge, Person(**person), fps=fps)
        assert "turned" == challenge.said(film[-1].time).why
        others = [each for each in ORDERS if each != recorded]
        for first, second in zip(others, reversed(others), strict=True):
            assert shown(chosen(first, second), film) in {"no_turn", "turn_other_order"}
        assert "turned" == shown(chosen(recorded), film)


def test_so_does_one_with_up() -> None:
    """Three ways, 27 orders."""
    for recorded in orders(WITH_UP):
        film = played(chosen(recorded, ways=WITH_UP), Person())
        for other in orders(WITH_UP):
            why = shown(chosen(other, other, ways=WITH_UP), film)
            assert (recorded == other) == (why == "turned")


def test_a_recorded_challenge_that_is_played_late_fails() -> None:
    """Not from its beginning: its turns come before they were asked for, or in no step of it."""
    film = played(chosen(("left", "right", "right")), Person())
    begin = next(number for number, each in enumerate(film) if each.time > 2.2)
    assert "turned" != shown(chosen(*[("left", "right", "right")] * 2), film[begin:])


def test_a_loop_of_turns_does_not_pass() -> None:
    """A film that turns to and fro for a minute meets an order by chance alone, not because it is long."""

    def pose(time):
        return seen_from(FACE, yaw=40 * math.sin(2 * math.pi * time / 4))

    passed = [
        shown(chosen(first, second), [Seen(number / 8, pose(number / 8)) for number in range(480)])
        for first, second in itertools.product(ORDERS, ORDERS)
    ]
    assert set(passed) <= {"no_turn", "turn_other_order"}


@pytest.mark.parametrize("distance", [900.0, 170.0])
def test_a_plane_turned_as_asked_never_passes(distance, monkeypatch) -> None:
    """Turned by up to 60 degrees, seen from as near as 18 cm: its nose does not move in the frame of the face."""
    monkeypatch.setitem(globals(), "seen_from", _nearer(distance))
    for order, far in itertools.product(ORDERS, (30.0, 45.0, 60.0)):
        challenge = chosen(order, order)
        film = played(challenge, Person(flat=True, far=far, noise=0.5))
        assert "no_turn" == challenge.said(film[-1].time).why


def _nearer(distance):
    plain = seen_from
    return lambda body, **pose: plain(body, **pose | {"distance": distance})


@pytest.mark.parametrize("bend", [None, 260.0, 130.0, 90.0])
def test_a_drawn_print_turned_as_asked_never_passes(studio, bend) -> None:
    """Flat, or bent to a cylinder down to the width of the face itself, by the true points of a drawn scene."""
    scenes, surface = studio.scenes, studio.plane(border=False)
    if bend is not None:
        surface = scenes.bent(surface, bend)

    class Hand(Person):
        def pose(self, time, step):
            super().pose(time, step)
            pose = scenes.Pose(-self.yaw, 0.0, 0.0, (320, 240), 0.8, scenes.FOCAL / 0.8)
            return scenes.project(surface, pose, studio.landmarks) + self.rng.normal(0, 0.5, (5, 2))

    for order in ORDERS:
        challenge = chosen(order, order)
        film = played(challenge, Hand(far=45.0))
        assert "no_turn" == challenge.said(film[-1].time).why


def test_the_wrong_way_is_asked_again_once_in_a_new_order() -> None:
    """Who mixes up left and right may try again; who does it twice is asked no more."""
    challenge = chosen(("left", "right", "left"), ("right", "right", "left"))
    person = Person(instead={"left": "right"})
    challenge.begin(0.0)
    for number in range(200):
        time = number / 8
        person.hear(time, challenge.prompt(time))
        if challenge.progress[2] == 2:
            person.instead = None
        challenge.see(Seen(time, person.pose(time, 1 / 8)))
    assert ("turned", 221.0, 2.0) == (
        challenge.said(25.0).why, challenge.said(25.0).measured["order"], challenge.said(25.0).measured["tries"],
    )  # fmt: skip
    twice = chosen(("left", "right", "left"), ("right", "left", "left"))
    film = played(twice, Person(instead={"left": "right", "right": "left"}))
    assert ("turn_other_order", "") == (twice.said(film[-1].time).why, twice.prompt(film[-1].time))


def test_a_turn_that_was_on_its_way_does_not_count() -> None:
    """Begun before the prompt, in the right direction: the head is to come back, and the same step is asked anew."""
    challenge = chosen(("left", "right", "left"))
    challenge.begin(0.0)
    times = [0.05 * number for number in range(20)]
    for time in times:
        challenge.see(Seen(time, seen_from(FACE)))
        if challenge.prompt(time) == "left":
            break
    asked = time
    for number in range(1, 12):  # 200 degrees a second, from the instant of the prompt on
        challenge.see(Seen(asked + 0.05 * number, seen_from(FACE, yaw=min(45.0, 10.0 * number))))
    later = asked + 0.6
    assert ("straight", (0, 3, 1)) == (challenge.prompt(later), challenge.progress)
    for number in range(12):
        challenge.see(Seen(later + 0.05 * number, seen_from(FACE)))
    assert ("left", (0, 3, 1)) == (challenge.prompt(later + 0.6), challenge.progress)


def test_who_looks_aside_is_asked_to_look_straight() -> None:
    """A turn is measured from a straight head: who begins turned away does not begin."""
    challenge = chosen(("left", "right", "left"))
    challenge.begin(0.0)
    for number in range(20):
        challenge.see(Seen(number / 8, seen_from(FACE, yaw=35.0)))
    assert "straight" == challenge.prompt(20 / 8)


# What goes wrong on the way


@pytest.mark.parametrize("share", [0.2, 0.4])
def test_frames_may_be_missing(share) -> None:
    """Some of them, at random."""
    rng = np.random.default_rng(1)
    gone = rng.uniform(size=1000) < share
    challenge = chosen(("right", "left", "left"))
    film = played(challenge, Person(), fps=12.0, drop=lambda number: gone[number])
    assert "turned" == challenge.said(film[-1].time).why


def test_who_was_gone_begins_anew() -> None:
    """A pause in which somebody else may have come: a new order, and after a second one it is over."""
    challenge = chosen(("left", "right", "left"), ("right", "right", "right"))
    challenge.begin(0.0)
    for number in range(8):
        challenge.see(Seen(number / 8, seen_from(FACE)))
    assert "left" == challenge.prompt(1.0)
    challenge.see(Seen(1.1 + GAP_S, seen_from(FACE)))
    assert ("straight", (0, 3, 2)) == (challenge.prompt(1.1 + GAP_S), challenge.progress)
    challenge.see(Seen(1.3 + 2 * GAP_S, seen_from(FACE)))
    assert ("no_turn", True) == (challenge.said(4.0).why, challenge.over(4.0))


def test_moments_without_a_face_change_nothing() -> None:
    """NaN, infinite, in one place; and moments that come again or out of order."""
    for bad in (np.full((5, 2), np.nan), np.full((5, 2), np.inf), np.zeros((5, 2))):
        challenge, person = chosen(("left", "left", "right")), Person()
        challenge.begin(0.0)
        for number in range(200):
            time = number / 10
            person.hear(time, challenge.prompt(time))
            moment = Seen(time, person.pose(time, 1 / 10))
            for each in (moment, moment, Seen(time + 0.01, bad), Seen(time - 0.05, FACE[:, :2]), Seen(math.nan, FACE)):
                challenge.see(each)
        assert "turned" == challenge.said(20.0).why


def test_time_is_bound() -> None:
    """By step, whether moments come or not; and the whole, however slowly somebody goes on."""
    challenge = chosen(("left",) * 3)
    challenge.begin(10.0)
    assert ("straight", False) == (challenge.prompt(10.0 + STEP_S), challenge.over(10.0 + STEP_S))
    late = 10.1 + STEP_S
    assert ("", True, "no_turn") == (challenge.prompt(late), challenge.over(late), challenge.said(late).why)
    slow = chosen(("left",) * 3)
    film = played(slow, Person(react=3.9, speed=40.0), seconds=60.0)
    assert ("no_turn", True) == (slow.said(film[-1].time).why, film[-1].time <= WHOLE_S + 0.2)


def test_orders_are_drawn_at_random_and_of_one_length() -> None:
    """Each of the eight is asked for, none begins another; the same challenge asks for no order twice by rule."""
    drawn = set()
    for _ in range(300):
        challenge = Turning()
        challenge.begin(0.0)
        drawn.add(challenge.said(0.0).measured["order"])
    assert {float("".join(digits)) for digits in itertools.product("12", repeat=3)} == drawn
    assert {3} == {len(order) for order in ORDERS}


def test_the_numbers_agree() -> None:
    """A head comes back over a gap, and what is asked for can be held before it."""
    assert BACK < TURNED / 2
    assert HELD_S < STEP_S
    assert DEAD_S < STEP_S < WHOLE_S
