"""By hand, afterwards: the day it was, the time if it is known, and when and by whom it was entered."""

from datetime import UTC, date, datetime

import pytest
from PIL import Image

from attendance.errors import MarkSeveral, MarkTime, MarkUnknown, MarkVoided, SessionClosed, SessionDay, SessionUnknown
from gallery import PersonInactive, PersonUnknown, history

YESTERDAY = "2026-03-01"


@pytest.fixture
def ada(app, draw, clock) -> int:
    """Ada was enrolled a week ago."""
    clock.forward(days=-7)
    number = app.enroll(draw("ada.png", (1,)), name="Ada").person.key
    clock.forward(days=7)
    return number


def row(app, day: str = YESTERDAY):
    (found,) = app.report(first=date.fromisoformat(day), last=date.fromisoformat(day))
    return found


@pytest.mark.usefixtures("ada")
def test_yesterday(app, clock):
    """Somebody is marked for yesterday without any session of it: present, by hand, at a time that is not known."""
    made = app.mark("Ada", session=YESTERDAY, note="camera broken")
    found = row(app)
    assert ("present", "by hand", None, "manual") == (
        found.status,
        found.shown,
        found.to_dict()["at"],
        found.to_dict()["how"],
    )
    assert "2026-03-02T07:58:11+00:00" == found.to_dict()["entered"]
    assert ("camera broken", app.actor.name) == (made.evidence["note"], made.evidence["by"])
    assert datetime(2026, 3, 1, tzinfo=UTC) == made.at
    assert [] == app.report(), "today has no session yet"
    with app.store.reading() as transaction:
        (event,) = history(transaction, subject=made.id)
    assert (clock.now, app.actor.name) == (event.at, event.by)


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("at", ["08:05", "2026-03-01T08:05", datetime(2026, 3, 1, 8, 5, tzinfo=UTC)])
def test_with_its_time(app, at):
    """The time given is that of the mark, and shown as entered by hand."""
    assert datetime(2026, 3, 1, 8, 5, tzinfo=UTC) == app.mark("Ada", session=YESTERDAY, at=at).at
    assert "08:05 by hand" == row(app).shown


@pytest.mark.usefixtures("ada")
def test_a_whole_instant_names_its_day(app):
    """A whole instant needs no day beside it."""
    app.mark("Ada", at="2026-03-01T08:05")
    assert "08:05 by hand" == row(app).shown


@pytest.mark.usefixtures("ada")
def test_now_is_now(app, clock):
    """Without a day and a time it is today and now."""
    assert clock.now == app.mark("Ada").at
    assert "07:58 by hand" == row(app, "2026-03-02").shown


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"session": "2026-03-03"}, SessionDay),
        ({"session": "Maths"}, SessionUnknown),
        ({"session": YESTERDAY, "at": "25:00"}, MarkTime),
        ({"session": YESTERDAY, "at": "2026-03-02T01:00"}, MarkTime),
        ({"at": "23:00"}, MarkTime),
        ({"at": "2026-03-03T08:00"}, SessionDay),
    ],
)
def test_refused_whole(app, more, error):
    """What is refused leaves nothing behind: no mark, and no session of a day on which nothing was."""
    with pytest.raises(error):
        app.mark("Ada", **more)
    with pytest.raises(PersonUnknown):
        app.mark("Nobody", session=YESTERDAY)
    assert [] == app.sessions.all()


@pytest.mark.usefixtures("ada")
def test_who_is_marked_stays(app):
    """A second mark by hand changes nothing and says so; void and mark again enters another time."""
    first = app.enter("Ada", session=YESTERDAY, at="08:05")
    again = app.enter("Ada", session=YESTERDAY, at="09:00")
    assert (True, False, first.mark) == (first.new, again.new, again.mark)
    app.void("Ada", session=YESTERDAY, reason="wrong time")
    assert "no log (void: wrong time)" == row(app).shown
    assert app.enter("Ada", session=YESTERDAY, at="09:00").new
    assert "09:00 by hand" == row(app).shown


