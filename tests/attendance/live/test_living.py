"""A track is asked whether it is a living face, by scripted cues: when, how often, and what a mark waits for."""

import dataclasses
import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attendance.liveness
from attendance.live.living import (
    ASK_S,
    DOUBT_S,
    FEWEST,
    LIVENESS,
    NEWS,
    RARELY_S,
    SEEING,
    SURE,
    Asking,
    Living,
)  # fmt: skip
from attendance.liveness import Said
from attendance.liveness.saying import CUE_FAILED, silent
from attendance.records import Decision
from enroll.face import Detection
from enroll.geometry import TEMPLATE_112

PRESENT = Decision("door", datetime(2026, 3, 2, 8, tzinfo=UTC), None, "present", 0.5, 0.003, 2, "test")
FACE = Detection((100.0, 80.0, 60.0, 60.0), (TEMPLATE_112 / 112 * 60 + [100, 80]).astype(np.float32), 0.9)
PIXELS = np.zeros((240, 320, 3), np.uint8)
FPS = 30
LIVE, ATTACK, SILENT = Said(1.0, 1.0, "parallax"), Said(-1.0, 1.0, "plane"), silent("no_motion")


class Scripted:
    """A cue that says, or raises, what the script has for the newest moment's time; and when it was asked."""

    id = "scripted"

    def __init__(self, script):
        self.script, self.asked, self.moments = script, [], []

    def judge(self, moments):
        time = moments[-1].time if moments else -1.0
        self.asked.append(time)
        self.moments.append(moments)
        said = self.script(time)
        if isinstance(said, Exception):
            raise said
        return said


class Turn:
    """A challenge that is over after `seconds`, and passed or not."""

    id = "turns"

    def __init__(self, *, passes=True, seconds=1.0):
        self.passes, self.seconds, self.begun, self.seen = passes, seconds, None, []

    def begin(self, time):
        self.begun = time

    def see(self, moment):
        self.seen.append(moment.time)

    def prompt(self, time):
        return "" if self.over(time) else "left"

    def over(self, time):
        return time >= self.begun + self.seconds

    def said(self, time):
        return LIVE if self.over(time) and self.passes else silent("no_turn")


class Watch:
    """A track that is `present` from `enough` seconds on, frame by frame until a mark is given."""

    def __init__(self, script, wanted="review", *, enough=0.5, **asking):
        self.cue = Scripted(script)
        self.living = Living(Asking(wanted, cues=lambda: (self.cue,), **asking))
        self.enough, self.marked, self.prompts = enough, None, []

    def until(self, seconds):
        """When the mark was given, None where it was not."""
        for number in range(round(seconds * FPS)):
            time = number / FPS
            self.living.see(PIXELS, FACE, time)
            self.living.look(time, votes=True, other=False)
            if self.marked is None and time >= self.enough and not self.living.waits(PRESENT, time):
                told = self.living.settle(PRESENT, time)
                self.marked = time if told.decision == "present" else None
            self.prompts.append(self.living.prompt(time))
            self.time = time
        return self.marked

    def end(self):
        """The decision at the track's end."""
        return self.living.settle(PRESENT, self.time, last=True)


@pytest.fixture(autouse=True)
def scripted_alone(monkeypatch):
    """No cue but the scripted one."""
    monkeypatch.setattr(attendance.liveness, "CUES", ())


def always(said):
    return lambda _time: said


def test_off_keeps_and_says_nothing():
    """Nothing is asked, and a decision stays the very same, whatever else the run was told."""
    watch = Watch(always(ATTACK), "off", turns="always", challenge=Turn, distrust=("virtual_camera",))
    assert 0.5 == watch.until(1.0)
    assert (PRESENT, [], "") == (watch.end(), watch.cue.asked, watch.living.prompt(1.0))
    assert watch.living.settle(PRESENT, 1.0) is PRESENT
    assert watch.living.ruling(1.0) is None


def test_the_living_are_marked_at_once():
    """Who is live when the looks agree waits for nothing; for a few moments, where they agree very soon."""
    assert 1.0 == Watch(always(LIVE), enough=1.0).until(2.0)
    watch = Watch(always(LIVE), enough=0.3)
    assert 0.5 <= watch.until(1.0) <= 0.8
    assert FEWEST == len(watch.cue.moments[0])
    told = watch.end()
    assert ("present", "live", "live") == (told.decision, told.liveness, told.judged[LIVENESS]["ruling"])


