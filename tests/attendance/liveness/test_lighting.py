"""A face before the screen answers to its light, as a print does; a stream does not."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from attendance.liveness import Said, combine, lighting
from attendance.liveness.colours import COLOURS
from attendance.liveness.lighting import DELAYS_S, ORDERS, WEIGHT, Answer, Answers, Lighting, answer_of
from attendance.liveness.saying import AGAINST, ATTACK_FROM, LIVE_FROM

_spec = importlib.util.spec_from_file_location("liveness_lit", Path(__file__).with_name("lit.py"))
lit = importlib.util.module_from_spec(_spec)
sys.modules.setdefault(_spec.name, lit)
_spec.loader.exec_module(lit)

Setting = lit.Setting
LIVE = Said(1.0, 1.0, "parallax")
PLAIN = Setting()


@pytest.fixture(scope="module")
def seen(studio):
    """Makes tracks of the portrait, each once: kind, setting -> moments and colours."""
    box = (117.0, 60.0, 89.0, 117.0)
    portrait, room, made = lit.Portrait(studio.photo, box, studio.landmarks), data.coffee(), {}

    def of(kind: str, setting: Setting = PLAIN, seed: int = 1):
        key = kind, setting, seed
        if key not in made:
            made[key] = lit.track(kind, portrait, room, setting, seed)
        return made[key]

    return of


def said_of(shown, expected: float | None = None) -> Said:
    """What the cue says of moments and colours."""
    found = Lighting(expected)
    for moment, colour in shown:
        found.see(moment, colour)
    return found.said(9.0)


@pytest.mark.parametrize("answer", [0.1, 0.3])
def test_a_face_answers(seen, answer) -> None:
    """The share of the screen's light is found, short of what a camera's colours leak and logarithms bend."""
    said = said_of(seen("face", Setting(answer=answer)))
    assert ("answers", WEIGHT) == (said.why, said.weight)
    assert pytest.approx(0.75 * answer, rel=0.2) == said.measured["answer"]
    assert 0.1 <= said.measured["delay_s"] <= 0.25


def test_a_print_answers_as_skin_does(seen) -> None:
    """So that an answer alone makes no face live; no wiring can, for the weight is too small."""
    said = said_of(seen("cut-out"))
    assert "answers" == said.why
    assert "unsure" == combine({"light": said}).ruling
    assert AGAINST < WEIGHT < min(LIVE_FROM, ATTACK_FROM)


def test_a_print_with_its_own_surround_is_no_nearer_than_it(seen) -> None:
    """The face of a print that fills the view answers as what is around it does."""
    said = said_of(seen("print"))
    assert ("answers_alike", 0.0) == (said.why, said.weight)


@pytest.mark.parametrize("kind", ["injected", "display"])
def test_a_stream_and_a_display_do_not_answer(seen, kind) -> None:
    """Where the faces before it did, that speaks against it: enough to take `live` away, not for an attack."""
    said = said_of(seen(kind), expected=0.08)
    assert ("no_answer", -WEIGHT) == (said.why, said.weight)
    assert ["unsure", "unsure"] == [combine({"light": said}).ruling, combine({"light": said, "planar": LIVE}).ruling]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_recording_of_another_look_does_not_answer(seen, seed) -> None:
    """It follows the order that was shown then; it is never taken for an answer to this one."""
    assert said_of(seen("replayed", PLAIN, seed), expected=0.08).weight <= 0


def test_where_no_answer_is_due_nothing_is_said(seen) -> None:
    """Neither before the first faces of a kiosk, nor where these could hardly answer: in a bright room."""
    stream = seen("injected")
    assert ["no_response_possible", "too_bright"] == [said_of(stream).why, said_of(stream, expected=0.01).why]
    assert [0.0, 0.0] == [said_of(stream).weight, said_of(stream, expected=0.01).weight]


def test_a_face_in_a_bright_room_is_left_alone(seen) -> None:
    """A thousandth of the light is lost in the noise."""
    assert "too_bright" == said_of(seen("face", Setting(answer=0.001)), expected=0.001).why


def test_a_room_that_answers_more_than_the_face_speaks_against_it() -> None:
    """The screen lights the room, and the face not: it shines by itself. Made up of numbers alone."""
    none, much = Answer(-0.1, 0.005, 0.1, 0.005), Answer(0.1, 0.004, 0.1, 0.005)
    said = lighting.rule(none, Answer(0.0, 0.004, 0.1, 0.6), much, None, {})
    assert ("surround_answers", -WEIGHT) == (said.why, said.weight)
    assert "unclear" == lighting.rule(none, none, replace(much, chance=0.4), None, {}).why


def test_it_abstains(seen) -> None:
    """Too few moments or colours, a screen that showed none, a small face, a dark one, an overexposed one."""
    whole = seen("face")
    told = [
        said_of(whole[:11]),
        said_of([(moment, whole[0][1]) for moment, _ in whole]),
        said_of([(moment, None) for moment, _ in whole]),
        said_of([(replace(moment, box=(*moment.box[:2], 30.0, 39.0)), colour) for moment, colour in whole]),
        said_of(seen("face", Setting(gain=0.02))),
        said_of(seen("face", Setting(gain=4.0))),
    ]
    assert ["too_few_frames", "too_few_colours", "too_few_frames", "too_small", "too_dark", "too_bright"] == [
        each.why for each in told
    ]
    assert {0.0} == {each.weight for each in told}


def test_a_colour_that_there_is_not_is_refused(seen) -> None:
    """It is no colour of the page's."""
    with pytest.raises(ValueError, match="expected 0 to 3, got 4"):
        Lighting().see(seen("face")[0][0], len(COLOURS))


