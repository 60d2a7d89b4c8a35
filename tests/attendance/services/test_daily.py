"""The tasks of a day: each once a day of the site, whatever befalls the others and however the clock is set."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from attendance import Attendance
from attendance.privacy_errors import PurgeClock
from attendance.services.daily import TASKS, Daily
from attendance.services.doctor import Doctor
from gallery import GalleryFull, history

NOW = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)


@pytest.fixture
def app(home, clock, pipeline):
    """A home in Berlin, where it is 23:30."""
    clock.now = NOW
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"time_zone": "Europe/Berlin"}) as opened:
        yield opened


@pytest.fixture
def daily(app, monkeypatch):
    """Its daily tasks, that do nothing but count; ``fails`` are what they raise."""
    made = Daily(app)
    made.calls, made.fails = [], {}

    def task(name):
        def work():
            made.calls.append(name)
            if name in made.fails:
                raise made.fails[name]

        return work

    monkeypatch.setattr(made, "_tasks", lambda: {name: task(name) for name in TASKS})
    return made


def test_each_is_done_once_a_day_of_the_site(daily, clock):
    """At midnight of the site, not of UTC, a new day begins; in between nothing is done again."""
    first = daily.run()
    again = daily.run()
    clock.forward(minutes=31)
    next_day = daily.run()

    assert (list(TASKS), [], list(TASKS)) == (first, again, next_day)


@pytest.mark.parametrize("jump", [timedelta(days=365), timedelta(days=-365)])
def test_a_clock_that_is_set_stops_nothing(daily, clock, jump):
    """After a jump, and after the way back, the tasks are done again, and once."""
    daily.run()
    clock.now += jump
    there, again = daily.run(), daily.run()
    clock.now -= jump
    back = daily.run()

    assert (list(TASKS), [], list(TASKS)) == (there, again, back)


def test_one_that_fails_ends_no_other(app, daily, clock):
    """It is tried again every hour, stands in the log once a day by its id, and doctor tells of it until it is done."""
    daily.fails = {"purging": PurgeClock("x", "y"), "anchor": ZeroDivisionError()}
    first = daily.run()
    clock.forward(minutes=10)
    soon = daily.run()
    clock.now = NOW + timedelta(hours=2)
    new_day = daily.run()
    clock.forward(minutes=61)
    later = daily.run()
    found = {each.detail.split()[0] for each in Doctor(app.home, clock).examine() if each.id == "daily.failed"}
    daily.fails = {}
    clock.forward(minutes=61)
    daily.run()
    with app.store.reading() as transaction:
        told = [(each.details["task"], each.details["error"]) for each in history(transaction, action="daily.failed")]

    assert (list(TASKS), [], list(TASKS), ["purging", "anchor"]) == (first, soon, new_day, later)
    assert [("purging", "purge.clock"), ("anchor", "internal.failed")] * 2 == told
    assert ({"purging", "anchor"}, {None}) == (found, {each.failed for each in daily.all()})


def test_the_tasks_themselves(home, clock, pipeline, tmp_path):
    """In a home with every setting all tasks are done: a backup lies in the folder, the list of erasures beside it."""
    folder = tmp_path / "backups"
    folder.mkdir()
    flags = {"backup_folder": str(folder), "anchor_to": str(tmp_path / "anchors"), "keep_marks_days": 31}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as app:
        app.gallery.add_person("Ada", at=clock.now, by="t")
        app.daily.run()
        assert [None] * len(TASKS) == [each.failed for each in app.daily.all()]
    assert [True, False] == sorted((each.suffix == ".backup" for each in folder.iterdir()), reverse=True)
    assert (tmp_path / "anchors").read_text(encoding="utf-8")


def test_a_full_disk_is_outlived(daily, app, monkeypatch):
    """Where not even the note of it can be written, the next round tries again."""
    monkeypatch.setattr(app.store, "set_meta", lambda *_: (_ for _ in ()).throw(GalleryFull("x", "y")))
    with pytest.raises(GalleryFull):
        daily.run()
    monkeypatch.undo()

    assert ["consents"] == daily.calls
    assert list(TASKS) == daily.run()


def test_it_begins_and_ends(app):
    """Started twice it runs once, and closing ends it at once."""
    app.daily.start()
    app.daily.start()
    app.daily.close()
    assert "daily" not in {each.name for each in threading.enumerate()}