@pytest.mark.parametrize("wait", [0.0, 1.0, 1.5, 3.0])
def test_a_mark_waits_no_longer_than_it_may(wait):
    """Who is not told to be alive is marked when the wait is over, counted from the track's first moment."""
    assert pytest.approx(max(0.5, wait), abs=1 / FPS) == Watch(always(SILENT), wait_s=wait).until(4.0)


def test_what_comes_while_a_mark_waits_counts():
    """Somebody who is told to be alive after a second is marked then."""
    marked = Watch(lambda time: LIVE if time >= 1.0 else SILENT, wait_s=3.0).until(4.0)
    assert 1.0 <= marked <= 1.0 + ASK_S + 1 / FPS


def test_the_cues_are_asked_when_the_wait_ends():
    """What could be told by the last moment of the wait has a say, however short it is since they were asked last."""
    watch = Watch(lambda time: ATTACK if time >= 1.6 else SILENT, wait_s=1.75)
    assert watch.until(4.0) is None
    assert "attack" == watch.end().liveness


def test_require_marks_the_living_alone():
    """With `require` the mark waits on after the wait, and ends as a review."""
    watch = Watch(always(SILENT), "require")
    assert watch.until(4.0) is None
    told = watch.end()
    assert ("review", "unsure", ("liveness_unsure",)) == (told.decision, told.liveness, told.reasons)
    assert 3.0 <= Watch(lambda time: LIVE if time >= 3.0 else SILENT, "require").until(6.0) <= 4.0


def test_an_attack_stays_one():
    """A picture that is held still after it was found out is not marked for that, nor by one lucky moment."""
    for after in (SILENT, LIVE):
        watch = Watch(lambda time, after=after: ATTACK if time < 1.0 else after)
        assert watch.until(6.0) is None
        told = watch.end()
        assert ("review", "attack", ("liveness_attack",)) == (told.decision, told.liveness, told.reasons)
        assert "plane" == told.judged[LIVENESS]["cues"]["scripted"]["why"]
        assert 1 == len(watch.cue.asked)


WEAK = Said(-0.6, 1.0, "plane")


def test_a_weak_word_that_is_not_said_again():
    """It holds the mark back until the cues are asked once more, and no longer: half a second, whatever the wait."""
    for after, ruling in ((SILENT, "unsure"), (LIVE, "live")):
        for wait in (0.0, 1.5):
            watch = Watch(lambda time, after=after: WEAK if time < 1.0 else after, enough=0.9, wait_s=wait)
            marked = watch.until(6.0)
            assert pytest.approx(max(0.9 + ASK_S, wait if after is SILENT else 0.0), abs=2 / FPS) == marked
            assert ruling == watch.living.told(PRESENT).liveness
    watch = Watch(lambda time: WEAK if time < 1.0 else SILENT, "require", enough=0.9)
    assert watch.until(6.0) is None
    assert ("unsure", ("liveness_unsure",)) == (watch.end().liveness, watch.end().reasons)


@pytest.mark.parametrize("second", [WEAK, ATTACK])
def test_a_weak_word_that_is_said_again(second):
    """Said twice in a row it is an attack and stays one, whatever comes after; a strong one needs no second."""
    watch = Watch(lambda time: WEAK if time < 1.0 else second if time < 1.5 else LIVE, enough=0.9)
    assert watch.until(6.0) is None
    assert ("review", "attack", ("liveness_attack",)) == (
        watch.end().decision, watch.end().liveness, watch.end().reasons
    )  # fmt: skip
    assert pytest.approx(ASK_S, abs=0.2) == np.diff(watch.cue.asked)
    watch = Watch(always(Said(-SURE, 1.0, "plane")), enough=0.9)
    assert (None, 1) == (watch.until(6.0), len(watch.cue.asked))


def test_a_weak_word_now_and_then():
    """What never comes twice in a row is never kept: each time the mark would have waited for the next."""
    said = iter([WEAK, SILENT] * 20)
    watch = Watch(lambda _: next(said), "require")
    watch.until(20.0)
    assert watch.living._attack is None
    assert len(watch.cue.asked) > 10


@pytest.mark.parametrize("wanted", ["review", "require"])
def test_a_track_that_ends_in_doubt_is_an_attack(wanted):
    """Who goes before the cues could be asked again is looked at by somebody."""
    watch = Watch(always(WEAK), wanted, enough=0.9)
    assert watch.until(1.2) is None
    assert 1 == len(watch.cue.asked)
    assert watch.living.told(PRESENT) is None  # it is held, and shown as undecided
    told = watch.living.settle(PRESENT, watch.time)
    assert ("review", "attack", ("liveness_attack",)) == (told.decision, told.liveness, told.reasons)
    assert "attack" == watch.end().liveness


