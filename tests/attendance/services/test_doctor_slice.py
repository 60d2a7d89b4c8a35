"""Doctor's look at a site's slice, while the database is out of reach and while it answers."""

from datetime import timedelta

import pytest
import site_world

from attendance.services.doctor import FINDINGS, Doctor
from attendance.services.doctor_slice import slice_findings
from attendance.settings import Settings
from gallery.locations import parsed, point_at
from gallery.slices.slice import Slice

NORTH = Settings(site="North")


@pytest.fixture
def cut_off(app, draw, tmp_path):
    """The folder of a site's computer that was in step with the database, and whose server is not there now."""
    app.sites.add(app.actor, "North")
    app.enroll(draw("ada.png", (1,)), name="Ada")
    return site_world.cut_off(app, tmp_path / "north", "North", app.clock.utc())


@pytest.fixture
def marked(app, cut_off, draw):
    """The same after somebody was marked there: the folder, and how many records wait."""
    found = Slice.open(cut_off)
    offline = app.on_slice(found)
    assert "present" in [each.decision for each in offline.check(draw("seen.png", (1,), seed=3))]
    waiting = found.waiting()
    offline.close()
    found.close()
    return cut_off, waiting


def told(folder, settings, clock, *, away=True) -> list[tuple[str | None, str, int]]:
    return [(each.id, each.detail, each.exit_code) for each in slice_findings(folder, settings, clock, away=away)]


def test_age_end_and_what_waits_are_told(marked, clock):
    """A site that is cut off is told how old its slice is, until when it can mark, and how much waits."""
    folder, waiting = marked
    clock.forward(hours=3, minutes=5)

    assert waiting > 1
    begin = "of site North, as the database was at 2026-03-02 07:58 UTC, 3 hours ago"
    end = f"marks can go on without it until 2026-03-09 07:58 UTC; {waiting} records wait to be delivered"
    assert [(None, f"{begin}; {end}", 0)] == told(folder, NORTH, clock)


@pytest.mark.parametrize(
    ("span", "ago"),
    [
        ({"seconds": 59}, "less than a minute ago"),
        ({"minutes": 1}, "1 minute ago"),
        ({"hours": 23, "minutes": 59}, "23 hours ago"),
        ({"days": 1}, "1 day ago"),
        ({"days": 7}, "7 days ago"),
    ],
)
def test_the_age_in_words(cut_off, clock, span, ago):
    """The age is told in the largest unit of which there is a whole one; where nothing waits, that is told."""
    clock.forward(**span)

    [(_, detail, _)] = told(cut_off, NORTH, clock)
    assert (True, True) == (f", {ago}; " in detail, detail.endswith("; nothing waits"))


def test_too_old_it_marks_nobody(cut_off, clock):
    """Past the last day it is a problem while the database is away, and something to know while it answers."""
    clock.forward(days=7, seconds=1)

    [(problem, detail, code)] = told(cut_off, NORTH, clock)
    assert ("gallery.offline_over", True, 3) == (problem, "nobody is marked by it; nothing waits" in detail, code)
    assert [0] == [each[2] for each in told(cut_off, NORTH, clock, away=False)]
    assert [None] == [each[0] for each in told(cut_off, Settings(site="North", offline_days=8), clock)]


def test_a_clock_put_back_is_no_way_to_go_on(cut_off, clock):
    """Before its filling nobody knows how old the slice is, and doctor says what the service does."""
    clock.now -= timedelta(hours=2)

    assert ["gallery.offline_over"] == [each[0] for each in told(cut_off, NORTH, clock)]


def test_no_slice_is_worth_knowing(tmp_path, clock):
    """A site's computer that was never in step is told so; one that is of no site, or has a file, is told nothing."""
    on_a_server, in_a_file = tmp_path / "south", tmp_path / "file"
    point_at(on_a_server, parsed(site_world.NOBODY))

    assert [("slice.missing", 0)] == [(each[0], each[2]) for each in told(on_a_server, NORTH, clock)]
    assert [] == told(on_a_server, Settings(), clock)
    assert [] == told(in_a_file, NORTH, clock)


def test_what_nobody_delivers_is_a_problem(marked, clock):
    """Where the computer was taken from its site while something waited there, doctor says how that is delivered."""
    folder, waiting = marked
    [found] = slice_findings(folder, Settings(), clock, away=False)

    assert ("slice.undelivered", 1) == (found.id, found.exit_code)
    assert found.detail.startswith(f"{waiting} records wait to be delivered in the slice of site North")
    assert "config set site 'North'" in found.repair


def test_nothing_left_is_nothing_to_tell(cut_off, clock):
    """A slice that nobody works with and in which nothing waits is passed over."""
    assert [] == told(cut_off, Settings(), clock)


def test_doctor_tells_it_beside_the_server_that_is_away(cut_off, clock, monkeypatch):
    """Looking at a site that is cut off ends with the problem of the database, the slice, and no file changed."""
    monkeypatch.setenv("ATTENDANCE_SITE", "North")
    before = {path: path.read_bytes() for path in cut_off.rglob("*") if path.is_file() and path.suffix != ".db-shm"}
    found = {each.check: each for each in Doctor(cut_off, clock).examine()}
    after = {path: path.read_bytes() for path in cut_off.rglob("*") if path.is_file() and path.suffix != ".db-shm"}

    assert ("gallery.unreachable", None) == (found["database"].id, found["slice"].id)
    assert found["slice"].detail.startswith("of site North, as the database was at 2026-03-02 07:58 UTC")
    assert {path: data for path, data in after.items() if data or path.suffix != ".db-wal"} == {
        path: data for path, data in before.items() if data or path.suffix != ".db-wal"
    }


def test_its_findings_are_described():
    """What this look makes up itself is in doctor's table."""
    assert {"slice.missing", "slice.undelivered"} <= FINDINGS.keys()
