"""The light of a kiosk's screen: what is due, what the page told, the cue of each track, what the next one owes."""

from itertools import pairwise

import numpy as np
import pytest
from kiosk_world import hall_of, live, page_of, png

from attendance import Attendance
from attendance.liveness.colours import COLOURS, STEP_S
from attendance.liveness.lighting import WEIGHT, Answers
from attendance.liveness.saying import Said
from attendance.services.kiosklight import KEPT, LATE_S, ScreenLight

PLAIN = {"guard_people": 0, "kiosk_light": True, "kiosk_turns": "never", "liveness_wait_s": 10.0}


@pytest.fixture
def pipeline(fake):
    return live(fake)


@pytest.fixture
def flags() -> dict:
    return PLAIN


@pytest.fixture
def app(home, clock, pipeline, flags):
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        yield opened


@pytest.fixture
def page(app, draw, clock):
    """The page of a kiosk in the hall, which knows Ada."""
    yield from page_of(hall_of(app, draw, "Ada"), clock)


def picture(number: int, light=(0.0, 0.0, 0.0), share: float = 0.2) -> bytes:
    """Ada's face, lit by the screen, before a room that is not; each frame has noise of its own."""
    rng = np.random.default_rng(number)
    level = np.full((240, 320, 3), 0.72)
    level[60:140, 20:100] = 0.3 * (1 + share * np.array(light))
    pixels = 255 * (1.055 * level ** (1 / 2.4) - 0.055) + rng.normal(0, 2, level.shape)
    pixels = pixels.clip(0, 255).astype(np.uint8)
    pixels[68:73, 28:33] = 1  # by which the made-up encoder knows her
    return png(pixels)


def look(page, *, answers: bool, count: int = 40) -> list[dict]:
    """Frames of a page that shows what it is told; returns the answers."""
    page.begin()
    told, shown = [], None
    for number in range(count):
        page.clock.forward(seconds=0.2)
        light = next((each.light for each in COLOURS if shown and each.name == shown["name"]), (0.0, 0.0, 0.0))
        data = picture(number, light if answers else (0.0, 0.0, 0.0))
        told.append(page.post(page.shot(data, light=shown["name"] if shown else "")))
        shown = told[-1].get("light")
    return told


@pytest.fixture
def decided(app, monkeypatch):
    """What was decided at the kiosk, once nothing is looked at any more."""
    found: list = []
    note = app.kiosks._made.note

    def noted(token, decision) -> None:
        found.append(decision)
        note(token, decision)

    monkeypatch.setattr(app.kiosks._made, "note", noted)

    def all_of() -> list:
        app.kiosks.close()
        return found

    return all_of


def said_by_light(decision) -> Said:
    """What the light said of its track."""
    return Said(**decision.judged["liveness"]["cues"]["light"])


def test_colours_come_with_the_answers(page) -> None:
    """One of the four, never more than two changes a second, and in the order of the page's own."""
    told = [each["light"] for each in look(page, answers=True, count=30)]
    assert {(each["name"], each["colour"]) for each in told} <= {(each.name, each.css) for each in COLOURS}
    changes = [number for number, (a, b) in enumerate(pairwise(told)) if a != b]
    assert len(changes) >= 6
    assert min(b - a for a, b in pairwise(changes)) * 0.2 >= STEP_S - 0.2


@pytest.mark.parametrize("flags", [{"guard_people": 0}, PLAIN | {"liveness": "off"}])
def test_none_comes_where_it_was_not_opted_in(page, flags) -> None:  # noqa: ARG001 - of the app
    """By default, and where nothing is asked of a living face."""
    page.begin()
    assert "light" not in page.see(picture(1))
    assert not page.app.kiosks.notice(page.token).light


def test_a_face_that_answers_is_evidence_and_makes_nobody_live(page, decided) -> None:
    """What the page told with its frames comes to the cue of the track."""
    look(page, answers=True)
    (decision,) = decided()
    said = said_by_light(decision)
    assert ("answers", WEIGHT) == (said.why, said.weight)
    assert pytest.approx(0.2, rel=0.25) == said.measured["answer"]
    assert ("present", "unsure") == (decision.decision, decision.liveness)


@pytest.mark.parametrize("flags", [PLAIN | {"liveness": "require"}])
def test_a_stream_that_does_not_answer_is_looked_at(page, decided, flags) -> None:  # noqa: ARG001 - of the app
    """After faces that did; nobody is called anything but unsure."""
    answers = Answers()
    for number in range(5):
        answers.add(page.clock.monotonic() + number / 100, Said(0.0, 0.0, "any", {"answer": 0.2}))
    page.begin()
    page.app.kiosks._here[page.token.id].answers = answers
    page.clock.forward(seconds=1)
    look(page, answers=False)
    (decision,) = decided()
    said = said_by_light(decision)
    assert ("no_answer", -WEIGHT) == (said.why, said.weight)
    assert ("review", "unsure", ("liveness_unsure",)) == (decision.decision, decision.liveness, decision.reasons)


def test_a_page_that_shows_no_colour_is_not_judged_by_it(page, decided) -> None:
    """Who asked for less motion: the cue has no say."""
    page.begin()
    for number in range(40):
        page.see(picture(number))
    (decision,) = decided()
    assert ("too_few_frames", 0.0) == (said_by_light(decision).why, said_by_light(decision).weight)


def test_what_faces_answered_is_kept_from_page_to_page(page) -> None:
    """Each look adds the answer of its track, when its run is over."""
    look(page, answers=True)
    answers = page.app.kiosks._here[page.token.id].answers
    page.app.kiosks._here[page.token.id].watch.close(wait=True)
    page.begin()
    assert answers is page.app.kiosks._here[page.token.id].answers
    assert [True] == [each > 0.1 for _, each in answers._kept]


# Of one page, alone


def test_a_colour_that_was_not_due_lately_is_none(clock) -> None:
    """Neither one of another name, nor one that others followed long ago."""
    light = ScreenLight(Answers(), clock)
    first = light.due().name
    other = next(each.name for each in COLOURS if each.name != first)
    now = clock.monotonic()
    for name, at in ((first, 0.1), (other, 0.2), ("", 0.3), ("mauve", 0.4)):
        light.took(now + at, name)
    assert [first, None, None, None] == [
        None if (place := light.shown(now + at)) is None else COLOURS[place].name for at in (0.1, 0.2, 0.3, 0.4)
    ]
    while light.due().name == first:
        clock.forward(seconds=1)
    clock.forward(seconds=LATE_S + 0.1)
    light.took(clock.monotonic(), first)
    assert light.shown(clock.monotonic()) is None


def test_it_keeps_no_more_than_it_needs(clock) -> None:
    """Frames of long ago are forgotten."""
    light = ScreenLight(Answers(), clock)
    name = light.due().name
    for number in range(KEPT + 1):
        light.took(number / 1000, name)
    assert (None, True) == (light.shown(0.0), light.shown(KEPT / 1000) is not None)


def test_a_run_that_is_over_teaches_once(clock) -> None:
    """Of its tracks those that could be measured."""
    answers = Answers()
    light = ScreenLight(answers, clock)
    for _ in range(6):
        (cue,) = light.cues()
        cue.last = Said(0.0, 0.0, "any", {"answer": 0.1})
    (cue,) = light.cues()
    light.learn()
    light.learn()
    assert (6, 0.1) == (len(answers._kept), answers.expected(clock.monotonic()))
