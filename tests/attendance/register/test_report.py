"""Reports: present, absent and "no log" are three different things."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import GroupUnknown, SessionUnknown
from attendance.records import PersonRef
from attendance.register.marks import MarkInfo
from attendance.register.report import (
    COLUMNS,
    LOCAL_COLUMNS,
    Member,
    counts,
    matrix,
    rows,
    safe_cell,
    to_csv,
    to_excel_csv,
    to_json,
    why_empty,
)
from attendance.register.sessions import SessionInfo
from gallery.standing import Standing

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SESSION = SessionInfo(1, "2026-03-02", "day", date(2026, 3, 2), "Europe/Berlin", NOW - timedelta(hours=13), None)


def member(number: int, *, since: datetime = NOW - timedelta(days=9), groups: tuple[str, ...] = ()) -> Member:
    return Member(PersonRef(f"P-{number}", f"Person {number}", number), since, groups)


def mark(person: int, *, void: bool = False) -> MarkInfo:
    voided = {"voided_at": NOW, "void_reason": "wrong", "voided_by": "tester"} if void else {}
    return MarkInfo(f"m{person}", person, 1, NOW, "camera", NOW, "tester", **voided)


CHECKED = {1: [NOW]}


def statuses(members, marks, checks, *, session=SESSION, group=None) -> list[str]:
    return [row.status for row in rows([session], members, {1: marks}, checks, now=NOW, group=group)]


def test_three_states():
    """Marked is present, looked for in vain is absent, and without a look there is no log."""
    people = [member(1), member(2)]
    assert ["present", "absent"] == statuses(people, [mark(1)], CHECKED)
    assert ["present", "no log"] == statuses(people, [mark(1)], {})


def test_void_is_not_present():
    """A voided mark does not count, and its reason is shown."""
    (row,) = rows([SESSION], [member(1)], {1: [mark(1, void=True)]}, CHECKED, now=NOW)
    assert ("absent", "wrong", "m1") == (row.status, row.to_dict()["voided"], row.to_dict()["mark"])


def test_enrolled_later_is_no_log():
    """Nobody is called absent from a session that ended before they were enrolled."""
    tomorrow = NOW + timedelta(days=1)
    assert ["no log"] == statuses([member(1, since=tomorrow)], [], CHECKED)
    closed = SessionInfo(1, "S", "named", NOW.date(), "UTC", NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert ["no log"] == statuses([member(1, since=NOW - timedelta(minutes=30))], [], CHECKED, session=closed)
    assert ["absent"] == statuses([member(1, since=NOW - timedelta(minutes=90))], [], CHECKED, session=closed)


def test_groups():
    """A session of a group lists its members; a group asked for narrows that further."""
    people = [member(1, groups=("7b",)), member(2, groups=("7b", "choir")), member(3)]
    session = SessionInfo(1, "S", "named", NOW.date(), "UTC", NOW, None, "7b")
    assert ["no log"] * 2 == statuses(people, [], {}, session=session)
    assert ["no log"] == statuses(people, [], {}, session=session, group="choir")
    assert ["no log"] * 3 == statuses(people, [], {})


def test_csv_is_read_back():
    """The CSV holds every cell of the rows, times local to the session with their offset."""
    found = rows([SESSION], [member(1), member(2)], {1: [mark(1)]}, CHECKED, now=NOW)
    table = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert list(COLUMNS) == list(table[0])
    assert ("present", "2026-03-02T13:00:00+01:00", "camera") == tuple(table[0][k] for k in ("status", "at", "how"))
    assert ("absent", "", "") == tuple(table[1][key] for key in ("status", "at", "how"))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12))
def test_no_cell_is_a_formula(name):
    """Whatever a person is called, no spreadsheet starts to calculate, and the name can be read back."""
    who = Member(PersonRef("P-1", name, 1), NOW, ())
    text = to_csv(rows([SESSION], [who], {}, {}, now=NOW))
    cell = next(csv.DictReader(io.StringIO(text)))["name"]
    assert cell[0] not in "=+-@\uff1d\uff0b\uff0d\uff20"
    assert cell.removeprefix("'") == name.removeprefix("'")


@pytest.mark.parametrize("text", ["=1+1", "+49", "-3", "@SUM(A1)", "\tx", "\rx", "\nx", "\uff1d1+1", "\uff20SUM(A1)"])
def test_dangerous_beginnings(text):
    """Each beginning that a spreadsheet takes for a formula is made harmless."""
    assert f"'{text}" == safe_cell(text)


def test_json_and_counts():
    """The JSON document has a schema and all rows; the counts are theirs."""
    found = rows([SESSION], [member(1), member(2)], {1: [mark(1)]}, CHECKED, now=NOW)
    document = json.loads(to_json(found, now=NOW))
    assert (1, "2026-03-02T12:00:00.000Z", 2) == (document["schema"], document["at"], len(document["rows"]))
    assert {"present": 1, "absent": 1, "no log": 0} == counts(found)


def test_csv_for_excel():
    """Excel's form has a byte order mark, times without T and offset, their zone beside them, and the same rows."""
    found = rows([SESSION], [member(1), member(2)], {1: [mark(1)]}, CHECKED, now=NOW)
    text = to_excel_csv(found)
    assert text.startswith("\ufeffsession,")
    first, second = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert list(LOCAL_COLUMNS) == list(first)
    assert ("2026-03-02 13:00:00", "Europe/Berlin", "2026-03-02") == tuple(first[key] for key in ("at", "zone", "day"))
    assert ("absent", "", "") == tuple(second[key] for key in ("status", "at", "how"))