def test_a_moment_that_is_not_later_is_left_out(seen) -> None:
    """As a track does."""
    whole = seen("face")
    assert said_of(whole) == said_of([each for pair in zip(whole, whole, strict=True) for each in pair])


def test_it_says_the_same_again(seen) -> None:
    """Chance has no part in judging: what is replayed comes out the same."""
    assert said_of(seen("face")) == said_of(seen("face"))


def test_the_answer_is_that_of_a_naive_fit() -> None:
    """Each delay for itself, by least squares of all four numbers of drift and the share."""
    rng = np.random.default_rng(2)
    times = np.cumsum(rng.uniform(0.1, 0.15, 40))
    shown = [int(each) for each in np.repeat([0, 2, 1, 3, 0, 3, 1, 2], 5)]
    colours = rng.normal(0, 0.01, (40, 2)) + 0.03 * times[:, None]
    signal = np.array([(r - g, b - g) for r, g, b in (each.light for each in COLOURS)])
    colours += 0.05 * signal[np.array(shown)]
    best = (np.inf, 0.0, 0.0)
    for delay in DELAYS_S:
        seen = np.zeros((40, 2))
        for i, time in enumerate(times):
            at = signal[shown[0]]
            for j in range(1, 40):
                if shown[j] != shown[j - 1]:
                    change = (times[j - 1] + times[j]) / 2 + delay
                    part = min(1.0, max(0.0, (time - change) / lighting.RAMP_S + 0.5))
                    at = at + part * (signal[shown[j]] - signal[shown[j - 1]])
            seen[i] = at
        design = np.zeros((80, 5))
        design[:, 0] = seen.T.ravel()
        design[:40, 1], design[:40, 2], design[40:, 3], design[40:, 4] = 1, times, 1, times
        found, left = np.linalg.lstsq(design, colours.T.ravel(), rcond=None)[:2]
        best = min(best, (float(left[0]), float(found[0]), delay))
    answer = answer_of(times, shown, colours)
    assert (pytest.approx(best[1], abs=1e-9), best[2]) == (answer.share, answer.delay)
    assert (1 / (ORDERS + 1), True) == (answer.chance, answer.sure)


def test_noise_is_no_answer() -> None:
    """Of 400 tracks of noise that drifts, one in a hundred is called one by chance, and here no more than eight."""
    rng = np.random.default_rng(4)
    sure = 0
    for _ in range(400):
        times = np.cumsum(rng.uniform(0.1, 0.15, 36))
        shown = [int(each) for each in np.repeat(lighting.other_orders([0] * 8)[rng.integers(1, ORDERS)], 5)[:36]]
        colours = np.cumsum(rng.normal(0, 0.01, (36, 2)), 0)
        sure += answer_of(times, shown, colours).sure
    assert sure <= 8


def test_what_is_due_is_what_others_answered() -> None:
    """The lower quartile of the last twelve within half an hour, of five or more."""
    answers = Answers()
    for minute, share in enumerate([0.5, 0.1, 0.2, 0.3, 0.4, 0.3]):
        answers.add(60.0 * minute, Said(0.0, 0.0, "any", {"answer": share}))
        answers.add(60.0 * minute, Said(0.0, 0.0, "too_few_frames"))
    assert pytest.approx(float(np.quantile([0.5, 0.1, 0.2, 0.3, 0.4, 0.3], 0.25))) == answers.expected(400.0)
    assert [None, None] == [answers.expected(1800 + 130.0), answers.expected(200.0)]


def test_a_kiosk_learns_that_its_room_became_bright() -> None:
    """Of twelve answers four are none: from then on little is due."""
    answers = Answers()
    for number, share in enumerate([0.1] * 8 + [0.001] * 4):
        answers.add(float(number), Said(0.0, 0.0, "any", {"answer": share}))
    assert pytest.approx(0.001) == answers.expected(20.0)


@pytest.mark.parametrize(
    ("share", "error", "due", "why", "weight"),
    [
        (0.01, 0.005, 0.1, "no_answer", -WEIGHT),
        (0.02, 0.005, 0.1, "no_answer", -WEIGHT),
        (0.03, 0.005, 0.1, "between", 0.0),
        (-0.01, 0.01, 0.064, "no_answer", -WEIGHT / 2),
        (0.01, 0.01, 0.044, "too_bright", 0.0),
        (0.01, 0.01, None, "no_response_possible", 0.0),
    ],
)
def test_what_is_missing_counts_by_what_was_due(share, error, due, why, weight) -> None:
    """Two errors below a third of it, in full from eight errors on, not at all up to four; by numbers alone."""
    none = Answer(0.0, error, 0.1, 0.5)
    said = lighting.rule(Answer(share, error, 0.1, 0.4), none, none, due, {})
    assert (why, pytest.approx(weight)) == (said.why, said.weight)
