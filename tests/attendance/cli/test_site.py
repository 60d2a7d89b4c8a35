"""`attendance site`: sites added, listed, retired, people assigned; and what lists, reports and checks make of them."""

import json
from datetime import UTC, datetime

import pytest

from attendance.services.arrivals import Delivered
from attendance.services.settingaside import Left


@pytest.fixture
def two_sites(command, draw):
    """Ada is of the north, Bob of the south, Cy of neither."""
    for number, name in enumerate(("Ada", "Bob", "Cy"), 1):
        assert 0 == command("enroll", draw(f"{name}.png", (number,)), "--name", name, "--group", "7b")[0]
    for site in ("North", "South"):
        assert 0 == command("site", "add", site)[0]
    assert 0 == command("site", "assign", "Ada", "North")[0]
    assert 0 == command("site", "assign", "Bob", "South")[0]
    return command


def test_the_list(two_sites):
    """Sites are listed with how many people are theirs; a retired one stays in the list and takes nobody in."""
    assert 0 == two_sites("site", "retire", "South")[0]
    assert ["name,people,places,active", "North,1,0,True", "South,1,0,False"] == two_sites("site", "list")[
        1
    ].splitlines()
    code, _, err = two_sites("site", "assign", "Cy", "South")
    assert (True, True) == (code != 0, "gallery.site_unknown" in err)


def test_who_belongs_where(two_sites):
    """Somebody belongs to the sites named last, with none to all; a group does so as a whole."""
    assert ["North"] == json.loads(two_sites("site", "show", "Ada", "--json")[1])["sites"]
    assert "belongs to all sites" in two_sites("site", "assign", "Ada")[2]
    assert "3 of 7b belong to North, South now" in two_sites("site", "assign", "--group", "7b", "North", "South")[2]
    assert ["North", "South"] == json.loads(two_sites("site", "show", "Cy", "--json")[1])["sites"]


def test_a_mistyped_site(two_sites):
    """A site that is not there is refused with the one that may be meant, and nobody is moved."""
    code, _, err = two_sites("site", "assign", "Ada", "Norht")
    assert (True, True) == (code != 0, "North" in err)
    assert ["North"] == json.loads(two_sites("site", "show", "Ada", "--json")[1])["sites"]


def test_nothing_to_try_again(two_sites):
    """Where a computer has set nothing aside it says so."""
    code, _, err = two_sites("site", "retry")
    assert (0, True) == (code, "0 taken in, 0 there already, 0 refused, 0 still set aside" in err)


def test_what_still_fails_is_an_error(two_sites, monkeypatch):
    """What stays aside is told, one line each with its id and what to do, and the exit code says that it is there."""
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    left = [Left("a1", "mark", at, "gallery.damaged", opens=True), Left("b2", "sighting", at, "waits", opens=False)]
    monkeypatch.setattr("attendance.services.arrivals.Arrivals.try_again", lambda *_: (Delivered(kept=2), left))
    code, _, err = two_sites("site", "retry")
    told, damaged, shut = err.splitlines()
    assert (1, "2 taken in, 0 there already, 0 refused, 2 still set aside") == (code, told)
    assert damaged.startswith("error[arrival.aside] mark a1, set aside at 2026-03-02T08:00:00")
    assert "fails again (gallery.damaged). It stays" in damaged
    assert shut.startswith("error[arrival.aside] sighting b2, set aside at 2026-03-02T08:00:00")
    assert "is opened by no key that is here. It stays: run 'attendance site retry --key FILE'" in shut
    assert "FILE does not open it either" in two_sites("site", "retry", "--key", "copy")[2].splitlines()[-1]


def test_a_key_of_before_that_is_not_there(two_sites, tmp_path):
    """A copy of a key that cannot be read is refused on one line."""
    code, _, err = two_sites("site", "retry", "--key", tmp_path / "nowhere")
    assert (3, True, 1) == (code, err.startswith("error[gallery.key_missing] "), err.count("\n"))


def test_lists_and_reports_of_a_site(two_sites, draw):
    """Lists and reports of a site leave out whoever belongs to another one alone."""
    two_sites("check", draw("door.png", (1,), (2,)))
    listed = two_sites("gallery", "list", "--site", "North", "--json")[1].splitlines()
    assert ["Ada", "Cy"] == [json.loads(each)["name"] for each in listed]
    told = json.loads(two_sites("report", "--by", "sessions", "--site", "South", "--json")[1])
    assert {"Bob": "present", "Cy": "absent"} == {each["name"]: each["status"] for each in told["rows"]}


def test_a_check_at_a_site(two_sites, draw, outcomes):
    """A check at a site knows its people and those of none; whoever belongs elsewhere is a stranger there."""
    seen = two_sites("check", draw("door.png", (1,), (2,), (3,)), "--site", "North")[1]
    assert [("present", "Ada"), ("unknown", ""), ("present", "Cy")] == outcomes(seen)
    assert 0 != two_sites("check", draw("door.png", (1,)), "--site", "Nowhere")[0]