@pytest.mark.usefixtures("ada")
def test_closed_session(app, clock):
    """A closed session can be corrected; when somebody was there is then not known, unless it is told."""
    app.sessions.open("Maths", at=clock.now)
    clock.forward(hours=1)
    app.sessions.close("Maths", at=clock.now)
    clock.forward(hours=1)
    assert not app.mark("Ada", session="Maths").time_is_known
    app.void("Ada", session="Maths", reason="x")
    assert datetime(2026, 3, 2, 8, 30, tzinfo=UTC) == app.mark("Ada", session="Maths", at="08:30").at


@pytest.mark.usefixtures("ada")
def test_a_zone_that_was_set_later(app, home, clock, pipeline):
    """A day that has a session in the zone of before keeps that one: nobody gets two rows for a day."""
    from attendance import Attendance

    app.mark("Ada", session=YESTERDAY, at="08:05")
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"time_zone": "Asia/Tokyo"}) as later:
        assert not later.enter("Ada", session=YESTERDAY).new
        assert 1 == len(later.sessions.all())


# A recording of yesterday


def taken(draw, name: str, when: str | None, *faces: tuple[int, ...], offset: str | None = None):
    """A picture whose Exif tells when it was taken."""
    path = draw(name, *faces)
    with Image.open(path) as picture:
        picture.load()
        exif = picture.getexif()
        folder = exif.get_ifd(0x8769)
        if when is not None:
            folder[0x9003] = when
        if offset is not None:
            folder[0x9011] = offset
        exif[0x8769] = folder
        picture.save(path, exif=exif)
    return path


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("when", "offset", "shown"),
    [
        ("2026:03:01 08:03:20", None, "08:03 checked later"),
        ("2026:03:01 09:03:20", "+01:00", "08:03 checked later"),
        ("2026:03:02 07:00:00", None, "checked later"),
        ("2019:01:01 00:00:00", None, "checked later"),
        ("0000:00:00 00:00:00", None, "checked later"),
        (None, None, "checked later"),
    ],
)
def test_recording_of_yesterday(app, draw, when, offset, shown):
    """A mark is of the day of the recording, of the file's time if that is of the day, and it says checked later."""
    picture = taken(draw, "door.png", when, (1, 90), offset=offset)
    (decision,) = app.check(picture, session=YESTERDAY)
    found = row(app)
    assert ("present", shown, "present") == (decision.decision, found.shown, found.status)
    assert ("file", "2026-03-02T07:58:11+00:00") == (found.to_dict()["how"], found.to_dict()["entered"])
    assert YESTERDAY == found.mark.at.date().isoformat()
    assert ["already"] == [each.decision for each in app.check(picture, session=YESTERDAY)]


@pytest.mark.usefixtures("ada")
def test_recording_without_her(app, draw):
    """Who was looked for in yesterday's recording in vain was absent yesterday, and nothing is said of today."""
    list(app.check(draw("door.png", (9,)), session=YESTERDAY))
    assert ("absent", []) == (row(app).status, app.report())