def test_who_left():
    """Who left is absent on the days before, not listed on the days after, and listed wherever they are marked."""
    before, after = NOW - timedelta(days=1), NOW - timedelta(hours=14)
    gone = replace(member(1), standing=Standing(((after, False),), ((NOW, False),)))
    left_at_noon = replace(member(1), standing=Standing(((NOW, False),), ((NOW, False),)))
    assert [] == statuses([gone], [], CHECKED)
    assert ["present"] == statuses([gone], [mark(1)], CHECKED)
    assert ["absent"] == statuses([left_at_noon], [], {1: [before]})
    assert ["no log"] == statuses([left_at_noon], [], CHECKED), "the check at noon did not look for them"
    back = replace(member(1), standing=Standing(((after, False), (NOW, True)), ()))
    assert ["absent"] == statuses([back], [], CHECKED)


@pytest.mark.parametrize(
    ("sessions", "members", "group", "why"),
    [
        ([SESSION], [], None, "nobody is enrolled"),
        ([SESSION], [member(1)], "7b", "nobody belongs to 7b"),
        ([replace(SESSION, group="8a")], [member(1, groups=("7b",))], None, "nobody belongs to 8a"),
        ([replace(SESSION, group="8a")], [member(1, groups=("7b",))], "7b", "nobody belongs to 7b and 8a"),
        ([SESSION], [member(1)], None, "nobody who belonged then"),
    ],
)
def test_why_there_is_nothing(sessions, members, group, why):
    """An empty report says which of its reasons it is."""
    assert why in why_empty(sessions, members, group)


def test_table():
    """People down, sessions across: the time of a mark and how it came about, else the status."""
    afterwards = datetime(2026, 3, 3, 8, tzinfo=UTC)
    by_hand = replace(mark(1), how="manual", made=afterwards, time_is_known=False)
    later = replace(mark(2), how="file", made=afterwards)
    found = rows([SESSION], [member(n) for n in (1, 2, 3, 4)], {1: [by_hand, later, mark(3, void=True)]}, {}, now=NOW)
    head, lines = matrix(found)
    assert ["id", "name", "2026-03-02"] == head
    assert ["by hand", "13:00 checked later", "no log (void: wrong)", "no log"] == [line[2] for line in lines]


def test_periods_of_leaving(app, draw, clock):
    """Somebody who leaves, comes back and leaves again is listed in the sessions of the days between, and no others."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.enroll(draw("bob.png", (2,)), name="Bob")
    changes = {2: False, 4: True, 6: False}
    for day in range(8):
        if day in changes:
            app.leaving.set_active(app.actor, "Ada", changes[day], since=clock.now.date())
        list(app.check(draw("door.png", (1 if day == 1 else 2, 90))))
        clock.forward(days=1)
    found = app.report(first=date(2026, 3, 1), last=date(2026, 3, 31))
    listed = {row.session.day.day - 2: row.status for row in found if row.person.name == "Ada"}
    assert {0: "absent", 1: "present", 4: "absent", 5: "absent"} == listed
    assert 8 == sum(row.person.name == "Bob" for row in found)


def test_said_afterwards(app, draw, clock):
    """That somebody left a week ago, said today, takes them out of the days since, but for those they are marked on."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    for day in range(4):
        list(app.check(draw(f"door{day}.png", (1 if day == 3 else 9, 90))))
        clock.forward(days=1)
    app.leaving.set_active(app.actor, "Ada", False, since=date(2026, 3, 3))
    assert ["absent", "present"] == [row.status for row in app.report(first=date(2026, 3, 1), last=date(2026, 3, 9))]
    app.leaving.set_active(app.actor, "Ada", False, since=date(2026, 3, 4))
    assert ["absent", "absent", "present"] == [row.status for row in app.report(first=date(2026, 3, 1))]


def test_whole_way(app, draw, clock):
    """From checks to a report over days: who came, who did not, and the day on which nobody looked."""
    for number, name in ((1, "Ada"), (2, "Bob")):
        app.enroll(draw(f"{name}.png", (number,)), name=name, groups=["7b"] if number == 1 else [])
    list(app.check(draw("monday.png", (1, 80))))
    clock.forward(days=1)
    app.mark("Bob")
    clock.forward(days=1)
    list(app.check(draw("wednesday.png", (9,))))
    found = app.report(first=date(2026, 3, 2), last=date(2026, 3, 4))
    expected = ["present", "absent", "no log", "present", "absent", "absent"]
    assert expected == [row.status for row in found]
    assert ["absent", "absent"] == [row.status for row in app.report()]
    assert ["present"] == [row.status for row in app.report(session="2026-03-02", group="7b")]
    assert [] == app.report(first=date(2026, 3, 20))


def test_unknown_names(app):
    """A session or group that does not exist is an error, not an empty report."""
    with pytest.raises(SessionUnknown):
        app.report(session="nope")
    with pytest.raises(GroupUnknown):
        app.report(group="nope")
