"""Sessions as a service: opened and closed once, listed with their marks, shown with what these rest on."""

import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import GroupUnknown, SessionClosed, SessionExists, SessionUnknown
from gallery.errors import PersonInvalid

TEACHER = Actor("teacher")


@pytest.fixture
def book(app, draw):
    """Maths is open; Ada was seen in it, and Bob was marked by hand and then not."""
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("b.png", (2,)), name="Bob", external_id="B")
    app.session_book.open(TEACHER, "Maths")
    list(app.check(draw("door.png", (1,), seed=9), session="Maths"))
    app.clock.forward(minutes=5)
    app.mark("Bob", session="Maths", note="came late")
    app.void("Bob", session="Maths", reason="was Cid")
    return app.session_book


def test_void_marks_do_not_count(book):
    """A session is listed with its valid marks alone."""
    assert [("Maths", 1)] == [(each["name"], each["marks"]) for each in (held.to_dict() for held in book.all())]


def test_close_tells_the_marks(book, app):
    """Who closes a session hears how many were marked, and closes it once."""
    closed = book.close(TEACHER, "Maths")
    assert ("Maths", 1, app.clock.now) == (closed.session.name, closed.marks, closed.session.closes)
    with pytest.raises(SessionClosed):
        book.close(TEACHER, "Maths")


def test_marks_with_whose_they_are(book):
    """Every mark comes with its person, in order of time, void ones with the reason."""
    found = [each.to_dict() for each in book.marks("Maths")]
    assert [("A", "file", None), ("B", "manual", "was Cid")] == [
        (each["id"], each["how"], each["voided"]) for each in found
    ]
    assert ["2026-03-02T07:58:11+00:00", "2026-03-02T08:03:11+00:00"] == [each["at"] for each in found]
    assert (True, None) == (found[0]["score"] > found[0]["threshold"], found[1]["score"])


def test_evidence_on_request(book):
    """All that a mark rests on is shown where it is asked for, and else not."""
    ada, bob = (each.to_dict(evidence=True) for each in book.marks("Maths"))
    assert ("came late", "A") == (bob["evidence"]["note"], ada["evidence"]["candidates"][0]["id"])
    assert "evidence" not in book.marks("Maths")[0].to_dict()


def test_without_a_name_the_day_s_own(app, book):
    """Without a name the marks are those of the day's own session, where there is one."""
    with pytest.raises(SessionUnknown):
        book.marks()
    app.mark("Ada")
    assert [("2026-03-02", "A")] == [(each.session.name, each.person.external_id) for each in book.marks()]


def test_times_of_the_session_s_zone(app, home, clock, pipeline, book):  # noqa: ARG001 - people are enrolled
    """Times are those on the clock of the session, wherever the site is now."""
    app.close()
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"time_zone": "Asia/Tokyo"}) as tokyo:
        tokyo.mark("Ada")
        assert ["2026-03-02T17:03:11+09:00"] == [each.to_dict()["at"] for each in tokyo.session_book.marks()]
        assert "2026-03-02T07:58:11+00:00" == tokyo.session_book.marks("Maths")[0].to_dict()["at"]


def test_of_a_group(book):
    """A session may be of one group."""
    assert "7b" == book.open(TEACHER, "Choir", group="7b").group


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda book: book.open(TEACHER, "Maths"), SessionExists),
        (lambda book: book.open(TEACHER, "2026-03-02"), SessionExists),
        (lambda book: book.open(TEACHER, "Arts", group="8a"), GroupUnknown),
        (lambda book: book.open(TEACHER, " "), PersonInvalid),
        (lambda book: book.close(TEACHER, "Arts"), SessionUnknown),
        (lambda book: book.marks("Arts"), SessionUnknown),
    ],
)
def test_refused(book, call, error):
    """What cannot be opened, closed or shown is refused, and no session is made or changed by it."""
    before = book.all()
    with pytest.raises(error):
        call(book)
    assert before == book.all()