def test_enrolled_today(app, draw):
    """Somebody enrolled today is present yesterday if seen, and never called absent from a day before they came."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.enroll(draw("bob.png", (2,)), name="Bob")
    list(app.check(draw("door.png", (1, 90)), session=YESTERDAY))
    found = app.report(first=date(2026, 3, 1), last=date(2026, 3, 1))
    assert [("Ada", "present"), ("Bob", "no log")] == [(each.person.name, each.status) for each in found]


@pytest.mark.usefixtures("ada")
def test_dry_run_of_yesterday(app, draw):
    """A dry run for a day makes no session, and refuses the same days."""
    (found,) = app.check(draw("door.png", (1, 90)), session=YESTERDAY, dry_run=True)
    assert ("present", []) == (found.decision, app.sessions.all())
    with pytest.raises(SessionDay):
        app.check(draw("door.png", (1, 90)), session="2026-03-03", dry_run=True)


@pytest.mark.usefixtures("ada")
def test_closed_yesterday(app, draw, clock):
    """A day that somebody closed takes no marks of a recording."""
    app.mark("Ada", session=YESTERDAY)
    app.sessions.close(YESTERDAY, at=clock.now)
    with pytest.raises(SessionClosed):
        app.check(draw("door.png", (1, 90)), session=YESTERDAY)


@pytest.mark.usefixtures("ada")
def test_no_camera_sees_yesterday(app, draw):
    """A camera makes no marks for a day gone by."""
    (decision,) = app.check(draw("door.png", (1, 90)), dry_run=True)
    for action in (
        lambda: app.note_check("camera", YESTERDAY),
        lambda: app.record(decision, YESTERDAY, how="camera"),
    ):
        with pytest.raises(SessionClosed, match="this day is over"):
            action()


# People who left


@pytest.mark.usefixtures("ada")
def test_marks_of_who_left(app, clock):
    """Who left can be marked for days before, and not for days or hours after."""
    app.leaving.set_active(app.actor, "Ada", False, since=date(2026, 3, 1))
    assert app.enter("Ada", session="2026-02-28").new
    for more in ({}, {"session": YESTERDAY}, {"session": YESTERDAY, "at": "08:00"}):
        with pytest.raises(PersonInactive, match="set inactive"):
            app.mark("Ada", **more)
    app.leaving.set_active(app.actor, "Ada", True)
    clock.forward(minutes=1)
    assert app.enter("Ada").new


@pytest.mark.usefixtures("ada")
def test_marks_of_the_day_of_leaving(app, clock):
    """On the day of leaving, an hour before it can still be entered, one after it not."""
    app.leaving.set_active(app.actor, "Ada", False)
    clock.forward(hours=2)
    with pytest.raises(PersonInactive):
        app.mark("Ada", at="09:00")
    assert app.enter("Ada", at="07:30").new


# What the door gets to say


def test_whose_and_where(app, ada):
    """A mark by hand comes back with whose it is, in which session, at what time there, and whether it is new."""
    found = app.by_hand.enter(app.actor, ada, at="07:30")
    assert ("Ada", "2026-03-02", "07:30", True) == (
        found.person.name,
        found.session.name,
        f"{found.at:%H:%M}",
        found.new,
    )
    later = app.by_hand.enter(app.actor, "Ada")
    assert (found.mark, False) == (later.mark, later.new)
    assert app.by_hand.enter(app.actor, "Ada", session=YESTERDAY).at is None


@pytest.mark.usefixtures("ada")
def test_a_void_tells_whose(app):
    """Who voids a mark hears whose it was and why, and it is voided once."""
    app.mark("Ada")
    gone = app.by_hand.void(app.actor, "Ada", reason="was Bob")
    assert ("Ada", "2026-03-02", "was Bob") == (gone.person.name, gone.session.name, gone.mark.void_reason)
    with pytest.raises(MarkVoided):
        app.by_hand.void(app.actor, "Ada", reason="again")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("who", "session", "error"),
    [("Eve", None, PersonUnknown), ("Ada", "Maths", SessionUnknown), ("Ada", None, MarkUnknown)],
)
def test_no_such_mark(app, who, session, error):
    """A mark that is not there cannot be voided: of nobody, in no session, or not made."""
    app.sessions.of_day(app.clock.utc())
    with pytest.raises(error):
        app.by_hand.void(app.actor, who, reason="x", session=session)


# --- corrections -----------------------------------------------------------------------------------------------


def story(app, mark: str) -> list[str]:
    with app.store.reading() as transaction:
        return [each.action for each in history(transaction, subject=mark)]


@pytest.mark.usefixtures("ada")
def test_a_correction_puts_one_mark_for_another(app):
    """The old mark is void and stays, the new one is of the right time and names it, all in one step."""
    old = app.mark("Ada", session=YESTERDAY, at="08:30", direction="in")
    found = app.by_hand.correct(app.actor, "Ada", session=YESTERDAY, at="08:00", reason="the clock was wrong")
    new = found.made.mark
    gone = found.old.mark
    assert (old.id, "the clock was wrong", False) == (gone.id, gone.void_reason, gone.valid)
    assert (datetime(2026, 3, 1, 8, tzinfo=UTC), "in", "manual", True) == (new.at, new.direction, new.how, new.valid)
    assert (old.id, "the clock was wrong") == (new.evidence["corrects"], new.evidence["note"])
    assert ("present", "08:00 by hand") == (row(app).status, row(app).shown)
    kept = {each.id: each.valid for each in app.marks.of_session(app.sessions.find(YESTERDAY).id)}
    assert {old.id: False, new.id: True} == kept
    assert (["mark.add", "mark.void"], ["mark.add"]) == (story(app, old.id), story(app, new.id))


@pytest.mark.usefixtures("ada")
def test_a_correction_may_turn_the_direction(app):
    """Who went out and was entered as coming in is corrected in one step; a whole instant names its day."""
    app.mark("Ada", session=YESTERDAY, at="08:30", direction="in")
    assert "out" == app.correct("Ada", at="2026-03-01T08:30", direction="out", reason="typo").direction


@pytest.mark.usefixtures("ada")
def test_of_several_marks_one_is_meant_by_its_id(app):
    """With an id another mark than the first is corrected or voided, in the session that it is of."""
    first = app.mark("Ada", session=YESTERDAY, at="08:00", direction="in")
    second = app.mark("Ada", session=YESTERDAY, at="16:00", direction="out")
    new = app.correct("Ada", at="15:30", mark=second.id, reason="left earlier")
    assert ("out", second.id) == (new.direction, new.evidence["corrects"])
    gone = app.void("Ada", mark=new.id, session=YESTERDAY, reason="no, not at all")
    assert new.id == gone.id
    assert {first.id: True, second.id: False, new.id: False} == {
        each.id: each.valid for each in app.marks.of_session(app.sessions.find(YESTERDAY).id)
    }


@pytest.mark.usefixtures("ada")
def test_of_several_marks_none_is_guessed(app):
    """Where several count and none is named, none is touched, and each is told with its time, way and id."""
    made = [app.mark("Ada", session=YESTERDAY, at=at, direction=way) for at, way in (("08:00", "in"), ("16:00", "out"))]
    told = f"Ada (P-1) has 2 marks that count: 08:00:00 in {made[0].id}, 16:00:00 out {made[1].id}"
    for change in (
        lambda: app.correct("Ada", session=YESTERDAY, at="15:30", reason="left earlier"),
        lambda: app.void("Ada", session=YESTERDAY, reason="left earlier"),
    ):
        with pytest.raises(MarkSeveral) as refused:
            change()
        assert told == refused.value.detail
    assert [True, True] == [each.valid for each in app.marks.of_session(app.sessions.find(YESTERDAY).id)]
    app.void("Ada", mark=made[0].id, reason="was Bob")
    assert made[1].id == app.void("Ada", session=YESTERDAY, reason="was Bob").id


@pytest.mark.usefixtures("ada")
def test_a_correction_that_cannot_be_leaves_all(app, draw):
    """Without such a mark, at a time that is none, or of one that is void, nothing changes."""
    app.enroll(draw("bob.png", (2,)), name="Bob")
    made = app.mark("Ada", session=YESTERDAY, at="08:00")
    others = app.mark("Bob", session=YESTERDAY, at="08:00")
    for given, error in (
        ({"at": "25:00"}, MarkTime),
        ({"at": "2026-03-02T07:00"}, MarkTime),
        ({"at": "09:00", "mark": "0" * 32}, MarkUnknown),
        ({"at": "09:00", "mark": others.id}, MarkUnknown),
        ({"at": "09:00", "mark": others.id, "session": None}, MarkUnknown),
        ({"at": "09:00", "session": "2026-02-20"}, SessionUnknown),
    ):
        with pytest.raises(error):
            app.correct("Ada", reason="x", **{"session": YESTERDAY, **given})
    found = {each.person.name: each.shown for each in app.report(session=YESTERDAY)}
    assert ({"Ada": "08:00 by hand", "Bob": "08:00 by hand"}, ["mark.add"]) == (found, story(app, made.id))
    app.void("Ada", session=YESTERDAY, reason="x")
    with pytest.raises(MarkVoided):
        app.correct("Ada", session=YESTERDAY, at="09:00", reason="x")


def test_a_leaver_is_not_corrected_into_a_time_after_leaving(app, ada, clock):
    """A correction to a time at which somebody did not belong is refused, and the old mark counts on."""
    made = app.mark("Ada", at="07:00")
    app.gallery.set_active(ada, False, at=datetime(2026, 3, 2, 7, 30, tzinfo=UTC), by="t")
    with pytest.raises(PersonInactive):
        app.correct("Ada", at="07:45", reason="x")
    assert app.marks.of(ada, made.session).valid
    assert clock.now == app.correct("Ada", at="07:15", reason="x").made
