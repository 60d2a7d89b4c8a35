"""Fixtures of the product's tests: a home, a clock moved by hand, and a pipeline that needs no models."""

import importlib.util
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings
from PIL import Image

from attendance import Attendance

settings.register_profile("attendance", deadline=None)  # the first example of a test may load SciPy
settings.load_profile("attendance")


class HandClock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 7, 58, 11, 204_000, tzinfo=UTC)
        self.seconds = 0.0

    def utc(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)
        self.seconds += timedelta(**span).total_seconds()


def helper(name: str) -> ModuleType:
    """A module beside this file, which tests may then import by its name."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


helper("kiosk_world")
helper("actors_world")
helper("living_world")
helper("link_world")
helper("live_world")
helper("similarity_world")
helper("site_world")
helper("status_world")
for each in ("timetable_made", "timetable_naive", "timetable_random"):
    helper(each)
school_files = helper("school_files")


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    """The module of the pipeline without models."""
    return helper("fake_pipeline")


@contextmanager
def costing(memory_kib: int, passes: int) -> Iterator[None]:
    """Have passwords and PINs hashed at this cost."""
    from attendance.access import passwords

    def forget() -> None:
        passwords._hasher.cache_clear()
        passwords._nobodys.cache_clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "MEMORY_KIB", memory_kib)
        patch.setattr(passwords, "PASSES", passes)
        forget()
        yield
    forget()


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Most tests need an account, and not that its password is hard to guess."""
    with costing(64, 1):
        yield


@pytest.fixture
def password_cost():
    """What has passwords hashed at another cost: a context manager of the KiB and the passes."""
    return costing


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch) -> None:
    """No variable of the developer's own reaches a test; days are those of UTC."""
    for name in ("ATTENDANCE_HOME", "ATTENDANCE_TIME_ZONE", "ATTENDANCE_THREADS"):
        monkeypatch.delenv(name, raising=False)
    turn_clock(monkeypatch, "UTC")


def turn_clock(monkeypatch, told: str | None) -> None:
    """Set or unset TZ, and have the C library read it."""
    from attendance.zones import computer

    if told is None:
        monkeypatch.delenv("TZ", raising=False)
    else:
        monkeypatch.setenv("TZ", told)
    if hasattr(time, "tzset"):
        time.tzset()
    computer.system_zone.cache_clear()


@pytest.fixture
def tz(monkeypatch):
    """Set TZ for this process, its C library included: ``tz("JST-9")``, ``tz(None)`` for none."""
    return lambda told: turn_clock(monkeypatch, told)


@pytest.fixture
def noon(monkeypatch, noon_zone) -> None:
    """For tests that go by the computer's clock: days that do not end while they run, here and in their children."""
    turn_clock(monkeypatch, noon_zone)


@pytest.fixture(scope="session")
def hand_clock() -> type[HandClock]:
    """The clocks that stand still, for homes that several tests share."""
    return HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def pipeline(fake):
    return fake.FakePipeline()


@pytest.fixture
def app(home, clock, pipeline) -> Iterator[Attendance]:
    """An open home with the pipeline that needs no models."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"guard_people": 0}) as opened:
        yield opened


@pytest.fixture
def draw(fake, tmp_path):
    """Write a picture of faces by name: ``draw("a.png", (7,), (8, 60))``."""

    def write(name: str, *faces: tuple[int, ...], seed: int = 0) -> Path:
        return fake.picture(tmp_path / "photos" / name, *faces, seed=seed)

    return write


@pytest.fixture
def register() -> ModuleType:
    """The texts of a small register of pupils, and what makes its manifests."""
    return school_files


@pytest.fixture
def pack(tmp_path):
    """Write a register as a zip: ``pack()`` is a sound OneRoster 1.1, ``pack(users="...")`` has another users.csv."""
    return school_files.packed(tmp_path)


@pytest.fixture
def sds(pack):
    """Write a zip of SDS 2.1."""
    return lambda **changed: pack("sds.zip", files=school_files.SDS, **changed)


@pytest.fixture(scope="session")
def portraits(tmp_path_factory, astronaut, hopper) -> Path:
    """A folder with the two public-domain portraits, named after who is on them, and one of both."""
    folder = tmp_path_factory.mktemp("portraits")
    first, second = Image.fromarray(astronaut), Image.fromarray(hopper)
    first.save(folder / "Eileen Collins.jpg", quality=95)
    second.save(folder / "Grace Hopper.jpg", quality=95)
    both = Image.new("RGB", (first.width + second.width, second.height))
    both.paste(first, (0, 0))
    both.paste(second, (first.width, 0))
    (folder / "more").mkdir()
    both.save(folder / "more" / "both.jpg", quality=95)
    return folder
