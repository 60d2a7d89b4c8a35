"""Fixtures that every test folder shares: homes on either engine, the data folder, two public-domain portraits.

Tests of these folders run on both engines, whatever asks for `engine`, `home` or `homes`: the gallery's, the
register's, and those of the promises. A test about SQLite's file alone says so: ``@pytest.mark.sqlite_only("why")``.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from enroll.telemetry import opt_out

ROOT = Path(__file__).resolve().parents[1]
opt_out()  # tests import ONNX Runtime, too


def _beside(name: str):
    """A module beside this file, which tests may then import by its name."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


servers, copied_homes, compiling = _beside("servers"), _beside("copied_homes"), _beside("compiled_once")
_beside("kill_points")
OPENING = {"app", "store"}
"""The fixtures that open `home`, and begin it."""
_ON_BOTH = ("gallery", "attendance/register", "attendance/services/test_arrivals.py", "promises")
ON_BOTH = [ROOT / "tests" / each for each in _ON_BOTH]
OF_SQLITE = ROOT / "tests" / "gallery" / "sqlite"
"""Where the tests are of what only SQLite does."""
USUAL = os.environ.get(servers.CHOSEN, "sqlite")
"""The engine of the tests that run on one alone."""


def pytest_generate_tests(metafunc) -> None:
    """Run a test on each engine that is there for it."""
    if "engine" not in metafunc.fixturenames:
        return
    path = Path(metafunc.definition.path)
    if metafunc.definition.get_closest_marker("sqlite_only") or path.is_relative_to(OF_SQLITE):
        engines = ["sqlite"]
    elif any(path.is_relative_to(each) for each in ON_BOTH):
        engines = list(servers.ENGINES)
    else:
        engines = [USUAL]
    metafunc.parametrize("engine", engines, indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine(request) -> str:
    """The engine that homes are on: `sqlite`, or `postgresql`; the usual one where a test asks for it on the way."""
    return getattr(request, "param", USUAL)


@pytest.fixture(scope="session")
def postgres() -> Iterator["servers.Server"]:
    """A PostgreSQL server for tests; they skip where there is none."""
    with servers.server() as found:
        yield found


@pytest.fixture(scope="session")
def server(engine, request) -> "servers.Server | None":
    """The server that homes are on, None where they are files."""
    return request.getfixturevalue("postgres") if engine == "postgresql" else None


@pytest.fixture
def homes(tmp_path, server) -> Iterator["servers.Homes"]:
    """Homes of the test's engine: ``homes.new("other")``, ``homes.copy(home, "copy")``."""
    with closing(servers.Homes(tmp_path, server)) as made:
        yield made


@pytest.fixture(scope="module")
def shared_homes(tmp_path_factory, server) -> Iterator["servers.Homes"]:
    """Homes that the tests of a module share, and copy before they change one."""
    with closing(servers.Homes(tmp_path_factory.mktemp("shared"), server)) as made:
        yield made


@pytest.fixture
def home(homes, request) -> Path:
    """Where a home may begin; its tables are there already where a fixture of the test opens it."""
    return homes.new("home", filled=not OPENING.isdisjoint(request.fixturenames))


@pytest.fixture(scope="session", autouse=True)
def copies() -> Iterator["copied_homes.Copies"]:
    """New homes in files are copies of the first one, which is quicker than to make each of them."""
    from gallery.sqlite import store

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "create_database", copied_homes.Copies(store.create_database))
        yield store.create_database


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """No statement is compiled for every home again."""
    with compiling.compiled_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_passphrases() -> Iterator[None]:
    """A passphrase takes a hundredth of a second in tests; that users' take longer is held where it is decided."""
    from gallery.vault import envelope

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(envelope.COST, "n", 1 << 14)
        yield


@pytest.fixture
def made_anew(copies, monkeypatch) -> None:
    """Homes of this test are made as for a user."""
    from gallery.sqlite import store

    monkeypatch.setattr(store, "create_database", copies.make)


@pytest.fixture
def listen():
    """Hear what every engine does until the test ends: ``listen("before_cursor_execute", heard)``."""
    from sqlalchemy import Engine, event

    heard = []

    def begin(name: str, call) -> None:
        event.listen(Engine, name, call)
        heard.append((Engine, name, call))

    yield begin
    for each in heard:
        event.remove(*each)


@pytest.fixture
def statements(listen) -> list[str]:
    """Every statement from now on, as it is sent."""
    asked: list[str] = []
    listen("before_cursor_execute", lambda *given: asked.append(given[2]))
    return asked


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of research data beside the checkout; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("ATTENDANCE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"research data not found at {folder} (set ATTENDANCE_TEST_DATA to its folder)")
    return folder


@pytest.fixture
def noon_zone() -> str:
    """An IANA zone in which it is about noon: a test by the computer's clock sees no midnight there.

    The days of such a test are this zone's. In any other, a run that begins before midnight and ends after it
    opens two sessions and marks everybody twice, as it should.
    """
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # in these names "+" is west of Greenwich


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """Eileen Collins, NASA portrait (public domain), RGB uint8 (512, 512, 3), from scikit-image."""
    from skimage import data

    return data.astronaut()


@pytest.fixture(scope="session")
def hopper() -> np.ndarray:
    """Grace Hopper, US Navy portrait (public domain), RGB uint8 (606, 512, 3), from Matplotlib."""
    import matplotlib as mpl
    from PIL import Image

    path = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
