"""Marks: one a person and session, whoever makes them, with the evidence and the story."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import MarkUnknown, MarkVoided, SessionClosed
from attendance.register.marks import MarkInfo, of_people
from gallery import history
from gallery.errors import GalleryError
from gallery.repositories import corrections


@pytest.fixture
def ada(app, draw) -> int:
    return app.enroll(draw("ada.png", (1,)), name="Ada").person.key


@pytest.fixture
def session(app, clock):
    return app.sessions.open("Maths", at=clock.now)


def story(app, mark: str) -> list[str]:
    with app.store.reading() as transaction:
        return [event.action for event in history(transaction, subject=mark)]


def test_once(app, ada, session, clock):
    """The same sighting again returns the first mark, untouched."""
    first = app.marks.mark(ada, session, at=clock.now, how="file")
    again = app.marks.mark(ada, session, at=clock.now + timedelta(hours=1), how="camera")
    assert (True, False) == (first.new, again.new)
    there = app.marks.of(ada, session.id)
    assert {(first.mark.id, clock.now)} == {(each.id, each.at) for each in (first.mark, again.mark, there)}
    assert ["mark.add"] == story(app, first.mark.id)


def test_void_stays_void(app, ada, session, clock):
    """A voided mark keeps its row and tells the reason, and no sighting makes it again."""
    made = app.marks.mark(ada, session, at=clock.now, how="file", details={"door": "left"}).mark
    gone = app.marks.void(ada, session, reason="a photo on a phone", at=clock.now)
    assert (False, "a photo on a phone", {"door": "left"}) == (gone.valid, gone.void_reason, dict(gone.evidence))
    seen = app.marks.mark(ada, session, at=clock.now, how="camera")
    assert (False, False) == (seen.new, seen.mark.valid)
    assert ["mark.add", "mark.void"] == story(app, made.id)


def test_by_hand_makes_a_new_one(app, ada, session, clock):
    """A mark by hand overrules the void one, which stays void; each tells its own story."""
    made = app.marks.mark(ada, session, at=clock.now, how="camera").mark
    app.marks.void(ada, session, reason="wrong", at=clock.now)
    clock.forward(minutes=5)
    new = app.marks.mark(ada, session, at=clock.now, how="manual", details={"note": "she was here"})
    assert (True, True, "manual", clock.now, 2) == (
        new.new,
        new.mark.valid,
        new.mark.how,
        new.mark.at,
        new.mark.ordinal,
    )
    assert [(made.id, False), (new.mark.id, True)] == [(m.id, m.valid) for m in app.marks.of_session(session.id)]
    assert new.mark == app.marks.of(ada, session.id)
    assert (["mark.add", "mark.void"], ["mark.add"]) == (story(app, made.id), story(app, new.mark.id))


def test_void_and_by_hand_again_and_again(app, ada, session, clock):
    """Each mark by hand after a void is the next one, and a void one never counts, however early it is."""
    for number in range(1, 5):
        made = app.marks.mark(ada, session, at=clock.now - timedelta(minutes=number), how="manual").mark
        assert (number, True) == (made.ordinal, app.marks.of(ada, session.id).valid)
        app.marks.void(ada, session, reason="wrong", at=clock.now)
    assert (4, False) == (app.marks.of(ada, session.id).ordinal, app.marks.of(ada, session.id).valid)
    with pytest.raises(MarkVoided):
        app.marks.void(ada, session, reason="again", at=clock.now)
    assert not app.marks.mark(ada, session, at=clock.now, how="camera").new


def restore(app, mark: str, at) -> None:
    with app.store.atomic() as step:
        corrections.add(step, "restore", mark=mark, at=at, by="t", reason="it was right")


def test_the_latest_word_decides(app, ada, session, clock):
    """Void, restored, void again: what was said last decides whether a mark counts, in every answer alike."""
    made = app.marks.mark(ada, session, at=clock.now, how="camera").mark
    for round_ in range(2):
        app.marks.void(ada, session, reason=f"wrong {round_}", at=clock.now)
        assert (f"wrong {round_}", 0) == (app.marks.of(ada, session.id).void_reason, app.gallery.stats().marks)
        restore(app, made.id, clock.now)
        assert (True, 1) == (app.marks.of(ada, session.id).valid, app.gallery.stats().marks)
        assert [True] == [mark.valid for mark in app.marks.of_session(session.id)]
        assert not app.marks.mark(ada, session, at=clock.now, how="manual").new


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=6))
def test_which_mark_counts(found):
    """Of a person's marks the first valid one by time counts, the earlier made of two at once; else the last one.

    One of no known time counts only where no other does.
    """
    start = datetime(2026, 3, 2, tzinfo=UTC)
    marks = [
        MarkInfo(
            str(n), 7, 1, start + timedelta(minutes=m), "file", start, "t", n, known, voided_at=None if valid else start
        )
        for n, (m, valid, known) in enumerate(found, 1)
    ]
    valid = sorted((mark for mark in marks if mark.valid), key=lambda mark: mark.at)
    wanted = ([mark for mark in valid if mark.time_is_known] or valid or marks[::-1] or [None])[0]
    for order in (marks, marks[::-1]):
        assert wanted == of_people(order).get(7)


def test_manual_mark_changes_no_valid_one(app, ada, session, clock):
    """Marking by hand who is marked already changes nothing."""
    made = app.marks.mark(ada, session, at=clock.now, how="camera").mark
    again = app.marks.mark(ada, session, at=clock.now, how="manual")
    assert (made.id, False) == (again.mark.id, again.new)
    assert [made.id] == [mark.id for mark in app.marks.of_session(session.id)]


def test_void_needs_a_valid_mark(app, ada, session, clock):
    """What is not there, or void already, cannot be voided."""
    with pytest.raises(MarkUnknown):
        app.marks.void(ada, session, reason="x", at=clock.now)
    app.marks.mark(ada, session, at=clock.now, how="camera")
    app.marks.void(ada, session, reason="x", at=clock.now)
    with pytest.raises(MarkVoided):
        app.marks.void(ada, session, reason="y", at=clock.now)


def test_closed_session_takes_none(app, ada, session, clock):
    """A session that another program closed meanwhile takes no mark, but for one by hand."""
    app.sessions.close("Maths", at=clock.now)
    with pytest.raises(SessionClosed):
        app.marks.mark(ada, session, at=clock.now, how="camera")
    assert [] == app.marks.of_session(session.id)
    assert app.marks.mark(ada, session, at=clock.now, how="manual").new, "a person may correct"


def test_removed_person_is_not_marked(app, ada, session, clock):
    """Somebody removed between judging and marking is refused, and nothing is half written."""
    app.gallery.remove(ada, at=clock.now, by="tester")
    with pytest.raises(GalleryError):
        app.marks.mark(ada, session, at=clock.now, how="camera")
    assert [] == app.marks.of_session(session.id)
    assert [] == app.gallery.verify()


@pytest.mark.parametrize("how", ["pin", "qr", "badge"])
def test_what_is_shown_marks_anew_once_a_mark_was_voided(app, ada, session, clock, how):
    """As by hand a PIN, a code or a badge overrules the void mark; two of them are one mark."""
    app.marks.mark(ada, session, at=clock.now, how="camera")
    app.marks.void(ada, session, reason="taken back", at=clock.now)
    new = app.marks.mark(ada, session, at=clock.now, how=how)
    again = app.marks.mark(ada, session, at=clock.now, how=how)
    assert (True, True, how, False, new.mark.id) == (new.new, new.mark.valid, new.mark.how, again.new, again.mark.id)


def test_what_is_shown_needs_no_second_person(home, clock, pipeline, draw):
    """Where marks by hand wait for approval one by badge counts at once, as one by face does."""
    from attendance import Attendance

    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"second_approval": True}) as app:
        key = app.enroll(draw("ada.png", (1,)), name="Ada").person.key
        session = app.sessions.open("Maths", at=clock.now)
        assert app.marks.mark(key, session, at=clock.now, how="badge").mark.valid


def test_what_is_shown_in_a_closed_session_is_refused_unless_it_was_shown_before(app, ada, session, clock):
    """A kiosk that was alone tells later what was shown while the session was open."""
    came = clock.now
    clock.forward(minutes=5)
    app.sessions.close("Maths", at=clock.now)
    clock.forward(minutes=5)
    with pytest.raises(SessionClosed):
        app.marks.mark(ada, session, at=clock.now, how="pin")
    late = app.marks.mark(ada, session, at=came, entered=clock.now, how="pin")
    assert (True, came, clock.now) == (late.new, late.mark.at, late.mark.made)


def test_the_evidence_names_the_place_where_something_was_shown(app, ada, session, clock):
    """Details keep the place's number; whoever reads sees its present name, and so do exports."""
    from attendance.access import Actor

    place = app.places.add(Actor("tests"), "Hall", kind="kiosk").place
    app.marks.mark(ada, session, at=clock.now, how="qr", details={"place": place.id})
    assert {"place": "Hall"} == dict(app.marks.of(ada, session.id).evidence)


def test_exports_tell_the_place_where_something_was_shown(app, ada, session, clock, tmp_path):
    """In the column source, as for faces that were seen there."""
    from attendance.access import Actor
    from attendance.services.exports import ExportForm

    place = app.places.add(Actor("tests"), "Hall", kind="kiosk").place
    app.marks.mark(ada, session, at=clock.now, how="qr", details={"place": place.id})
    app.exports.write(ExportForm.CSV, tmp_path / "marks.csv")
    header, row = (tmp_path / "marks.csv").read_text().splitlines()
    told = dict(zip(header.split(","), row.split(","), strict=True))
    assert ("qr", "Hall") == (told["method"], told["source"])