def test_a_doubt_holds_nobody_for_ever():
    """Where no moment comes any more that the cues could be asked about, it counts as an attack after a second."""
    watch = Watch(always(WEAK), enough=0.9)
    watch.until(1.0)
    watch.living._fresh = 0
    assert watch.living.waits(PRESENT, 1.0 + DOUBT_S / 2)
    assert not watch.living.waits(PRESENT, 1.0 + 2 * DOUBT_S)
    assert "attack" == watch.living.settle(PRESENT, 1.0 + 2 * DOUBT_S).liveness
    watch = Watch(always(WEAK))
    watch.living.see(PIXELS, FACE, 0.0)
    assert not watch.living.waits(PRESENT, math.nan)
    assert "review" == watch.living.settle(PRESENT, math.nan).decision


def test_nobody_is_asked_to_turn_in_doubt():
    """The turn is asked for once the word is said again, and not where it is taken back."""
    for second, begins in ((WEAK, True), (SILENT, False)):
        script = lambda time, second=second: WEAK if time < 1.0 else second if time < 1.5 else SILENT  # noqa: E731
        watch = Watch(script, turns="needed", challenge=Turn, enough=0.9)
        assert watch.until(4.0) is not None
        asked = [number / FPS for number, each in enumerate(watch.prompts) if each]
        assert begins == bool(asked)
        if begins:
            assert 0.9 + ASK_S - 1 / FPS <= min(asked) <= 0.9 + ASK_S + 2 / FPS


def test_cues_are_asked_now_and_then():
    """Before a mark twice a second at most, later more rarely, in the end each six seconds and once at last."""
    watch = Watch(always(SILENT), "require")
    watch.until(120.0)
    watch.end()
    gaps = np.diff(watch.cue.asked)
    assert ASK_S - 0.2 <= gaps[:-1].min()  # moments lie up to a fifth of a second back
    assert pytest.approx(RARELY_S, abs=0.5) == gaps[-5:-1].max()
    assert len(watch.cue.asked) < 40


def test_nobody_is_asked_about_after_the_mark_but_at_the_end():
    """After a mark the moments are kept, and judged once; not where hardly any have come since they were."""
    for seconds, asked in ((1.4, 1), (10.0, 2)):
        watch = Watch(always(LIVE))
        watch.until(seconds)
        assert 1 == len(watch.cue.asked)
        assert watch.time > watch.marked + ASK_S
        assert "live" == watch.living.ruling(seconds)
        assert asked == len(watch.cue.asked)
    assert len(watch.cue.moments[-1]) >= NEWS


def test_a_stranger_is_not_asked_about():
    """Who is nobody costs nothing but the moments."""
    watch = Watch(always(ATTACK))
    watch.until(0.4)
    for kind in ("unknown", "refused"):
        stranger = dataclasses.replace(PRESENT, decision=kind)
        assert watch.living.settle(stranger, 0.4, last=True) is stranger
        assert not watch.living.waits(stranger, 0.4)
    assert [] == watch.cue.asked


@pytest.mark.parametrize("said", [RuntimeError("broken"), None, "live", float("nan"), 1.0])
@pytest.mark.parametrize("wanted", ["review", "require"])
def test_a_cue_that_fails_makes_nobody_live(wanted, said):
    """A cue that raises, or says what cannot be, leaves a track unsure, though another one has found it alive."""
    watch = Watch(always(said), wanted)
    other = Scripted(always(LIVE))
    other.id = "other"
    watch.living = Living(dataclasses.replace(watch.living._asking, cues=lambda: (watch.cue, other)))
    marked = watch.until(3.0)
    told = watch.end()
    assert (wanted == "review", "unsure") == (marked is not None, told.liveness)
    assert CUE_FAILED == told.judged[LIVENESS]["cues"]["scripted"]["why"]


def test_cues_that_cannot_be_made():
    """Where the cues themselves cannot be had, nobody is live, and the run goes on."""
    living = Living(Asking("require", cues=lambda: 1 / 0))
    living.see(PIXELS, FACE, 0.0)
    assert not living.waits(PRESENT, 5.0)
    assert ("review", "unsure") == (living.settle(PRESENT, 5.0).decision, living.settle(PRESENT, 5.0).liveness)


