"""What a person is asked to do: whatever it raises or says that cannot be, it is over and not done."""

import pytest

from attendance.live.prompting import UNNAMED, UNPROVEN, Prompting
from attendance.liveness import Said
from attendance.liveness.saying import CUE_FAILED, silent

PASSED = Said(1.0, 1.0, "turned")


class Turn:
    """Asks for one turn to the left until `end`, and is passed then."""

    id = "turns"

    def __init__(self, end=2.0):
        self.end, self.begun, self.seen = end, None, []

    def begin(self, time):
        self.begun = time

    def see(self, moment):
        self.seen.append(moment)

    def prompt(self, time):  # noqa: ARG002 - the seam's signature
        return "left"

    def over(self, time):
        return time >= self.end

    def said(self, time):
        return PASSED if self.over(time) else silent("running")


def begun(made):
    prompting = Prompting(lambda: made)
    prompting.begin(0.0)
    return prompting


def test_what_is_asked_and_passed():
    """The prompt stands until the challenge is over, and then it has passed."""
    prompting = begun(Turn())
    assert ("turns", "left", False, "running") == (
        prompting.id, prompting.prompt(1.0), prompting.over(1.0), prompting.said(1.0).why
    )  # fmt: skip
    prompting.look(1.0, votes=True, other=False)
    assert ("", True, PASSED) == (prompting.prompt(2.0), prompting.over(2.0), prompting.said(2.0))


@pytest.mark.parametrize(
    ("votes", "passes"), [("", False), ("1", True), ("10", False), ("0001111", True), ("1111111000", False)]
)
def test_by_whom_it_is_passed(votes, passes):
    """By one whom most of the last looks have recognised; looks after it, when nothing is asked, change nothing."""
    prompting = begun(Turn())
    for each in votes:
        prompting.look(1.0, votes=each == "1", other=False)
    prompting.look(3.0, votes=not passes, other=False)
    assert ("turned" if passes else UNPROVEN) == prompting.said(3.0).why
    assert passes == (prompting.said(3.0).weight > 0)


@pytest.mark.parametrize("time", [1.0, 3.0])
def test_another_face_passes_nothing(time):
    """It is over at once, also where it was passed already, and whoever comes after."""
    prompting = begun(Turn())
    prompting.look(1.0, votes=True, other=False)
    prompting.look(time, votes=True, other=True)
    prompting.look(time, votes=True, other=False)
    assert (True, "", UNPROVEN) == (prompting.over(time), prompting.prompt(time), prompting.said(3.0).why)


def broken(name):
    def fail(*_):
        raise RuntimeError("broken")

    return type("Broken", (Turn,), {name: fail})()


@pytest.mark.parametrize("name", ["begin", "see", "prompt", "over", "said"])
def test_one_that_raises_is_over_and_not_passed(name):
    """Wherever it raises, nobody waits for it, nobody is asked any more, and nobody has passed."""
    prompting = begun(broken(name))
    prompting.see(object())
    prompting.prompt(1.0)
    prompting.said(1.0)
    assert (True, "", silent(CUE_FAILED)) == (prompting.over(3.0), prompting.prompt(3.0), prompting.said(3.0))


def test_one_that_cannot_be_made():
    """Where there is none to begin, it is over, under a name of its own."""
    prompting = Prompting(lambda: 1 / 0)
    prompting.begin(0.0)
    assert (UNNAMED, True, silent(CUE_FAILED)) == (prompting.id, prompting.over(0.0), prompting.said(0.0))


@pytest.mark.parametrize("said", [None, "live", 1.0, float("nan")])
def test_one_that_says_what_cannot_be(said):
    """What is no word of a cue is none for the person."""
    prompting = begun(type("Odd", (Turn,), {"said": lambda *_: said})())
    assert silent(CUE_FAILED) == prompting.said(3.0)


def test_one_without_words():
    """A prompt that is no text is no prompt."""
    assert "" == begun(type("Odd", (Turn,), {"prompt": lambda *_: None})()).prompt(1.0)
