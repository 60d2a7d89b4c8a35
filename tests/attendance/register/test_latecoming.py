"""Which marks hold follows from the marks alone, not from the order in which they came."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from attendance.register.latecoming import SUPERSEDED, turn
from gallery.values import Correction, StoredMark

BEGUN = datetime(2026, 3, 2, 8, tzinfo=UTC)
ONCE = timedelta(0)


def mark(name: str, minute: int, direction=None, method="face") -> StoredMark:
    at = BEGUN + timedelta(minutes=minute)
    return StoredMark(name, 1, 1, 1, at, time_is_known=True, entered=at, by="t", method=method, direction=direction)


def void(each: StoredMark, reason: str) -> StoredMark:
    return dataclasses.replace(each, voided=Correction(1, "void", BEGUN, "t", reason))


class Register:
    """One person's marks in a session as a database has them: made, void, and those that were not needed."""

    def __init__(self, made=(), again: timedelta = ONCE) -> None:
        self.made = {each.id: each for each in made}
        self.spare: dict[str, StoredMark] = {}
        self.again = again

    def comes(self, new: StoredMark) -> None:
        late = {**self.spare, new.id: new}
        due = turn(list(self.made.values()), list(late.values()), self.again)
        for name in due.void:
            self.made[name] = void(self.made[name], SUPERSEDED)
        for name in due.restore:
            self.made[name] = dataclasses.replace(self.made[name], voided=None)
        self.made |= {name: late[name] for name in due.make}
        self.spare = {name: each for name, each in late.items() if name not in due.make}

    @property
    def holding(self) -> set[str]:
        return {name for name, each in self.made.items() if each.valid}


ways = some.sampled_from([None, "in", "out"])
late_marks = some.lists(some.tuples(some.integers(0, 40), ways), min_size=1, max_size=6).map(
    lambda told: [mark(f"{number}", *each) for number, each in enumerate(told)]
)


@given(late_marks, some.randoms(use_true_random=False), some.sampled_from([0, 10]))
def test_any_order(marks, chance, again):
    """Marks that come late, one by one and in whatever order, leave the same ones that count."""
    one, other = Register(again=timedelta(minutes=again)), Register(again=timedelta(minutes=again))
    for each in marks:
        one.comes(each)
    for each in chance.sample(marks, len(marks)):
        other.comes(each)
    assert one.holding == other.holding
    assert one.holding


@given(late_marks)
def test_as_if_all_had_come_in_time(marks):
    """What counts in the end is what would have been made had each come at its own time."""
    register, straight = Register(), Register()
    for each in marks:
        register.comes(each)
    for each in sorted(marks, key=lambda one: (one.at, one.id)):
        straight.comes(each)
    assert straight.holding == register.holding


def test_a_mark_by_hand_stands():
    """A mark by hand gives way to nothing that comes late, and nothing is made beside it."""
    register = Register([mark("hand", 30, method="manual")])
    register.comes(mark("late", 5))
    assert {"hand"} == register.holding


@pytest.mark.parametrize("minute", [0, 10, 20])
def test_what_is_wrong_stays_wrong(minute):
    """Whenever it was, a face makes no mark again that somebody declared wrong; what was shown does."""
    register = Register([void(mark("wrong", 10), "was ill")])
    register.comes(mark("face", minute))
    assert set() == register.holding
    register.comes(mark("code", minute, method="qr"))
    assert {"code"} == register.holding


def test_the_same_a_while_later_is_another():
    """Where the same way is marked again after some minutes, each of them stands, and one in between does not."""
    register = Register(again=timedelta(minutes=10))
    for each in (mark("a", 0), mark("c", 12), mark("b", 5)):
        register.comes(each)
    assert {"a", "c"} == register.holding
