"""Four eyes: marks by hand, corrections and excuses wait for a second person; a void does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import ApprovalOwn, ApprovalUnknown
from attendance.scope import Scope
from gallery import history
from gallery.repositories import excuses

HEAD = Actor("head")


@pytest.fixture
def ada(home, clock, pipeline, draw):
    """Ada and Bob are enrolled where a second person must look; the first is who has the home open."""
    flags = {"guard_people": 0, "second_approval": True}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags, actor=Actor("teacher")) as app:
        app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
        app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
        list(app.check(draw("nobody.png"), on_problem=lambda _: None))
        clock.forward(minutes=1)
        yield app


def status(app, name="Ada"):
    (row,) = [row for row in app.report() if row.person.name == name]
    return row.status, row.shown, row.to_dict()["voided"]


def events(app, subject):
    with app.store.reading() as view:
        return [(each.action, each.by, each.details) for each in history(view, subject=subject)]


def excuse(app, person="Ada", by="teacher", awaits=True):
    now = app.clock.now
    with app.store.atomic() as step:
        return excuses.insert(
            step, app.gallery.find(person).id, now, now + timedelta(hours=2), reason="dentist", at=now, by=by,
            awaits=awaits,
        ).id  # fmt: skip


def test_a_mark_by_hand_waits(ada):
    """It is not presence until a second person has approved it, and says so wherever it is shown."""
    made = ada.mark("Ada", note="was there")
    assert (False, True, "awaits approval") == (made.valid, made.waits, made.why_not)
    assert ("absent", "absent (awaits approval)", "awaits approval") == status(ada)
    assert 0 == ada.gallery.stats().marks
    (shown,) = ada.session_book.marks()
    assert ("awaits approval", "approval") == (shown.to_dict()["voided"], shown.mark.evidence["awaits"])
    assert [0] == [each.marks for each in ada.session_book.all()]

    (found,) = ada.approvals.approve(HEAD, [made.id], reason="saw her, too")
    assert (made.id, True) == (found.id, found.approved)
    assert ("present", "07:59 by hand", None) == status(ada)
    assert (1, []) == (ada.gallery.stats().marks, ada.approvals.waiting())
    (shown,) = ada.session_book.marks()
    assert ("head", "2026-03-02T07:59:11.204Z") == tuple(shown.mark.evidence[f"approved_{x}"] for x in ("by", "at"))
    person = ada.gallery.find("Ada").id
    assert ("approval.grant", "head", {"person": person}) == events(ada, made.id)[-1]


def test_a_refused_mark_never_counts(ada):
    """It stays on record with who refused it and why, and another one can be entered."""
    made = ada.mark("Ada")
    ada.approvals.refuse(HEAD, [made.id], reason="was at home")
    why = "not approved by head: was at home"
    assert ("absent", f"absent ({why})", why) == status(ada)
    assert "approval.refuse" == events(ada, made.id)[-1][0]
    again = ada.enter("Ada")
    assert (True, True) == (again.new, again.mark.waits)


def test_the_same_by_hand_again_waits_once(ada):
    """Who enters somebody twice makes one mark that waits."""
    first = ada.enter("Ada")
    again = ada.enter("Ada", note="again")
    assert (True, False, first.mark.id) == (first.new, again.new, again.mark.id)
    assert [first.mark.id] == [each.id for each in ada.approvals.waiting()]


def test_a_camera_needs_no_approval(ada, pipeline):
    """A mark that waits does not stand in the way of a camera's, which counts at once."""
    ada.mark("Ada")
    (decision,) = ada.judge([pipeline._face(0, 1, 90, 80)], source="door")
    assert "present" == ada.desk.record(replace(decision, track=1), Scope(), means="camera").decision
    assert "present" == status(ada)[0]


def test_a_confirmed_review_needs_no_approval(ada, draw):
    """A camera has seen whom a person names of a review: that counts at once."""
    ada.mark("Ada")
    (found,) = ada.check(draw("door.png", (1, 20)))
    settled = ada.reviews.confirm(ada.actor, found.sighting)
    assert (True, True) == (settled.new, settled.mark.valid)


def test_a_void_takes_effect_at_once(ada, draw):
    """To count nobody is the safe side; a mark that waits can be taken back, and waits no more."""
    list(ada.check(draw("a.png", (1, 90))))
    assert not ada.void("Ada", reason="a photo").valid
    assert "absent" == status(ada)[0]
    made = ada.mark("Ada")
    ada.void("Ada", reason="mistake")
    assert [] == ada.approvals.waiting()
    with pytest.raises(ApprovalUnknown, match=r"the mark was voided at 2026-03-02T07:59:11\.204Z"):
        ada.approvals.approve(HEAD, [made.id])


