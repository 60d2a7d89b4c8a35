"""`attendance calendar`: days off are told, listed with what decides them, and withdrawn."""

import json

import pytest


@pytest.fixture
def site(command, clock, monkeypatch):
    """A home with nothing but a kiosk on 2 March 2026."""
    monkeypatch.setattr("attendance.app.SystemClock", lambda: clock)
    assert 0 == command("place", "add", "Hall", "--kind", "kiosk")[0]
    return command


def test_days_are_closed_opened_and_listed(site):
    """Each command says what is stored; the list tells day by day what decides, and from where."""
    winter = ("calendar", "close", "2026-12-24..2027-01-06", "Winter")
    assert (0, "", "closed: 2026-12-24..2027-01-06, Winter (entry 1)\n") == site(*winter)
    assert "closed: 2026-12-24..2027-01-06, Winter (entry 2)\n" == site(*winter)[2]
    site("calendar", "withdraw", "2", "--reason", "twice")
    assert "open: 2026-12-28, Make-up (entry 3)\n" == site("calendar", "open", "2026-12-28", "Make-up")[2]
    assert "term: 2026-09-15..2027-02-12, first half (entry 4)\n" == site(
        "calendar", "term", "2026-09-15", "2027-02-12", "first half"
    )[2]  # fmt: skip
    assert (
        "number,first,last,state,name,source,site,group\n"
        "4,2026-12-23,2026-12-23,open,first half,by hand,,\n"
        "1,2026-12-24,2026-12-27,closed,Winter,by hand,,\n"
        "3,2026-12-28,2026-12-28,open,Make-up,by hand,,\n"
        "1,2026-12-29,2026-12-30,closed,Winter,by hand,,\n"
    ) == site("calendar", "list", "--from", "2026-12-23", "--to", "2026-12-30")[1]
    rows = [json.loads(line) for line in site("calendar", "list", "--json")[1].splitlines()]
    assert (["2026-09-15", "2026-12-24"], "term") == ([row["first"] for row in rows[:2]], rows[0]["kind"])
    everything = [json.loads(line) for line in site("calendar", "list", "--all", "--json")[1].splitlines()]
    assert ["twice"] == [row["withdrawn"] for row in everything if row["withdrawn"]]
    assert ",2029-01-01,2029-01-31,closed,no term runs,,,\n" in site(
        "calendar", "list", "--from", "2029-01-01", "--to", "2029-01-31"
    )[1]  # fmt: skip


def test_a_calendar_that_says_nothing(site):
    """Without entries the list is empty, and says so."""
    site("calendar", "close", "2026-05-01", "May Day")
    assert "the calendar says nothing of these days\n" == site(
        "calendar", "list", "--from", "2026-05-02", "--to", "2026-05-31"
    )[2]  # fmt: skip


def test_holidays_are_asked_for(site):
    """The proposal is shown, nothing is stored without a yes, and the second time there is nothing to store."""
    pytest.importorskip("holidays")
    ask = ("calendar", "holidays", "DE", "--subdivision", "BY", "--years", "2026")
    code, out, err = site(*ask)
    assert (2, "", True, True) == (
        code, out, "new      2026-01-01 closed Neujahr" in err, "pass --yes" in err
    )  # fmt: skip
    assert "" == site("calendar", "list", "--json")[1]
    code, _, err = site(*ask, "--yes")
    assert (0, True) == (code, "stored: 12 new, 0 withdrawn, 0 renamed, 0 as they were (holidays " in err)
    code, _, err = site(*ask)
    assert (0, True) == (code, err.startswith("all of holidays "))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("close", "2026-02-30", "x"), 2, "error[calendar.days] 2026-02-30"),
        (("close", "2026-03-02..2026-03-01", "x"), 2, "error[calendar.days]"),
        (("close", "2026-03-02", " "), 1, "error[gallery.person_invalid]"),
        (("close", "2026-03-02", "x", "--group", "7c"), 1, "error[group.unknown] 7c"),
        (("open", "soon", "x"), 2, "error[calendar.days] soon"),
        (("term", "2026-03-02", "2026-03-01", "x"), 2, "error[calendar.days]"),
        (("holidays", "DE", "--years", "26"), 2, "'26' is neither a year"),
        (("holidays", "DE", "--years", "2027..2026"), 2, "is neither a year"),
        (("holidays", "DE", "--years", "2026..2099"), 2, "is neither a year"),
        (("holidays", "Atlantis", "--years", "2026"), 2, "error[calendar.country] Atlantis"),
        (("holidays", "DE", "--years", "2026", "--subdivision", "XX"), 2, "error[calendar.country] DE-XX"),
        (("import", "none.ics"), 1, "error[calendar.file] none.ics"),
        (("withdraw", "7", "--reason", "x"), 1, "error[calendar.unknown] 7"),
        (("withdraw", "one", "--reason", "x"), 2, "valid integer"),
        (("list", "--from", "2026-03-02", "--to", "2026-03-01"), 2, "error[calendar.days]"),
    ],
)
def test_what_is_refused(site, words, code, said):
    """Each is refused with its id and what to do, and nothing is stored."""
    site("calendar", "close", "2026-05-01", "May Day")
    found, out, err = site("calendar", *words)
    assert (code, "", True) == (found, out, said in err), err
    assert 1 == len(site("calendar", "list", "--all", "--json")[1].splitlines())
