"""Calendars to subscribe to by an address."""

import pytest
from icalendar import Calendar

from attendance.access import Actor
from attendance.service_errors import RequestInvalid
from attendance.timetable.ruleparts import Parts
from gallery import history
from gallery.errors import PersonUnknown


@pytest.fixture
def ada(app):
    """Somebody in a group with a timetable, who is marked."""
    actor = Actor("tests")
    app.edits.add(actor, "Ada Lovelace", external_id="a", groups=["7A"])
    app.edits.add(actor, "Alan Turing", external_id="b", groups=["7A"])
    app.timetables.add(actor, "Maths", Parts(weekly="MO,TU", begins="08:00", ends="08:45"), group="7A")
    app.by_hand.enter(actor, "a")
    return "a"


def summaries(answer) -> list[str]:
    return [str(each["SUMMARY"]) for each in Calendar.from_ical(answer.content).walk("VEVENT")]


def test_a_person_s_calendar_has_what_became_of_them(app, client, ada):
    """Whoever has the address reads it without signing in; it is the report's own calendar."""
    made = app.feeds.add(Actor("tests"), person=ada)
    found = client.get(f"/feeds/{made.secret}.ics")

    assert (200, "text/calendar; charset=utf-8") == (found.status_code, found.headers["Content-Type"])
    assert {"Maths (present)", "Maths"} == set(summaries(found))
    assert b"Alan" not in found.content


def test_that_a_calendar_is_read_is_noted_once_an_hour(app, client, ada, clock):
    """Who fetches a calendar stands in the log by the number of the token, however often they do within an hour."""
    made = app.feeds.add(Actor("tests"), person=ada)
    for minutes in (0, 30, 31):
        clock.forward(minutes=minutes)
        assert 200 == client.get(f"/feeds/{made.secret}.ics").status_code
    client.get("/feeds/none.ics")
    with app.store.reading() as view:
        found = history(view, action="report.export")

    assert [f"feed {made.token.id}"] * 2 == [each.by for each in found]
    assert made.secret not in str(found)


@pytest.mark.usefixtures("ada")
def test_a_group_s_calendar_names_nobody(app, client):
    """It tells how many were there, and no name."""
    found = client.get(f"/feeds/{app.feeds.add(Actor('tests'), group='7A').secret}.ics")

    assert 200 == found.status_code
    assert b"Ada" not in found.content
    assert b"Alan" not in found.content


def test_what_is_as_it_was_is_not_sent_again(app, client, ada):
    """The ETag stays until something changes."""
    path = f"/feeds/{app.feeds.add(Actor('tests'), person=ada).secret}.ics"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    app.timetables.add(Actor("tests"), "Art", Parts(weekly="FR", begins="08:00", ends="08:45"), group="7A")
    changed = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (304, b"") == (again.status_code, again.content)
    assert 200 == changed.status_code
    assert first.headers["ETag"] != changed.headers["ETag"]


def test_all_that_is_no_calendar_is_not_found(app, client, ada):
    """A token that was taken back, is over or is another's, and one of who is gone, are as one that never was."""
    actor = Actor("tests")
    revoked, over = app.feeds.add(actor, person=ada), app.feeds.add(actor, group="7A", days=1)
    erased, program = app.feeds.add(actor, person="b"), app.tokens.add(actor, "HR", ["reports:read"])
    assert 200 == client.get(f"/feeds/{erased.secret}.ics").status_code
    app.tokens.revoke(actor, revoked.token.id)
    app.people.remove(actor, "b")
    app.clock.forward(days=1)
    secrets = [revoked.secret, over.secret, erased.secret, program.secret, "x", "..%2f..%2fkey", "%00", "é"]

    assert [404] * len(secrets) == [client.get(f"/feeds/{each}.ics").status_code for each in secrets]


def test_a_token_of_a_calendar_opens_nothing_else(app, client, ada):
    """It is no token of a program."""
    made = app.feeds.add(Actor("tests"), person=ada)
    refused = client.get("/api/v1/me", headers={"Authorization": f"Bearer {made.secret}"})

    assert (401, "token.invalid") == (refused.status_code, refused.json()["id"])


def test_a_calendar_follows_the_person(app, client, ada):
    """It is of the person, not of a name or an id that others may get; whom it is of is told."""
    made = app.feeds.add(Actor("tests"), person=ada)
    app.people.rename(Actor("tests"), "a", "Ada King")

    assert b"Ada King" in client.get(f"/feeds/{made.secret}.ics").content
    assert "Ada King (a)" == app.feeds.whom(made.token)
    app.people.remove(Actor("tests"), "a")
    app.edits.add(Actor("tests"), "Eve", external_id="a")
    assert 404 == client.get(f"/feeds/{made.secret}.ics").status_code
    assert None is app.feeds.whom(made.token)


@pytest.mark.usefixtures("ada")
def test_a_calendar_is_of_one(app):
    """Of nobody, of a person and a group, or of somebody unknown there is no calendar."""
    for told in ({}, {"person": "a", "group": "7A"}):
        with pytest.raises(RequestInvalid):
            app.feeds.add(Actor("tests"), **told)
    with pytest.raises(PersonUnknown):
        app.feeds.add(Actor("tests"), person="Ada Lovelace")
    assert [] == app.tokens.all()
