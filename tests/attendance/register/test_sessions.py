"""Sessions: one of each day's own, and those that somebody opens."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attendance.errors import GroupUnknown, SessionClosed, SessionDay, SessionExists, SessionUnknown
from attendance.register.sessions import Sessions
from gallery import PersonInvalid, history


@pytest.fixture
def sessions(app) -> Sessions:
    return Sessions(app.store, "Europe/Berlin", "tester")


def actions(app) -> list[str]:
    with app.store.reading() as transaction:
        return [event.action for event in history(transaction)]


def test_one_session_a_day(sessions, clock, app):
    """All of a day's checks share one session; the next day of the zone has its own."""
    first = sessions.of_day(clock.now)
    assert first == sessions.of_day(clock.now + timedelta(hours=15))
    clock.now = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    second = sessions.of_day(clock.now)
    assert ["2026-03-02", "2026-03-03"] == [first.name, second.name]
    assert ["session.open", "session.open"] == actions(app)


def test_another_zone_has_its_own_day(app, clock):
    """The same date in two zones is two sessions."""
    berlin = Sessions(app.store, "Europe/Berlin", "tester").of_day(clock.now)
    tokyo = Sessions(app.store, "Asia/Tokyo", "tester").of_day(clock.now)
    assert berlin.name == tokyo.name
    assert berlin.id != tokyo.id
    assert Sessions(app.store, "Europe/Berlin", "tester").find("2026-03-02") == berlin
    assert Sessions(app.store, "Asia/Tokyo", "tester").find("2026-03-02") == tokyo


def test_open_find_close(sessions, clock, app):
    """A named session is found while open, refused once closed, and its story is in the log."""
    opened = sessions.open("Maths", at=clock.now)
    assert opened == sessions.for_marks("Maths", clock.now)
    assert (None, "named", date(2026, 3, 2)) == (opened.group, opened.kind, opened.day)
    clock.forward(hours=1)
    sessions.close("Maths", at=clock.now)
    with pytest.raises(SessionClosed, match="closed at 2026-03-02T08:58:11"):
        sessions.for_marks("Maths", clock.now)
    with pytest.raises(SessionClosed):
        sessions.close("Maths", at=clock.now + timedelta(seconds=1))
    assert ["session.open", "session.close"] == actions(app)


def test_name_is_used_once(sessions, clock):
    """A name cannot stand for two sessions."""
    sessions.open("Maths", at=clock.now)
    with pytest.raises(SessionExists):
        sessions.open("Maths", at=clock.now)


@pytest.mark.parametrize("name", ["2026-03-02", "2030-12-31"])
def test_days_keep_their_names(sessions, clock, name):
    """A named session cannot be taken for a day's own."""
    with pytest.raises(SessionExists, match="that day's own") as caught:
        sessions.open(name, at=clock.now)
    assert f"attendance mark PERSON --day {name}" in str(caught.value), "no circle: it says what to type"
    assert sessions.open(f"{name} Maths", at=clock.now).kind == "named"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201])
def test_senseless_session_names(sessions, clock, name):
    """A name that could not be shown or typed is refused."""
    with pytest.raises(PersonInvalid):
        sessions.open(name, at=clock.now)
    assert [] == sessions.all()


def test_unknown_session(sessions, clock):
    """What was never opened is refused, with the command that opens it."""
    for action in (
        lambda: sessions.find("Maths"),
        lambda: sessions.for_marks("Maths", clock.now),
        lambda: sessions.close("Maths", at=clock.now),
    ):
        with pytest.raises(SessionUnknown) as caught:
            action()
        assert "attendance session open" in caught.value.help


def test_a_past_day_is_made(sessions, clock):
    """The own session of a day gone by is made when it is named, once, with the bounds of that day."""
    made = sessions.by_hand("2026-03-01", clock.now)
    assert ("day", date(2026, 3, 1), datetime(2026, 2, 28, 23, tzinfo=UTC)) == (made.kind, made.day, made.opens)
    assert made == sessions.by_hand("2026-03-01", clock.now) == sessions.for_marks("2026-03-01", clock.now)
    assert made.is_over(clock.now)
    assert not sessions.by_hand("2026-03-02", clock.now).is_over(clock.now)


@pytest.mark.parametrize("name", ["2026-03-03", "9999-12-31", "0001-01-01", "1969-12-31"])
def test_days_without_a_session(sessions, clock, name):
    """A day that has not begun, or that nobody means, gets no session."""
    for action in (sessions.by_hand, sessions.for_marks):
        with pytest.raises(SessionDay):
            action(name, clock.now)
    assert [] == sessions.all()


def test_today_is_that_of_the_site(app, clock):
    """Which day has begun is told by the clock of the site: it is tomorrow in Auckland before it is in Honolulu."""
    clock.now = datetime(2026, 3, 2, 13, tzinfo=UTC)
    assert "2026-03-03" == Sessions(app.store, "Pacific/Auckland", "t").by_hand("2026-03-03", clock.now).name
    with pytest.raises(SessionDay, match="today is 2026-03-02"):
        Sessions(app.store, "Pacific/Honolulu", "t").begun(date(2026, 3, 3), clock.now)


def test_near_names_are_offered(sessions, clock):
    """A mistyped session or day is refused with the name or the command that is meant."""
    sessions.open("Maths", at=clock.now)
    with pytest.raises(SessionUnknown, match=r"did you mean Maths\?"):
        sessions.find("maths")
    with pytest.raises(SessionUnknown) as caught:
        sessions.find("2026-03-01")
    assert "attendance mark PERSON --day DAY" in caught.value.help


def test_closed_day_stays_closed(sessions, clock):
    """A day that somebody closed takes no more marks."""
    day = sessions.of_day(clock.now)
    sessions.close(day.name, at=clock.now)
    with pytest.raises(SessionClosed):
        sessions.of_day(clock.now + timedelta(minutes=1))


def test_group_of_a_session(app, sessions, clock, draw):
    """A session may be for a group, which must exist."""
    with pytest.raises(GroupUnknown):
        sessions.open("Maths", at=clock.now, group="7b")
    app.enroll(draw("a.png", (1,)), name="Ada", groups=["7b"])
    assert sessions.open("Maths", at=clock.now, group="7b").group == "7b"
    assert [each.name for each in sessions.all()] == ["Maths"]


def test_a_check_is_remembered(sessions, clock):
    """A check that marks nobody is remembered all the same."""
    first, second = sessions.open("A", at=clock.now), sessions.open("B", at=clock.now)
    sessions.note_check(second, at=clock.now, details={"how": "file"})
    assert {second.id: [clock.now]} == sessions.checks()
    assert first.id not in sessions.checks()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), min_size=1, max_size=6),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_sessions_equal_days(app, moments, name):
    """Two instants share a session exactly when the wall calendar shows the same date."""
    from zoneinfo import ZoneInfo

    sessions = Sessions(app.store, name, "tester")
    found = {sessions.of_day(at.replace(tzinfo=UTC)).id for at in moments}
    dates = {at.replace(tzinfo=UTC).astimezone(ZoneInfo(name)).date() for at in moments}
    assert len(dates) == len(found)