@pytest.mark.parametrize(
    ("pixels", "face", "time"),
    [
        (PIXELS, dataclasses.replace(FACE, box=(math.nan, 0.0, 10.0, 10.0)), 0.5),
        (PIXELS, dataclasses.replace(FACE, landmarks=np.full((5, 2), np.nan, np.float32)), 0.5),
        (PIXELS, dataclasses.replace(FACE, box=(4000.0, 80.0, 60.0, 60.0)), 0.5),
        (None, FACE, 0.5),
    ],
    ids=["box", "landmarks", "outside", "no picture"],
)
def test_a_moment_that_cannot_be_kept(pixels, face, time):
    """Trouble with one moment raises nothing, and the track is not live any more."""
    watch = Watch(always(LIVE))
    watch.living.see(PIXELS, FACE, 0.0)
    watch.living.see(pixels, face, time)
    told = watch.living.settle(PRESENT, 1.0, last=True)
    assert ("present", "unsure", CUE_FAILED) == (
        told.decision, told.liveness, told.judged[LIVENESS]["cues"][SEEING]["why"]
    )  # fmt: skip


def test_no_time_is_no_wait():
    """With a time that is no number nobody waits for ever, and nobody is live."""
    watch = Watch(always(LIVE), "require")
    watch.living.see(PIXELS, FACE, math.nan)
    assert not watch.living.waits(PRESENT, math.nan)
    assert "review" == watch.living.settle(PRESENT, math.nan).decision


def test_a_distrusted_source_marks_nobody():
    """Every mark is a review for the reason against the source, and nobody waits."""
    watch = Watch(always(LIVE), distrust=("virtual_camera",), turns="always", challenge=Turn)
    assert watch.until(2.0) is None
    told = watch.end()
    assert ("review", "unsure", "virtual_camera") == (told.decision, told.liveness, told.reasons[0])
    assert {""} == set(watch.prompts)


@pytest.mark.parametrize(("wanted", "said"), [("require", SILENT), ("review", ATTACK), ("require", ATTACK)])
def test_a_turn_is_asked_for_where_the_mark_is_kept_back(wanted, said):
    """Where a mark would be kept back, the person is asked; who does it, and is found living, is marked then."""
    watch = Watch(lambda time: said if time < 1.4 else SILENT, wanted, turns="needed", challenge=Turn)
    marked = watch.until(6.0)
    asked = [number / FPS for number, each in enumerate(watch.prompts) if each]
    assert pytest.approx(max(asked) + 1 / FPS, abs=1e-6) == marked
    assert pytest.approx(0.6 if said is ATTACK else 1.5, abs=1 / FPS) == min(asked)
    if said is SILENT:
        assert ("live", True, "turns") == (
            watch.end().liveness, watch.end().judged[LIVENESS]["asked"], watch.end().judged[LIVENESS]["challenge"]
        )  # fmt: skip


def test_a_turn_is_not_asked_for_where_the_mark_is_given():
    """With `review` nobody who is only unsure is asked."""
    watch = Watch(always(SILENT), turns="needed", challenge=Turn)
    assert watch.until(3.0) is not None
    assert {""} == set(watch.prompts)


@pytest.mark.parametrize("wanted", ["review", "require"])
@pytest.mark.parametrize("said", [LIVE, SILENT, ATTACK])
def test_who_is_always_asked(wanted, said):
    """Before every mark the turn is asked for at once, and only who has done it is marked, however alive."""
    for passes in (True, False):
        asked = {"turns": "always", "challenge": lambda passes=passes: Turn(passes=passes)}
        watch = Watch(always(said), wanted, **asked)
        marked = watch.until(4.0)
        assert (passes and said is not ATTACK) == (marked is not None)
        assert pytest.approx(1.5, abs=2 / FPS) == (marked or 1.5)
        told = watch.end()
        if not passes:
            reason = "liveness_attack" if said is ATTACK else "liveness_unsure"
            assert ("review", (reason,)) == (told.decision, told.reasons)


def test_a_turn_that_was_not_done_leaves_no_mark():
    """Once somebody was asked, cues that later find a living face do not make up for it: a film of one does so, too."""
    watch = Watch(
        lambda time: LIVE if time > 2.0 else SILENT, "require", turns="needed", challenge=lambda: Turn(passes=False)
    )
    assert watch.until(8.0) is None
    assert ("review", "unsure") == (watch.end().decision, watch.end().liveness)


