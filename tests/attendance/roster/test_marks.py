"""Lists of other devices are read by what their columns are called; an odd row refuses itself alone."""

from datetime import UTC, datetime

import pytest

from attendance.errors import MarksFile
from attendance.roster.marks import read_marks

AT = datetime(2026, 3, 2, 7, 5, tzinfo=UTC)


@pytest.fixture
def read(tmp_path):
    def reading(text, **named):
        path = tmp_path / "list.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_marks(path, "Europe/Berlin", **named)

    return reading


@pytest.mark.parametrize(
    "text",
    [
        "person,at,direction\n00123,2026-03-02 08:05,in\n",
        "\ufeffPerson;At;Direction\r\n00123;2026-03-02 08:05;Check-In\r\n",
        "AC-No.,Date,Time,State\n00123,2026-03-02 00:00:00,08:05,C/In\n",
        "ID,Employee,Time,Log Type\nHR-1,00123,2026-03-02 08:05:00,IN\n",
        "User ID\tDateTime\tPunch State\n00123\t2026-03-02 08:05:00\t0\n",
    ],
)
def test_columns_by_many_names(read, text):
    """People, times and directions are found under the names that devices and spreadsheets give them."""
    (mark,) = read(text).marks
    assert ("00123", AT, "in", "device", "device") == (mark.person, mark.at, mark.direction, mark.method, mark.source)


@pytest.mark.parametrize("head", ["User,User ID,at", "Person,Person ID,at", "Employee,Card No,at", "Card No,Person,at"])
def test_the_column_of_ids_is_taken_before_one_that_may_hold_names(read, head):
    """Many devices tell the name beside the number, and a name says of nobody who it is."""
    assert ["00123"] == [each.person for each in read(f"{head}\nAnn Lee,00123,2026-03-02 08:05\n").marks]


def test_utf_16_of_a_spreadsheet(read):
    """What Excel calls Unicode text is read alike."""
    assert "Zoë" == read("person\tat\nZoë\t2026-03-02 08:05\n".encode("utf-16")).marks[0].person


@pytest.mark.parametrize(
    ("head", "cells", "method", "word"),
    [
        ("badge,at", "7,2026-03-02 08:05", "badge", None),
        ("pin,at", "7,2026-03-02 08:05", "pin", None),
        ("qr code,at", "7,2026-03-02 08:05", "qr", None),
        ("badge,at,method", "7,2026-03-02 08:05,QR", "qr", None),
        ("person,at,method", "7,2026-03-02 08:05,fingerprint", "device", "fingerprint"),
    ],
)
def test_methods(read, head, cells, method, word):
    """By a column of its own, else by the column the person stands in; other words are kept."""
    (mark,) = read(f"{head}\n{cells}\n").marks
    assert (method, word) == (mark.method, mark.told_method)


@pytest.mark.parametrize(
    ("text", "direction"), [("1", "out"), ("OUT", "out"), ("check_out", "out"), ("", None), ("255", None), ("i", "in")]
)
def test_directions(read, text, direction):
    """In and out by words and by the codes of readers; nothing is neither."""
    assert direction == read(f"person,at,direction\n7,2026-03-02 08:05,{text}\n").marks[0].direction


def test_odd_rows_are_named_by_line(read):
    """The others are read."""
    found = read(
        "person,at,direction\n7,soon,in\n,2026-03-02 08:05,in\n7,2026-03-02 08:05,up\n"
        "\n7,2026-03-02 08:05,in,x\n8,2026-03-02 08:05,in\n"
    )
    assert ["8"] == [each.person for each in found.marks]
    assert [
        ("row.time", "list.csv line 2"),
        ("row.person", "list.csv line 3"),
        ("row.direction", "list.csv line 4"),
        ("row.cells", "list.csv line 6"),
    ] == [(each.code, each.where) for each in found.remarks]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,at\nx,y\n", "no column for the person"),
        ("person,day\nx,y\n", "no column for the time"),
        ("", "empty"),
        ('person,at\n"x,y\n', "line 2"),
        (b"\x00\x01\x02\x03\x04", "no text"),
        (b"PK\x03\x04\x14\x00\x06\x00", "a workbook; save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook; save it as CSV"),
    ],
)
def test_lists_that_cannot_be_read(read, text, told):
    """Refused whole, with marks.file."""
    with pytest.raises(MarksFile, match=told):
        read(text)


def test_no_such_list(tmp_path):
    """So is a path that leads nowhere."""
    with pytest.raises(MarksFile):
        read_marks(tmp_path / "none.csv", "UTC")


def test_cells_that_were_made_inert(read):
    """The apostrophe before what a spreadsheet would calculate is not part of the id."""
    assert "-7" == read("person,at\n'-7,2026-03-02 08:05\n").marks[0].person
