"""Approvals on pages: what waits, approved or refused, many at once; nobody approves their own."""

import pytest

from attendance import Attendance


@pytest.fixture
def app(home, clock, pipeline):
    """A home in which a second person must look."""
    flags = {"guard_people": 0, "second_approval": True}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        yield opened


def test_many_at_once(desk, school):
    """Several are approved together, and count then; what is refused needs a reason."""
    marks = [school.enter(person, note="<b>bus</b>").mark.id for person in ("A", "O", "B")]
    page = desk().get("/approvals")
    assert ("<b>bus" in page, "&lt;b&gt;bus&lt;/b&gt;" in page) == (False, True)
    assert "2 entries are approved." == desk().said("/approvals", id=marks[:2], say="approve")
    assert "say why it is refused" in desk().error("/approvals", id=marks[2:], say="refuse")
    assert "1 entry is refused." == desk().said("/approvals", id=marks[2:], say="refuse", reason="not seen")
    assert "Nothing waits" in desk().get("/approvals")
    assert "choose what is meant first" in desk().error("/approvals", say="approve")


def test_not_ones_own(desk, school):
    """What somebody has entered is shown as theirs, and they cannot approve it."""
    admin = desk(name="Grace")
    admin.said("/excuses", person="A", first="2026-03-04", reason="x")
    assert ">yours<" in admin.get("/approvals")
    admin.post("/approvals", 422, id=["1"], say="approve")
    assert [1] == [int(each.id) for each in school.approvals.waiting()]


def test_teacher(desk, school):
    """A teacher sees and approves what waits of their people; others' is as if it were not."""
    ada, bob = (school.enter(person).mark.id for person in ("A", "B"))
    teacher = desk("teacher", "7b")
    page = teacher.get("/approvals")
    assert ("Ada" in page, "Bob" in page) == (True, False)
    teacher.post("/approvals", 404, id=[ada, bob], say="approve")
    assert 2 == len(school.approvals.waiting())
    teacher.said("/approvals", id=[ada], say="approve")
    assert [bob] == [each.id for each in school.approvals.waiting()]
