"""Whether somebody looked: nobody is absent without it."""

from dataclasses import replace

import pytest
from timetable_made import ANYBODY, at, cover, excuse, mark, occurs, row, rows

from attendance.timetable.attended import Status
from attendance.timetable.cover import Coverage
from attendance.timetable.facts import Spell
from attendance.timetable.rule import Pairing

LESSON = {"begins": "08:00", "ends": "08:45", "pairing": Pairing.ONCE}
OF_7B = replace(ANYBODY, spells=(Spell("7b", None, None),))


def absent(occurrence, *covers, **more):
    """True where absent, else why there is no log."""
    found = row(occurrence, covers=covers, **more)
    return True if found.status is Status.ABSENT else found.reasons[0]


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ("07:59:59", "not_looked"),
        ("08:00:00", True),
        ("08:05:00", True),
        ("08:44:59", True),
        ("08:45:00", "not_looked"),
    ],
)
def test_picture(taken, expected):
    """Who is not in a picture of the class, taken in the lesson, was absent."""
    assert expected == absent(occurs(**LESSON), cover(taken))


@pytest.mark.parametrize("pairing", [Pairing.FIRST_LAST, Pairing.PAIRS])
def test_picture_of_a_shift(pairing):
    """Who is not in a picture may come to a shift of hours all the same, or have been there before."""
    assert "not_looked" == absent(occurs("06:00", "14:00", pairing=pairing), cover("08:05"))


def test_picture_of_one_lesson():
    """A picture says nothing of the lessons before and after."""
    lessons = [occurs(f"{hour:02}:00", f"{hour:02}:45", key=hour, pairing=Pairing.ONCE) for hour in (7, 8, 9)]
    found = rows(lessons, covers=[cover("08:05")])
    assert [("not_looked",), (), ("not_looked",)] == [each.reasons for each in found]


@pytest.mark.parametrize(("now", "expected"), [("08:03", "not_over"), ("08:04:59", "not_over"), ("08:05", True)])
def test_picture_taken_early(now, expected):
    """Who is missing in a picture can still come in time until the grace has passed."""
    assert expected == absent(occurs(**LESSON), cover("08:02"), now=at(now))


def test_picture_to_come():
    """A picture is proof once it is taken."""
    assert "not_over" == absent(occurs(**LESSON), cover("08:20"), now=at("08:19:59"))
    assert True is absent(occurs(**LESSON), cover("08:20"), now=at("08:20"))


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        ("08:00:00", "17:00:00", True),
        ("08:05:00", "17:00:00", True),
        ("08:05:01", "17:00:00", "gap"),
        ("08:00:00", "16:59:59", "gap"),
        ("06:00:00", "08:00:00", "not_looked"),
        ("17:00:00", "18:00:00", "not_looked"),
        ("06:00:00", "08:00:01", "gap"),
        ("16:59:59", "18:00:00", "gap"),
    ],
)
@pytest.mark.parametrize("kind", ["camera", "file", "device", "hand"])
def test_all_along(begins, ends, expected, kind):
    """Whose comings and goings count is absent where somebody looked from about the beginning to the very end."""
    assert expected == absent(occurs(), cover(begins, ends, kind))


@pytest.mark.parametrize(("begins", "expected"), [("12:05:00", True), ("12:05:01", "gap")])
def test_gap(begins, expected):
    """A source may be away for five minutes, not for a second more."""
    assert expected == absent(occurs(), cover("08:00", "12:00"), cover(begins, "17:00"))


def test_sources_together():
    """What one source did not see another may have."""
    covers = [
        cover("11:00", "13:00", "device"),
        cover("12:30", "18:00"),
        cover("07:00", "11:30"),
        cover("08:00", "09:00"),
    ]
    assert True is absent(occurs(), *covers)


