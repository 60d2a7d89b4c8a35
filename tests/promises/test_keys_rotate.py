"""Promise: the key is changed while everybody works, and nobody notices."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from attendance import Attendance
from attendance.access import Actor
from gallery import Gallery, open_database
from gallery.repositories import chaincheck, secrets

ROOT = Path(__file__).resolve().parents[2]
CREW = Path(__file__).with_name("keys_crew.py")
WRITERS = 8
PHRASE = "five words that nobody guesses"

pytestmark = pytest.mark.slow


@pytest.fixture
def begin(monkeypatch):
    """Start a program, which is ended with the test; the source of the key is a passphrase of the environment."""
    monkeypatch.setenv("ATTENDANCE_KEY_PASSPHRASE", PHRASE)
    begun: list[subprocess.Popen] = []

    def start(*words: object, **options) -> subprocess.Popen:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, *map(str, words)]
        begun.append(subprocess.Popen(command, env=environment, text=True, **options))
        return begun[-1]

    yield start
    for each in begun:
        if each.poll() is None:
            each.kill()
            each.wait(10)


def _url(said: Path, service: subprocess.Popen) -> str:
    for _ in range(600):
        found = re.search(r"http://127\.0\.0\.1:\d+", said.read_text())
        if found:
            return found[0]
        if service.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"the service did not begin: {said.read_text()}")


def _mark(url: str, secret: str, key: str) -> tuple[int, bytes]:
    """Mark somebody through the service; its answer is kept sealed under this key."""
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
    found = httpx.post(f"{url}/api/v1/marks", json={"person": "A", "note": key}, headers=headers, timeout=120)
    return found.status_code, found.content


def test_the_key_is_changed_while_everybody_works(begin, home, tmp_path, noon_zone):
    """A service and eight writers work while two programs at a time make new keys: all succeed, and all is sound."""
    with Attendance.open(home, zone=noon_zone) as app:
        app.edits.add(Actor("tests"), "Ada", external_id="A")
        secret = app.tokens.add(Actor("tests"), "HR", ["marks:write", "marks:read"]).secret
    first = (home / "key").read_bytes()
    said, stop = tmp_path / "said", tmp_path / "stop"
    with said.open("w") as file:
        service = begin("-m", "attendance", "serve", "--port", 0, "--home", home, stdout=file, stderr=file)
    url = _url(said, service)
    before = _mark(url, secret, "before")
    crew = begin(CREW, home, WRITERS, stop, stdout=subprocess.PIPE)
    keys, codes = {first}, []
    for _ in range(2):
        both = [begin("-m", "attendance", "key", "rotate", "--home", home, stderr=subprocess.PIPE) for _ in range(2)]
        told = [each.communicate(timeout=200)[1] for each in both]
        codes += [(each.returncode, "gallery.locked" in text) for each, text in zip(both, told, strict=True)]
        keys.add((home / "key").read_bytes())
        assert before == _mark(url, secret, "before")
    stop.touch()
    wrote = json.loads(crew.communicate(timeout=200)[0])
    after = _mark(url, secret, "after")

    assert {(0, False), (3, True)} >= set(codes), codes
    assert len(keys) > 2
    assert (0, [0] * (WRITERS + 1)) == (crew.returncode, [code for code, _ in wrote])
    assert (201, 200) == (before[0], after[0])
    assert (None, False) == (service.poll(), (home / "key.new").exists())
    assert before == _mark(url, secret, "before")
    _sound(home, sorted(name for _, enrolled in wrote for name in enrolled))


def _sound(home: Path, enrolled: list[str]) -> None:
    """Everybody's templates open with the one key, and every entry of the log is proved by it."""
    with open_database(home, read_only=True) as store:
        gallery = Gallery(store, "crew")
        assert enrolled == sorted(each.name for each in gallery.people() if each.name != "Ada")
        assert (len(enrolled), ()) == (len(gallery.load().ids), gallery.load().altered)
        assert {"gallery.no_template"} >= {each.id for each in gallery.verify()}
        with store.reading() as transaction:
            found = chaincheck.verify(transaction, secrets.stored(transaction, gallery.vault, "audit"))
        assert ((), True) == (found.findings, found.proved > len(enrolled))
