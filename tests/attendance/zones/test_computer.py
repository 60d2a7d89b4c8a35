"""The computer's own zone: whatever tells it is understood, and what is in doubt is said."""

import os
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from attendance.zones import computer as module
from attendance.zones.computer import computer_zone, offset, system_zone

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files and rules of POSIX systems")
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def etc(tmp_path, monkeypatch, tz):
    """An /etc of its own, without TZ: ``etc(link="Asia/Tokyo", content="Europe/Berlin", text="Europe/Berlin")``.

    ``content`` is what lies where the link leads, as in a container with the host's file bound over it.
    """

    def make(*, link: str | None = None, content: str | None = None, text: str | None = None) -> None:
        tz(None)
        monkeypatch.setattr(module, "LOCALTIME", tmp_path / "localtime")
        monkeypatch.setattr(module, "TIMEZONE", tmp_path / "timezone")
        holder = tmp_path / "zoneinfo" / link if link else tmp_path / "localtime"
        if content:
            holder.parent.mkdir(parents=True, exist_ok=True)
            holder.write_bytes((files("tzdata") / "zoneinfo" / content).read_bytes())
        if link:
            (tmp_path / "localtime").symlink_to(holder)
        if text:
            (tmp_path / "timezone").write_text(f"{text}\n")

    return make


@pytest.fixture
def clock_of(monkeypatch):
    """Let the system's clock run as a zone does."""
    from attendance.zones.names import hours_of, shipped

    return lambda name: monkeypatch.setattr(module, "system_hours", hours_of(shipped(name)))


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        (":Europe/Paris", "Europe/Paris"),
        ("posix/Europe/Paris", "Europe/Paris"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        (":/usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo"),
        ("", "UTC"),
        ("CET", "CET"),
        ("JST-9", "Asia/Tokyo"),
        ("EST5EDT,M3.2.0,M11.1.0", "America/New_York"),
        ("Nowhere/Land", "UTC"),
    ],
)
def test_by_the_variable(tz, told, found):
    """TZ tells the zone as a name, as a path, or by hours that some zone keeps."""
    tz(told)
    assert found == system_zone()


@pytest.mark.parametrize(
    "rule", ["XXX-13", "XXX11", "CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30", "AEST-10AEDT,M10.1.0,M4.1.0/3"]
)
def test_days_follow_the_clock(tz, rule):
    """Where TZ is a rule, days are those that the clock shows, at every hour of the year."""
    from zoneinfo import ZoneInfo

    tz(rule)
    zone = ZoneInfo(computer_zone(NOW).name)
    shown = [(datetime.fromtimestamp(at, zone).date(), datetime.fromtimestamp(at).date()) for at in _hours()]  # noqa: DTZ006
    assert [here for here, _ in shown] == [there for _, there in shown]


def _hours() -> list[float]:
    begin = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    return [begin + 3600.0 * hour for hour in range(0, 365 * 24, 5)]


def test_link_and_content_agree(etc, clock_of):
    """The link's name is taken where the content is that zone's."""
    etc(link="Europe/Oslo", content="Europe/Oslo")
    clock_of("Europe/Oslo")
    assert ("Europe/Oslo", None) == (computer_zone(NOW).name, computer_zone(NOW).doubt)


def test_bound_over_by_the_host(etc, clock_of):
    """In a container that binds the host's file over its own, the content tells the zone and not the link's name."""
    etc(link="Etc/UTC", content="Europe/Berlin")
    clock_of("Europe/Berlin")
    assert ("Europe/Berlin", None) == (computer_zone(NOW).name, computer_zone(NOW).doubt)


def test_bound_with_its_name(etc, clock_of):
    """/etc/timezone names the zone where it has the content's hours."""
    etc(link="Etc/UTC", content="Europe/Oslo", text="Europe/Oslo")
    clock_of("Europe/Oslo")
    assert "Europe/Oslo" == computer_zone(NOW).name


def test_stale_name(etc, clock_of):
    """An /etc/timezone that was forgotten does not overrule the file that the clock follows."""
    etc(link="Asia/Tokyo", content="Asia/Tokyo", text="Etc/UTC")
    clock_of("Asia/Tokyo")
    assert ("Asia/Tokyo", None) == (computer_zone(NOW).name, computer_zone(NOW).doubt)


def test_plain_copy(etc, clock_of):
    """A copy instead of a link is told by its content."""
    etc(content="America/Sao_Paulo")
    clock_of("America/Sao_Paulo")
    assert "America/Sao_Paulo" == computer_zone(NOW).name


def test_only_a_name(etc, clock_of):
    """With /etc/timezone alone its zone is taken, and said to be in doubt where the clock runs otherwise."""
    etc(text="Europe/Berlin")
    clock_of("Europe/Berlin")
    assert ("Europe/Berlin", None) == (computer_zone(NOW).name, computer_zone(NOW).doubt)
    clock_of("UTC")
    assert "the computer's clock runs at +00:00" in (computer_zone(NOW).warning or "")


def test_nothing_told(etc, clock_of):
    """A computer that tells nothing has the days of its clock, in doubt, with the command that settles it."""
    etc()
    clock_of("Asia/Kathmandu")
    found = computer_zone(NOW)
    assert ("Asia/Kathmandu", "attendance config set time_zone Asia/Kathmandu") == (found.name, found.repair)
    assert found.doubt


@pytest.mark.parametrize("content", [b"", b"TZif", b"nonsense" * 20])
def test_damaged_file(etc, clock_of, content, tmp_path):
    """A file that holds no zone is no reason to stop: its place may tell, else the clock does."""
    etc(link="Asia/Tokyo", content="Asia/Tokyo")
    (tmp_path / "zoneinfo" / "Asia" / "Tokyo").write_bytes(content)
    clock_of("UTC")
    found = computer_zone(NOW)
    assert ("Asia/Tokyo", True) == (found.name, found.doubt is not None)


def test_folder_in_its_place(etc, clock_of, tmp_path):
    """Docker makes a folder where a file to bind is missing; then the clock tells, in doubt."""
    etc()
    (tmp_path / "localtime").mkdir()
    clock_of("UTC")
    assert ("UTC", True) == (computer_zone(NOW).name, computer_zone(NOW).doubt is not None)


def test_summer_differs(tz, clock_of):
    """A clock that agrees in winter only is found in winter, too."""
    tz("Europe/London")
    clock_of("Africa/Abidjan")
    assert "on 15 April that is +01:00" in (computer_zone(datetime(2026, 1, 5, tzinfo=UTC)).doubt or "")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "+00:00"), (32400, "+09:00"), (-12600, "-03:30"), (20700, "+05:45")]
)
def test_offsets(seconds, shown):
    """Offsets are shown as date does."""
    assert shown == offset(seconds)


def test_own_files_are_looked_at():
    """The places are those of the operating system."""
    assert (Path("/etc/localtime"), Path("/etc/timezone")) == (module.LOCALTIME, module.TIMEZONE)