def test_camera_off_from_nine_to_eleven():
    """Whatever touches the time in which the camera was off has no log; the rest of the day has."""
    covers = [cover("07:00", "09:00"), cover("11:00", "18:00")]
    lessons = [occurs(f"{hour:02}:00", f"{hour:02}:45", key=hour, pairing=Pairing.ONCE) for hour in range(8, 13)]
    found = rows(lessons, covers=covers)
    absent_, gap = (Status.ABSENT, ()), (Status.NO_LOG, ("gap",))
    assert [absent_, gap, gap, absent_, absent_] == [(each.status, each.reasons) for each in found]
    found = row(occurs(), covers=covers)
    assert gap == (found.status, found.reasons)
    found = row(occurs(), mark("08:00"), mark("17:00"), covers=covers)
    assert (Status.PRESENT, ()) == (found.status, found.reasons)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("07:00", "09:00"), ("11:00", "12:00"), "gap"),
        (("-07:00", "-09:00"), ("11:00", "12:00"), "not_looked"),
        (("07:00", "09:00"), ("+11:00", "+12:00"), "not_looked"),
        (("-07:00", "-09:00"), ("+11:00", "+12:00"), "not_looked"),
    ],
)
def test_gap_is_of_a_day(before, after, expected):
    """A time in which nobody looked is a gap where somebody did before and after it on the same day."""
    assert expected == absent(occurs("10:00", "10:45"), cover(*before), cover(*after))


def test_look_to_come():
    """A look that has not begun is no proof yet, even where it may begin a moment late."""
    strict, later = occurs(**LESSON, late_grace=0), cover("08:03", "08:45", "hand")
    assert "not_over" == absent(strict, later, now=at("08:02:59"))
    assert True is absent(strict, later, now=at("08:03:00"))


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        ("07:55:00", "08:05:00", True),
        ("07:55:00", "08:04:59", "gap"),
        ("08:05:00", "08:30:00", True),
        ("08:05:01", "08:30:00", "gap"),
        ("07:00:00", "08:00:00", "not_looked"),
    ],
)
def test_roll_at_the_beginning(begins, ends, expected):
    """Where one mark is enough, somebody has to look until the time in which one may come is over."""
    assert expected == absent(occurs(**LESSON), cover(begins, ends))


def test_lesson_before_is_no_proof():
    """A look at the lesson before does not make anybody absent in the next, even where no minute is forgiven."""
    strict = occurs(**LESSON, late_grace=0)
    assert "not_looked" == absent(strict, cover("07:15", "08:00", "hand"))
    assert True is absent(strict, cover("07:15", "08:00:01", "hand"))


@pytest.mark.parametrize(
    ("now", "seen_until", "expected"),
    [
        ("16:00:00", "16:00:00", "not_over"),
        ("16:59:59", "17:30:00", "not_over"),
        ("17:00:00", "16:59:58", "gap"),
        ("17:00:00", "17:00:00", True),
    ],
)
def test_watermark(now, seen_until, expected):
    """Nobody is absent before the look has passed the end, and what is yet to come has not been looked at."""
    assert expected == absent(occurs(), cover("07:00", seen_until), now=at(now))


def test_run_that_has_just_begun():
    """A camera that has not run yet has seen nothing."""
    assert "not_looked" == absent(occurs(**LESSON, late_grace=0), cover("08:00", "08:00", "camera"))


@pytest.mark.parametrize(
    ("person", "expected"),
    [(OF_7B, True), (ANYBODY, "not_looked"), (replace(ANYBODY, spells=(Spell("8c", None, None),)), "not_looked")],
)
def test_groups(person, expected):
    """A look for one class says nothing of another."""
    assert expected == absent(occurs(**LESSON), cover("08:00", "09:00", group="7b"), person=person)
    assert True is absent(occurs(**LESSON), cover("08:00", "09:00"), person=person)


def test_group_of_that_day():
    """Who belonged to the class on that day counts, not who belongs to it now."""
    day, next_day = at("08:00").date(), at("+08:00").date()
    left = replace(ANYBODY, spells=(Spell("7b", None, next_day),))
    came = replace(ANYBODY, spells=(Spell("7b", next_day, None),))
    look = cover("08:00", "09:00", group="7b")
    assert (True, "not_looked") == (
        absent(occurs(**LESSON), look, person=left),
        absent(occurs(**LESSON), look, person=came),
    )
    assert day < next_day


