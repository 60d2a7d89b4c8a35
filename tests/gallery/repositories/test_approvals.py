"""Approvals: said once of a mark or an excuse, by somebody else, and each with its event."""

from datetime import timedelta

import pytest

from gallery import Conflict, record
from gallery.repositories import approvals, corrections, excuses, marks, sessions
from gallery.repositories.events import APPROVED, REFUSED
from gallery.values import Approval


@pytest.fixture
def marked(store, gallery, now):
    """Two marks by hand that wait, one that does not, and an excuse that waits."""
    ada = gallery.add_person("Ada", at=now, by="t").id
    with store.atomic() as step:
        day = sessions.insert(step, "Maths", "UTC", now).id
        made = [
            marks.add(
                step, ada, day, at=now + timedelta(minutes=minute), entered=now, by="t", method="manual",
                details={"awaits": "approval"} if minute else {}, unless="none",
            ).id
            for minute in (2, 1, 0)
        ]  # fmt: skip
        excuse = excuses.insert(step, ada, now, now + timedelta(1), reason="r", at=now, by="t", awaits=True)
    return made, excuse.id


def test_marks_wait_in_order_of_time(store, marked, now):
    """Those that wait are told by their time, until somebody has said anything of them or declared them wrong."""
    (late, early, _), _ = marked
    with store.atomic() as step:
        assert [early, late] == [each.id for each in approvals.waiting_marks(step)]
        approvals.add(step, granted=False, at=now, by="head", reason="no", mark=late)
        corrections.add(step, "void", mark=early, at=now, by="t", reason="wrong")
        assert [] == approvals.waiting_marks(step)
        corrections.add(step, "restore", mark=early, at=now, by="t", reason="right")
        assert [early] == [each.id for each in approvals.waiting_marks(step)]


def test_what_was_said_of_marks(store, marked, now):
    """By mark: who said what, when and why; one that nobody has looked at is left out."""
    (late, early, plain), _ = marked
    with store.atomic() as step:
        said = approvals.add(step, granted=True, at=now, by="head", reason="seen", mark=early)
        found = approvals.of_marks(step, [late, early, plain])

    assert (Approval(1, True, now, "head", "seen", early, None), {early: said}) == (said, found)
    with store.reading() as view:
        assert {} == approvals.of_marks(view, [])


def test_one_thing_is_approved_once(store, marked, now):
    """A second word on a mark, one on nothing, one on a mark and an excuse at once: refused."""
    (late, *_), excuse = marked
    with store.atomic() as step:
        approvals.add(step, granted=True, at=now, by="t", reason="", mark=late)
    for about in ({"mark": late}, {}, {"mark": marked[0][1], "excuse": excuse}, {"mark": "nobody's"}):
        with pytest.raises(Conflict), store.atomic() as step:
            approvals.add(step, granted=True, at=now, by="t", reason="", **about)


def test_every_approval_has_an_event(store, marked, now):
    """What the log lacks is named: the mark by its id, an excuse as such, granted and refused told apart."""
    (late, early, _), excuse = marked
    with store.atomic() as step:
        approvals.add(step, granted=True, at=now, by="t", reason="", mark=late)
        approvals.add(step, granted=False, at=now, by="t", reason="", mark=early)
        approvals.add(step, granted=True, at=now, by="t", reason="", excuse=excuse)
        due = [(APPROVED, late), (REFUSED, early), (APPROVED, "excuse 1")]
        assert due == approvals.unrecorded(step)
        record(step, at=now, by="t", action=APPROVED, subject=late)
        record(step, at=now, by="t", action=APPROVED, subject=early)
        assert due[1:] == approvals.unrecorded(step)
