"""Reports: present, absent and "no log" are three different things."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import GroupUnknown, SessionUnknown
from attendance.marks import MarkInfo
from attendance.records import PersonRef
from attendance.report import COLUMNS, Member, counts, rows, safe_cell, to_csv, to_json
from attendance.sessions import SessionInfo

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SESSION = SessionInfo(1, "2026-03-02", "day", date(2026, 3, 2), "Europe/Berlin", NOW - timedelta(hours=13), None)


def member(number: int, *, since: datetime = NOW - timedelta(days=9), groups: tuple[str, ...] = ()) -> Member:
    return Member(PersonRef(f"P-{number}", f"Person {number}", number), since, groups)


def mark(person: int, *, void: bool = False) -> MarkInfo:
    voided = (NOW, "wrong", "tester") if void else (None, None, None)
    return MarkInfo(f"m{person}", person, 1, NOW, "camera", {}, *voided)


def statuses(members, marks, checked, *, session=SESSION, group=None) -> list[str]:
    return [row.status for row in rows([session], members, {1: marks}, checked, now=NOW, group=group)]


def test_three_states():
    """Marked is present, looked for in vain is absent, and without a look there is no log."""
    people = [member(1), member(2)]
    assert ["present", "absent"] == statuses(people, [mark(1)], {1})
    assert ["present", "no log"] == statuses(people, [mark(1)], set())


def test_void_is_not_present():
    """A voided mark does not count, and its reason is shown."""
    (row,) = rows([SESSION], [member(1)], {1: [mark(1, void=True)]}, {1}, now=NOW)
    assert ("absent", "wrong", "m1") == (row.status, row.to_dict()["voided"], row.to_dict()["mark"])


def test_enrolled_later_is_no_log():
    """Nobody is called absent from a session that ended before they were enrolled."""
    tomorrow = NOW + timedelta(days=1)
    assert ["no log"] == statuses([member(1, since=tomorrow)], [], {1})
    closed = SessionInfo(1, "S", "named", NOW.date(), "UTC", NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert ["no log"] == statuses([member(1, since=NOW - timedelta(minutes=30))], [], {1}, session=closed)
    assert ["absent"] == statuses([member(1, since=NOW - timedelta(minutes=90))], [], {1}, session=closed)


def test_groups():
    """A session of a group lists its members; a group asked for narrows that further."""
    people = [member(1, groups=("7b",)), member(2, groups=("7b", "choir")), member(3)]
    session = SessionInfo(1, "S", "named", NOW.date(), "UTC", NOW, None, "7b")
    assert ["no log"] * 2 == statuses(people, [], set(), session=session)
    assert ["no log"] == statuses(people, [], set(), session=session, group="choir")
    assert ["no log"] * 3 == statuses(people, [], set())


def test_csv_is_read_back():
    """The CSV holds every cell of the rows, times local to the session with their offset."""
    found = rows([SESSION], [member(1), member(2)], {1: [mark(1)]}, {1}, now=NOW)
    table = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert list(COLUMNS) == list(table[0])
    assert ("present", "2026-03-02T13:00:00+01:00", "camera") == tuple(table[0][k] for k in ("status", "at", "how"))
    assert ("absent", "", "") == tuple(table[1][key] for key in ("status", "at", "how"))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12))
def test_no_cell_is_a_formula(name):
    """Whatever a person is called, no spreadsheet starts to calculate, and the name can be read back."""
    who = Member(PersonRef("P-1", name, 1), NOW, ())
    text = to_csv(rows([SESSION], [who], {}, set(), now=NOW))
    cell = next(csv.DictReader(io.StringIO(text)))["name"]
    assert cell[0] not in "=+-@"
    assert cell.removeprefix("'") == name.removeprefix("'")


@pytest.mark.parametrize("text", ["=1+1", "+49", "-3", "@SUM(A1)", "\tx", "\rx"])
def test_dangerous_beginnings(text):
    """Each beginning that a spreadsheet takes for a formula is made harmless."""
    assert f"'{text}" == safe_cell(text)


def test_json_and_counts():
    """The JSON document has a schema and all rows; the counts are theirs."""
    found = rows([SESSION], [member(1), member(2)], {1: [mark(1)]}, {1}, now=NOW)
    document = json.loads(to_json(found, now=NOW))
    assert (1, "2026-03-02T12:00:00.000Z", 2) == (document["schema"], document["at"], len(document["rows"]))
    assert {"present": 1, "absent": 1, "no log": 0} == counts(found)


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
