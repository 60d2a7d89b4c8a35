"""Reports as a service: rows of a session or of days, why there are none, and the same as text and as files."""

import json
from datetime import date

import pytest

from attendance.errors import GroupUnknown, OutputFailed, SessionUnknown
from attendance.register.reportform import Form
from attendance.services.reporting import Asked

YESTERDAY, TODAY = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture
def reports(app, draw):
    """Ada of 7b was seen today and yesterday marked by hand, Bob was looked for today."""
    app.clock.forward(days=-3)
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("b.png", (2,)), name="Bob", external_id="B")
    app.clock.forward(days=3)
    list(app.check(draw("door.png", (1,), seed=9)))
    app.mark("Ada", session="2026-03-01")
    return app.reports


def cells(found) -> list[tuple[str, str, str]]:
    return [(row.session.name, row.person.id, row.status) for row in found]


def test_today(reports):
    """Without a question it is today: who was seen is present, who was looked for absent."""
    assert [("2026-03-02", "A", "present"), ("2026-03-02", "B", "absent")] == cells(reports.rows(Asked()))


def test_days(reports):
    """A span of days holds the sessions of each, and of a day without a check it says no log."""
    found = cells(reports.rows(Asked(first=YESTERDAY, last=TODAY)))
    assert ("2026-03-01", "B", "no log") in found
    assert 4 == len(found)
    assert cells(reports.rows(Asked(last=YESTERDAY))) == found[:2]


def test_of_a_session_and_a_group(reports):
    """A session is asked for by name, a group narrows it."""
    assert [("2026-03-01", "A", "present")] == cells(reports.rows(Asked(session="2026-03-01", group="7b")))


@pytest.mark.parametrize(
    ("asked", "error"), [(Asked(session="Maths"), SessionUnknown), (Asked(group="8a"), GroupUnknown)]
)
def test_refused(reports, asked, error):
    """A session or group that is not there has no report, rather than an empty one."""
    with pytest.raises(error):
        reports.rows(asked)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Asked(first=date(2026, 2, 1), last=date(2026, 2, 1)), "no session was held on 2026-02-01"),
        (
            Asked(first=date(2026, 2, 1), last=date(2026, 2, 3)),
            "no session was held from 2026-02-01 to 2026-02-03",
        ),
    ],
)
def test_why_there_are_no_rows(reports, asked, why):
    """Where a report is empty it is told why."""
    assert ([], why) == (reports.rows(asked), reports.why_no_rows(asked))


def test_nobody_enrolled(app):
    """Where nobody is enrolled that is the reason."""
    app.session_book.open(app.actor, "Maths")
    assert "nobody is enrolled, so there is nobody to report on" == app.reports.why_no_rows(Asked(session="Maths"))


def test_as_text(reports):
    """The text forms are those of the files, of the time that the clock shows."""
    found = reports.rows(Asked())
    assert "2026-03-02T07:58:11.204Z" == json.loads(reports.text(found, Form.JSON))["at"]
    head, first, *_ = reports.text(found, Form.CSV).splitlines()
    assert ("session,day,id,name", "2026-03-02,2026-03-02,A,Ada,present") == (head[:19], first[:35])


def test_as_a_file(reports, tmp_path):
    """A file is new, unless it is an earlier report and may be replaced; anything else is never touched."""
    found, mine = reports.rows(Asked()), tmp_path / "mine.csv"
    reports.write(found, Form.CSV, tmp_path / "r.csv")
    with pytest.raises(OutputFailed):
        reports.write(found, Form.CSV, tmp_path / "r.csv")
    reports.write(found[:1], Form.CSV, tmp_path / "r.csv", overwrite=True)
    assert 2 == len((tmp_path / "r.csv").read_text().splitlines())
    mine.write_text("my own")
    with pytest.raises(OutputFailed):
        reports.write(found, Form.CSV, mine, overwrite=True)
    assert "my own" == mine.read_text()