def test_a_correction_waits_and_the_old_mark_does_not_count(ada, draw):
    """Of a correction the old mark is void at once and the new one waits; approved, the new one counts."""
    list(ada.check(draw("a.png", (1, 90))))
    old = ada.session_book.marks()[0].mark
    made = ada.correct("Ada", at="07:30", reason="came earlier")
    assert (old.id, True) == (made.evidence["corrects"], made.waits)
    assert ("absent", "absent (awaits approval)", "awaits approval") == status(ada)
    ada.approvals.approve(HEAD, [made.id])
    assert ("present", "07:30 by hand", None) == status(ada)


def test_a_refused_correction_leaves_what_was(ada, draw):
    """Where the second person refuses a correction the old mark counts again, as if nobody had touched it."""
    list(ada.check(draw("a.png", (1, 90))))
    old = ada.session_book.marks()[0].mark
    made = ada.correct("Ada", at="07:30", reason="came earlier")
    ada.approvals.refuse(HEAD, [made.id], reason="the camera is right")
    assert ("present", "07:59", None) == status(ada)
    assert ["mark.add", "mark.void", "mark.restore"] == [action for action, *_ in events(ada, old.id)]
    assert [] == ada.gallery.verify()


def test_who_entered_it_does_not_approve_it(ada):
    """The account that entered something can neither approve nor refuse it, however it is written."""
    made, number = ada.mark("Ada"), excuse(ada)
    for own in (ada.actor, Actor("TEACHER")):
        for what in (made.id, str(number)):
            with pytest.raises(ApprovalOwn, match="teacher has entered it"):
                ada.approvals.approve(own, [what])
            with pytest.raises(ApprovalOwn):
                ada.approvals.refuse(own, [what], reason="x")
    assert 2 == len(ada.approvals.waiting())


def test_an_excuse_waits(ada):
    """Excuses are listed and approved by their numbers; one that needs no approval does not wait."""
    number = excuse(ada)
    other = excuse(ada, "Bob", awaits=False)
    (found,) = ada.approvals.waiting()
    assert ("excuse", str(number), "A", "dentist", "2026-03-02T07:59:11+00:00", "2026-03-02T09:59:11+00:00") == tuple(
        found.to_dict()[key] for key in ("kind", "id", "person", "reason", "begins", "ends")
    )
    ada.approvals.approve(HEAD, [f"excuse {number}"], reason="note seen")
    with ada.store.reading() as view:
        assert (True, "note seen") == (
            excuses.numbered(view, number).counts,
            excuses.numbered(view, number).approval.reason,
        )
    assert ("approval.grant", "head") == events(ada, f"excuse {number}")[-1][:2]
    with pytest.raises(ApprovalUnknown, match="it needs no approval"):
        ada.approvals.approve(HEAD, [str(other)])


def test_all_or_none(ada):
    """Of several ids none is approved where one cannot be."""
    first, second = ada.mark("Ada"), ada.mark("Bob")
    with pytest.raises(ApprovalUnknown, match="0000: nothing waits under this id"):
        ada.approvals.approve(HEAD, [first.id, "0000"])
    assert 2 == len(ada.approvals.waiting())
    assert 2 == len(ada.approvals.approve(HEAD, [first.id, second.id[:8], first.id]))
    assert [] == ada.approvals.waiting()


@pytest.mark.parametrize("text", ["", "1234567", "excuse", "99999999999999999999", "excuse -1", "²"])
def test_what_nothing_waits_under(ada, text):
    """Whatever is typed that means nothing that waits is refused in one line."""
    ada.mark("Ada")
    with pytest.raises(ApprovalUnknown):
        ada.approvals.approve(HEAD, [text])


def test_once(ada):
    """What was said once is said: the second word is refused, and names who spoke first, and when."""
    made = ada.mark("Ada")
    ada.approvals.refuse(HEAD, [made.id], reason="no")
    with pytest.raises(ApprovalUnknown, match=r"head has refused it at 2026-03-02T07:59:11\.204Z"):
        ada.approvals.approve(Actor("principal"), [made.id])


def test_without_the_setting_nothing_waits(app, draw):
    """Where no second person is asked for, marks by hand count at once."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    made = app.mark("Ada", note='{"awaits": "approval"}')
    assert (True, [], 1) == (made.valid, app.approvals.waiting(), app.gallery.stats().marks)