def test_a_turn_clears_what_was_found_before_it_alone():
    """Who is found to be a picture again after the turn is not marked."""
    script = lambda time: ATTACK if time < 1.0 or time > 4.0 else SILENT  # noqa: E731
    watch = Watch(script, turns="needed", challenge=Turn, enough=0.5)
    assert watch.until(3.0) is not None
    assert "live" == watch.living.ruling(3.0)
    for number in range(2 * NEWS):
        watch.living.see(PIXELS, FACE, 3.5 + number / 4)
    assert "attack" == watch.living.ruling(3.5 + NEWS / 2)
    watch.living.see(PIXELS, FACE, 10.0)
    assert "attack" == watch.living.settle(PRESENT, 10.0, last=True).liveness


def test_a_track_that_ends_while_it_is_asked():
    """Who goes before the turn is done was not told to be alive."""
    watch = Watch(always(SILENT), "require", turns="needed", challenge=lambda: Turn(seconds=30.0))
    assert watch.until(4.0) is None
    told = watch.end()
    assert ("review", "unsure", ("liveness_unsure",), True) == (
        told.decision, told.liveness, told.reasons, told.judged[LIVENESS]["asked"]
    )  # fmt: skip


def test_the_challenge_sees_the_moments():
    """Every moment kept since it began is handed to it, and none from before."""
    made = []
    watch = Watch(always(SILENT), "require", turns="needed", challenge=lambda: made.append(Turn()) or made[-1])
    watch.until(4.0)
    (turn,) = made
    assert turn.seen
    assert min(turn.seen) > turn.begun >= 1.5


@pytest.mark.parametrize("name", ["__init__", "begin", "see", "prompt", "over", "said"])
def test_a_challenge_that_raises_is_not_passed(name):
    """Whatever of it breaks, nobody hangs, nobody is marked, nothing is raised."""

    def fail(*_, **__):
        raise RuntimeError("broken")

    broken = type("Broken", (Turn,), {name: fail})
    watch = Watch(always(LIVE), turns="always", challenge=broken)
    assert watch.until(4.0) is None
    assert ("review", "unsure", ("liveness_unsure",)) == (
        watch.end().decision,
        watch.end().liveness,
        watch.end().reasons,
    )


def test_what_is_shown_meanwhile():
    """A mark that waits is shown as none; what is known of one that is kept back is shown without asking the cues."""
    watch = Watch(lambda time: SILENT if time < 1.0 else ATTACK)
    review = dataclasses.replace(PRESENT, decision="review", reasons=("close_call",))
    assert (None, review) == (watch.living.told(PRESENT), watch.living.told(review))
    watch.until(0.9)
    assert watch.living.told(PRESENT) is None
    watch.until(3.0)
    asked = len(watch.cue.asked)
    assert ("review", ("liveness_attack",), asked) == (
        watch.living.told(PRESENT).decision, watch.living.told(PRESENT).reasons, len(watch.cue.asked)
    )  # fmt: skip
    assert PRESENT == Living(Asking()).told(PRESENT)


saids = st.sampled_from(
    [LIVE, ATTACK, SILENT, RuntimeError("broken"), None, Said(0.6, 1.0, "between"), Said(-0.3, 1.0, "between")]
)


@given(
    st.lists(saids, min_size=1, max_size=8),
    st.sampled_from(["review", "require"]),
    st.sampled_from(["never", "needed", "always"]),
    st.floats(0, 3),
    st.booleans(),
)
def test_no_mark_of_somebody_unsure(script, wanted, turns, wait, passes):
    """Whatever the cues say in whatever order, with `require`, or once asked for a turn, only the living are marked."""
    watch = Watch(
        lambda time: script[min(int(2 * max(0.0, time)), len(script) - 1)],
        wanted,
        turns=turns,
        wait_s=wait,
        challenge=lambda: Turn(passes=passes),
        enough=0.3,
    )
    told = None
    for number in range(40):
        time = number / 10
        watch.living.see(PIXELS, FACE, time)
        if time >= watch.enough and not watch.living.waits(PRESENT, time):
            told = watch.living.settle(PRESENT, time)
            if told.decision == "present":
                break
    else:
        told = watch.living.settle(PRESENT, 4.0, last=True)
    asked = told.judged[LIVENESS]["asked"]
    assert asked == (turns == "always") or turns == "needed"
    if told.decision == "present":
        assert told.liveness == "live" or (wanted == "review" and not asked and told.liveness == "unsure")
    if asked and not passes:
        assert "review" == told.decision


@pytest.mark.parametrize(
    "wrong",
    [{"wanted": "maybe"}, {"wait_s": math.nan}, {"wait_s": -1.0}, {"turns": "often"}, {"turns": "needed"}],
)
def test_what_cannot_be_asked(wrong):
    """A run is not begun with what cannot be asked."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Asking(**wrong)
