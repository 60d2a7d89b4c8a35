"""The day as it stands."""

from datetime import date, timedelta

import pytest

from attendance.access import Actor
from attendance.errors import GroupUnknown
from attendance.services.statuses import StatusesWanted
from attendance.timetable.ruleparts import Parts

ME = Actor("Grace")
MONDAY = date(2026, 3, 2)


@pytest.fixture
def school(app, clock):
    """Two classes with a lesson each, the first from 8 to 9, the second from 10 to 11; it is 7:58."""
    for number, (name, group) in enumerate([("Ada", "7a"), ("Bob", "7a"), ("Cleo", "7a"), ("Dora", "7b")], 1):
        app.gallery.add_person(name, external_id=f"E-{number}", groups=[group], at=clock.now, by="tests")
    for name, group, begins, ends in (("Maths", "7a", "08:00", "09:00"), ("Art", "7b", "10:00", "11:00")):
        parts = Parts(weekly="MO", begins=begins, ends=ends, late_grace=5)
        app.timetables.add(ME, name, parts, group=group, first=MONDAY)
    return app


def words(board) -> dict[str, str]:
    return {each.person.name: each.word for each in board.people.values()}


def test_before_anything_begins_everybody_is_expected(school) -> None:
    """Nobody is missing before what they are expected at has begun."""
    board = school.day_boards.today()
    assert {"Ada": "expected", "Bob": "expected", "Cleo": "expected", "Dora": "expected"} == words(board)
    assert ["coming", "coming"] == [each.state for each in board.meetings]


def test_during_a_lesson_it_says_who_is_there_late_and_missing(school, clock) -> None:
    """Who came in time is present, who came later late, who did not come missing once somebody has looked."""
    school.by_hand.enter(ME, "Ada")
    clock.forward(minutes=12)
    school.by_hand.enter(ME, "Bob")
    clock.forward(minutes=5)
    school.coverings.add(ME, begins="07:50", ends="08:15", reason="at the door")
    board = school.day_boards.today()
    assert {"Ada": "present", "Bob": "late", "Cleo": "missing", "Dora": "expected"} == words(board)
    maths = board.meetings[0]
    assert ("Maths", "7a", "running", 2, 3) == (maths.name, maths.whom, maths.state, maths.there, maths.total)
    assert ["Cleo"] == [each.person.name for each in board.of(maths, "missing")]
    assert {"present": 1, "late": 1, "missing": 1, "expected": 1} == dict(board.counts)


def test_nobody_is_missing_where_nobody_has_looked(school, clock) -> None:
    """Without a look there is no log, which is not absence."""
    clock.forward(minutes=20)
    assert "no log" == words(school.day_boards.today())["Cleo"]


def test_over_is_absent(school, clock) -> None:
    """What was missing is absent when it is over."""
    clock.forward(minutes=17)
    school.coverings.add(ME, begins="07:50", ends="08:15", reason="at the door")
    clock.forward(hours=1)
    assert "absent" == words(school.day_boards.today())["Cleo"]


def test_a_teacher_sees_their_groups_alone(school) -> None:
    """Of other groups neither people nor lessons nor names are shown."""
    board = school.day_boards.today(scope=["7b"])
    assert ["Dora"] == list(words(board))
    assert ["Art"] == [each.name for each in board.meetings]
    assert {"7b": 1} == dict(board.groups)


def test_the_group_of_somebody_else_is_unknown(school) -> None:
    """It says the same of a group beyond the scope as of one that is not there."""
    with pytest.raises(GroupUnknown):
        school.day_boards.today(scope=["7b"], group="7a")


def test_one_group_is_as_in_the_whole(school, clock) -> None:
    """A group's board is derived for its people alone, and says the same of them."""
    school.by_hand.enter(ME, "Ada")
    clock.forward(minutes=30)
    school.coverings.add(ME, begins="07:50", ends="08:15", reason="at the door")
    whole, group = words(school.day_boards.today()), words(school.day_boards.today(group="7a"))
    assert {name: whole[name] for name in group} == group
    assert ["Ada", "Bob", "Cleo"] == list(group)


def test_without_a_timetable_marks_tell(app, clock) -> None:
    """Who has a mark of the day is present, everybody else was not seen."""
    for name in ("Ada", "Bob"):
        app.gallery.add_person(name, at=clock.now, by="tests")
    app.by_hand.enter(ME, "Ada")
    board = app.day_boards.today()
    assert {"Ada": "present", "Bob": "not seen"} == words(board)
    assert clock.now == next(iter(board.people.values())).came