@pytest.mark.parametrize(
    ("rule_site", "cover_site", "expected"),
    [
        (None, None, True),
        (None, "North", True),
        ("North", None, True),
        ("North", "North", True),
        ("North", "South", "not_looked"),
    ],
)
def test_sites(rule_site, cover_site, expected):
    """A look at one site says nothing of another."""
    assert expected == absent(occurs(**LESSON, site=rule_site), cover("08:00", "09:00", site=cover_site))


@pytest.mark.parametrize("kind", ["camera", "file"])
@pytest.mark.parametrize(
    ("recognisable", "expected"),
    [("07:59:59", True), ("08:00", True), ("08:00:01", "unrecognisable"), (None, "unrecognisable")],
)
def test_recognisable(kind, recognisable, expected):
    """Who could not be recognised as the camera began is not absent by it."""
    person = replace(ANYBODY, recognisable=None if recognisable is None else at(recognisable))
    assert expected == absent(occurs(**LESSON), cover("08:00", "09:00", kind), person=person)


@pytest.mark.parametrize(("enrolled", "expected"), [("+10:00", True), ("+10:00:01", "unrecognisable")])
def test_recording_searched_later(enrolled, expected):
    """Who was enrolled before a recording was looked through would have been recognised, whatever time it shows."""
    searched = replace(cover("08:00", "09:00", "file"), searched=at("+10:00"))
    person = replace(ANYBODY, recognisable=at(enrolled))
    assert expected == absent(occurs(**LESSON), searched, person=person)


@pytest.mark.parametrize("kind", ["device", "hand"])
@pytest.mark.parametrize(("known", "expected"), [("08:00", True), ("08:00:01", "unrecognisable")])
def test_nobody_known_was_looked_for(kind, known, expected):
    """Who was entered after somebody had watched, or a device had told, is not absent by it."""
    person = replace(ANYBODY, known=at(known))
    assert expected == absent(occurs(**LESSON), cover("08:00", "09:00", kind), person=person)
    later = replace(cover("08:00", "09:00", kind), searched=at("08:00:01"))
    assert True is absent(occurs(**LESSON), later, person=person)


@pytest.mark.parametrize("kind", ["device", "hand"])
def test_no_face_needed(kind):
    """Badges and lists by hand need no face."""
    assert True is absent(occurs(**LESSON), cover("08:00", "09:00", kind), person=replace(ANYBODY, recognisable=None))


def test_excused_at_the_beginning():
    """Who is excused until twenty past has to be looked for from then on."""
    late_start = {"excuses": [excuse("08:00", "08:20")]}
    found = row(occurs(**LESSON), covers=[cover("07:50", "08:10")], **late_start)
    assert (Status.NO_LOG, ("not_looked", "partly_excused")) == (found.status, found.reasons)
    found = row(occurs(**LESSON), covers=[cover("08:20", "08:25")], **late_start)
    assert (Status.ABSENT, ("partly_excused",)) == (found.status, found.reasons)
    assert Status.NO_LOG is row(occurs(**LESSON), covers=[cover("08:05")], **late_start).status
    assert Status.ABSENT is row(occurs(**LESSON), covers=[cover("08:20")], **late_start).status


def test_prepared_once_for_many():
    """Coverage made once answers as the covers themselves do, for whomever."""
    covers = [cover("08:05", group="7b"), cover("08:00", "17:00", site="North"), cover("08:30", "09:30")]
    made = Coverage(covers)
    people = [OF_7B, ANYBODY, replace(ANYBODY, recognisable=None), replace(OF_7B, recognisable=at("08:10"))]
    asked = [occurs(**LESSON), occurs("08:00", "17:00", site="South", key=2), occurs("08:30", "09:15", key=3)]
    for person in people * 2:
        assert rows(asked, covers=covers, person=person) == rows(asked, covers=made, person=person)