def test_void_marks_do_not_count(app, clock) -> None:
    """A mark that was voided is no presence."""
    app.gallery.add_person("Ada", at=clock.now, by="tests")
    app.by_hand.enter(ME, "Ada")
    app.by_hand.void(ME, "Ada", reason="somebody else")
    assert {"Ada": "not seen"} == words(app.day_boards.today())


def test_named_sessions_tell_who_is_marked_in_them(school) -> None:
    """A session that is open is shown with those who are marked in it."""
    school.session_book.open(ME, "Museum", group="7a")
    school.by_hand.enter(ME, "Bob", session="Museum")
    (museum,) = school.day_boards.today().sessions
    assert ("Museum", "7a", True, 1) == (museum.name, museum.group, museum.open, len(museum.people))
    assert () == school.day_boards.today(scope=["7b"]).sessions


def test_reviews_and_unknown_faces_are_counted(app, draw) -> None:
    """What waits for a review, and faces of nobody enrolled, are counted; a teacher's reviews are of their people."""
    app.enroll(draw("ada.png", (7,)), name="Ada", groups=["7a"])
    list(app.check(draw("close.png", (7, 20)), draw("nobody.png", (9,))))
    board = app.day_boards.today()
    assert (1, 1) == (board.reviews, board.unknown)
    assert 0 == app.day_boards.today(scope=["7b"]).reviews
    assert 1 == app.day_boards.today(scope=["7a"]).reviews


def test_it_tells_when_somebody_last_looked(school, clock) -> None:
    """The latest instant that somebody was looked for is told."""
    assert school.day_boards.today().looked is None
    clock.forward(minutes=30)
    school.coverings.add(ME, begins="08:00", ends="08:10", reason="x")
    assert "08:10" == f"{school.day_boards.today().looked:%H:%M}"


def test_what_is_asked_again_is_made_once_until_something_is_written(school, clock) -> None:
    """The same board is handed out until a mark, a person or a rule is another, or time has gone on."""
    first = school.day_boards.today()
    assert first is school.day_boards.today()
    school.by_hand.enter(ME, "Ada")
    marked = school.day_boards.today()
    assert 1 == len(marked.people[school.people.find("Ada").id].marks)
    school.people.rename(ME, "Ada", "Ada King")
    assert "Ada King" in words(school.day_boards.today())
    school.timetables.add(ME, "Choir", Parts(weekly="MO", begins="13:00", ends="14:00"), first=MONDAY)
    assert ["Maths", "Art", "Choir"] == [each.name for each in school.day_boards.today().meetings]
    clock.forward(minutes=1)
    assert clock.now == school.day_boards.today().now


def test_what_another_program_writes_is_seen(school, home, clock, pipeline) -> None:
    """A mark, a person or a rule of another process makes another board, too."""
    from attendance import Attendance

    school.day_boards.today()
    with Attendance.open(home, clock=clock, pipeline=pipeline) as other:
        other.gallery.add_person("Eve", groups=["7a"], at=clock.now, by="tests")
        other.by_hand.enter(ME, "Eve")
        other.timetables.add(ME, "Choir", Parts(weekly="MO", begins="13:00", ends="14:00"), first=MONDAY)
    board = school.day_boards.today()
    assert "Eve" in words(board)
    assert ["Maths", "Art", "Choir"] == [each.name for each in board.meetings]


def test_it_says_what_a_report_says(school, clock) -> None:
    """What is remembered of who is expected changes nothing of what is derived."""
    school.day_boards.today()
    school.by_hand.enter(ME, "Ada")
    clock.forward(minutes=80)
    school.coverings.add(ME, begins="07:50", ends="08:15", reason="at the door")
    again = school.statuses.derive_again(MONDAY).rows
    assert school.statuses.derive(StatusesWanted(MONDAY, MONDAY)).rows == again


def test_a_day_alone_is_as_within_a_week(school, clock) -> None:
    """Whoever derives some days or some people gets the rows that derivations of more days and people hold of them."""
    school.timetables.add(ME, "Night", Parts(weekly="SU,MO", begins="22:00", ends="06:00"), group="7a", first=MONDAY)
    school.by_hand.enter(ME, "Ada")
    clock.forward(minutes=80)
    whole = school.statuses.derive(StatusesWanted(MONDAY - timedelta(days=3), MONDAY + timedelta(days=3))).rows
    day = school.statuses.derive(StatusesWanted(MONDAY, MONDAY)).rows
    ada = school.people.find("Ada").id
    assert [each for each in whole if each.occurrence.day == MONDAY] == day
    assert [each for each in day if each.person == ada] == (
        school.statuses.derive(StatusesWanted(MONDAY, MONDAY, among=frozenset({ada}))).rows
    )
