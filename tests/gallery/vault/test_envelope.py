"""Wrapped keys: made by passphrase, environment or command, opened by the same and by nothing else."""

import base64
import json
import shlex
import sys
import unicodedata
from time import monotonic, sleep

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gallery import (
    Gallery,
    GalleryError,
    KeyPassphrase,
    KeySource,
    KeyWrong,
    PassphraseShort,
    load_key,
    open_database,
)
from gallery.vault import envelope, sources
from gallery.vault.filevault import FileVault
from gallery.vault.keyring import Keyring
from gallery.vault.sources import Sources

PHRASE = "fünf Wörter, die niemand errät"
WRAPPING = "5c" * 32
KEY = bytes(range(32))
PRINTS = shlex.join([sys.executable, "-c", f"print('{WRAPPING}')"])
GIVEN = {
    "passphrase": {"ATTENDANCE_KEY_PASSPHRASE": PHRASE},
    "environment": {"ATTENDANCE_KEY": WRAPPING},
    "command": {"ATTENDANCE_KEY_COMMAND": PRINTS},
}


AS_SHIPPED = dict(envelope.COST)
"""The cost as users have it, before tests make it less."""


def ring(given=None, ask=lambda _question: None) -> Keyring:
    return Keyring(Sources(given or {}, ask))


def wrapped(by: str, key: bytes = KEY) -> bytes:
    made = ring(GIVEN[by])
    return made.holding(key, made.wrapper(by, "key"))


@pytest.mark.parametrize("by", GIVEN)
def test_what_was_wrapped_opens(by):
    """Another process with the same source opens the file, and nothing of the key stands in it."""
    data = wrapped(by)

    assert KEY == ring(GIVEN[by]).opened(data, "key")
    assert KEY.hex().encode() not in data
    assert by == envelope.parsed(data, "key").by


def test_the_cost_is_what_is_promised():
    """A passphrase becomes a key by scrypt with n = 2^17 at least."""
    assert {"n": 131072, "r": 8, "p": 1} == AS_SHIPPED


def test_it_is_the_construction_that_is_told():
    """Anybody can open a file by scrypt and AES-256-GCM with the rest of it as associated data."""
    told = json.loads(wrapped("passphrase"))
    sealed, kdf = base64.b64decode(told.pop("wrapped")), told["kdf"]
    salt = base64.b64decode(kdf["salt"])
    key = Scrypt(salt=salt, length=32, n=kdf["n"], r=kdf["r"], p=kdf["p"]).derive(PHRASE.encode())
    bound = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()

    assert KEY == AESGCM(key).decrypt(sealed[:12], sealed[12:], bound)
    with pytest.raises(InvalidTag):
        AESGCM(key).decrypt(sealed[:12], sealed[12:], b"")


def test_a_passphrase_is_the_same_from_every_keyboard():
    """Letters with accents typed as one character or as two are one passphrase."""
    assert KEY == ring({"ATTENDANCE_KEY_PASSPHRASE": unicodedata.normalize("NFD", PHRASE)}).opened(
        wrapped("passphrase"), "key"
    )


OTHERS = {
    "passphrase": ({"ATTENDANCE_KEY_PASSPHRASE": "another passphrase"}, KeyPassphrase, "passphrase is wrong"),
    "environment": ({"ATTENDANCE_KEY": "5d" * 32}, KeySource, "ATTENDANCE_KEY is not the key"),
    "command": ({"ATTENDANCE_KEY_COMMAND": PRINTS.replace("5c", "5d")}, KeySource, "KEY_COMMAND prints is not the key"),
}


@pytest.mark.parametrize("by", GIVEN)
def test_another_secret_opens_nothing(by):
    """A wrong passphrase, key or answer of a command is refused in one line, which tells nothing of it."""
    given, error, told = OTHERS[by]
    with pytest.raises(error, match=told) as caught:
        ring(given).opened(wrapped(by), "key")
    assert not [each for each in (*given.values(), "5d5d") if each in caught.value.line]


@pytest.mark.parametrize("by", GIVEN)
def test_nothing_given_is_told(by):
    """Where the source is not there, the line names the variable."""
    with pytest.raises(KeySource, match=next(iter(GIVEN[by]))):
        ring().opened(wrapped(by), "key")


@pytest.mark.parametrize("given", ["", "5c" * 31, "5c" * 33, "zz" * 32, "5c", "\udcff" * 64, "é" * 64])
def test_a_key_that_is_none_is_refused(given):
    """Anything but 64 hexadecimal digits in ATTENDANCE_KEY is refused, and not repeated."""
    with pytest.raises(KeySource) as caught:
        ring({"ATTENDANCE_KEY": given}).opened(wrapped("environment"), "key")
    assert not given or given not in caught.value.line


COMMANDS = {
    "not there": ("/nowhere/at/all", "cannot be started"),
    "no words": ("   ", "cannot be started"),
    "quotes left open": ("cat 'x", "cannot be started"),
    "fails": (f"{sys.executable} -c 'import sys; print(\"{WRAPPING}\"); sys.exit(7)'", "exit code 7"),
    "prints nothing": (f"{sys.executable} -c ''", "something else than 64"),
    "prints garbage": (f"{sys.executable} -c 'print(\"secret garbage\")'", "something else than 64"),
    "prints two": (f"{sys.executable} -c 'print(\"{WRAPPING}\" * 2)'", "something else than 64"),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_that_gives_no_key_is_refused(case):
    """A command that is not there, fails or prints something else: one line, which repeats nothing that it printed."""
    command, told = COMMANDS[case]
    with pytest.raises(KeySource, match=told) as caught:
        ring({"ATTENDANCE_KEY_COMMAND": command}).opened(wrapped("command"), "key")
    assert not [each for each in (WRAPPING, "secret garbage") if each in caught.value.line]


def test_a_command_that_prints_without_end_is_ended():
    """What a command prints is read only as far as a key could go, so that it cannot fill the memory."""
    command = f"{sys.executable} -c 'while True: print(1)'"
    with pytest.raises(KeySource):
        ring({"ATTENDANCE_KEY_COMMAND": command}).opened(wrapped("command"), "key")


def test_a_command_that_hangs_is_ended(monkeypatch, tmp_path):
    """A command that does not end is ended with what it has started, and refused."""
    data = wrapped("command")
    monkeypatch.setattr(sources, "PATIENCE_S", 1.0)
    child = tmp_path / "child"
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(child)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )
    began = monotonic()
    with pytest.raises(KeySource, match="did not end within"):
        ring({"ATTENDANCE_KEY_COMMAND": shlex.join([sys.executable, "-c", script])}).opened(data, "key")

    assert monotonic() - began < 60
    assert not child.exists() or _ends(int(child.read_text() or 0))


def _ends(pid: int) -> bool:
    """Whether a process that was killed is gone before long: the system takes its time."""
    until = monotonic() + 30
    while _lives(pid) and monotonic() < until:
        sleep(0.05)
    return not _lives(pid)


def _lives(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody waited for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_no_shell_is_between(tmp_path):
    """What a shell would make of the command is not done."""
    with pytest.raises(KeySource):
        ring({"ATTENDANCE_KEY_COMMAND": f"true; touch {tmp_path / 'made'}"}).opened(wrapped("command"), "key")
    assert not (tmp_path / "made").exists()


def test_the_price_is_paid_once(monkeypatch):
    """However often a file is opened, also after a rotation, the passphrase is asked for and stretched once."""
    asked, stretched = [], []
    derive = envelope.Envelope.wrapping_key
    monkeypatch.setattr(envelope.Envelope, "wrapping_key", lambda *args: stretched.append(1) or derive(*args))
    data = wrapped("passphrase")
    stretched.clear()
    mine = ring(ask=lambda question: asked.append(question) or PHRASE)
    for _ in range(3):
        assert KEY == mine.opened(data, "home/key")
    fresh = mine.fresh(data, "home/key")
    other = ring(ask=lambda question: asked.append(question) or PHRASE)
    other.opened(data, "home/key")
    before = len(stretched)
    assert mine.opened(fresh, "home/key") == other.opened(fresh, "home/key") != KEY

    assert (["Passphrase of the key home/key"] * 2, before, 2) == (asked, len(stretched), before)


def test_what_failed_is_not_tried_again_at_once(monkeypatch):
    """A command that failed is not run again for a minute, as others wait; another one is tried at once."""
    data, runs = wrapped("command"), []
    printed = sources._printed
    monkeypatch.setattr(sources, "_printed", lambda *args: runs.append(1) or printed(*args))
    environment = {"ATTENDANCE_KEY_COMMAND": "/nowhere"}
    mine = ring(environment)
    for _ in range(3):
        with pytest.raises(KeySource):
            mine.opened(data, "key")
    environment["ATTENDANCE_KEY_COMMAND"] = PRINTS

    assert (1, KEY, 2) == (len(runs), mine.opened(data, "key"), len(runs))


# Files that are none

DAMAGED = {
    "empty": b"",
    "blank": b" \n\n",
    "half of it": None,
    "another format": b'{"format": "something"}',
    "no object": b"{}",
    "newer": b'{"format": "attendance-key", "version": 2}',
    "nested without end": b"[" * 4000,
    "an object nested without end": b'{"a":' * 900,
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_file_that_is_no_key_is_refused(case):
    """Empty, cut short or something else: one line."""
    data = wrapped("passphrase")
    with pytest.raises(KeyWrong):
        ring(GIVEN["passphrase"]).opened(data[: len(data) // 2] if DAMAGED[case] is None else DAMAGED[case], "key")


def test_a_file_cut_anywhere_is_refused():
    """However many bytes are missing at its end, the file opens nothing; the last line's end alone may be missing."""
    data, mine = wrapped("environment"), ring(GIVEN["environment"])
    for end in range(len(data) - 1):
        with pytest.raises(KeyWrong):
            mine.opened(data[:end], "key")


CHANGED = {
    "more work": lambda told: told["kdf"].update(n=1 << 30),
    "less work": lambda told: told["kdf"].update(n=1),
    "odd work": lambda told: told["kdf"].update(n=100_000),
    "words for work": lambda told: told["kdf"].update(n="131072"),
    "many lanes": lambda told: told["kdf"].update(p=1 << 20),
    "another way": lambda told: told.update(by="environment"),
    "an unknown way": lambda told: told.update(by="friends"),
    "short salt": lambda told: told["kdf"].update(salt="AAAA"),
    "no salt": lambda told: told["kdf"].pop("salt"),
    "nothing wrapped": lambda told: told.update(wrapped=""),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_changed_envelope_is_refused(case):
    """Parameters that would take all memory, or protect nothing, and whatever does not fit: refused before any work."""
    told = json.loads(wrapped("passphrase"))
    CHANGED[case](told)
    with pytest.raises(KeyWrong, match="cut short or changed"):
        ring(GIVEN["passphrase"]).opened(json.dumps(told).encode(), "key")


def test_another_salt_or_value_is_refused():
    """A salt or wrapped key with one other letter opens nothing."""
    for part in ("salt", "wrapped"):
        told = json.loads(wrapped("passphrase"))
        place = told["kdf"] if part == "salt" else told
        place[part] = ("B" if place[part][0] == "A" else "A") + place[part][1:]
        with pytest.raises(KeyPassphrase):
            ring(GIVEN["passphrase"]).opened(json.dumps(told).encode(), "key")


# Homes


@pytest.mark.parametrize("by", GIVEN)
def test_a_new_home_is_protected_where_a_source_is_named(home, enrol, by):
    """Where one of the variables is set, the first key is wrapped by it, with mode 0600, and opens with it alone."""
    with open_database(home) as store:
        enrol(Gallery(store, "e", FileVault(store, ring(GIVEN[by]))), "Ada", 1)
    with open_database(home) as store:
        vault = FileVault(store, ring(GIVEN[by]))
        assert (by, 1) == (vault.wrapper(), len(Gallery(store, "e", vault).load().ids))
    with open_database(home) as store, pytest.raises(KeySource):
        Gallery(store, "e", FileVault(store, ring())).load()

    assert 0o600 == (home / "key").stat().st_mode & 0o777


def test_a_new_home_takes_no_short_passphrase(home):
    """A passphrase of less than twelve characters makes no key, and no file."""
    home.mkdir(exist_ok=True)
    before = list(home.iterdir())
    for phrase in ("brief", "elevenchars", " brief      "):
        with pytest.raises(PassphraseShort) as caught:
            load_key(home, create=True, keyring=ring({"ATTENDANCE_KEY_PASSPHRASE": phrase}))
        assert phrase.strip() not in caught.value.line

    assert before == list(home.iterdir())


def test_a_passphrase_of_before_may_be_short():
    """A file that a short passphrase wraps opens with it, wherever it came from."""
    made = ring({"ATTENDANCE_KEY_PASSPHRASE": "short"})
    wrapper = envelope.Envelope.new("passphrase")
    data = wrapper.holding(KEY, wrapper.wrapping_key(b"short")).text

    assert KEY == made.opened(data, "key")


def test_without_the_source_the_rest_goes_on(home, enrol, now):
    """Without its passphrase a home is read, renamed in and listed; its log goes on without a keyed link."""
    with open_database(home) as store:
        enrol(Gallery(store, "e", FileVault(store, ring(GIVEN["passphrase"]))), "Ada", 1)
    with open_database(home) as store:
        gallery = Gallery(store, "e", FileVault(store, ring()))
        gallery.rename("Ada", "Ada L.", at=now, by="t")
        assert (["Ada L."], 1) == ([each.name for each in gallery.people()], gallery.stats().templates)
        with pytest.raises(GalleryError, match="nobody can be asked"):
            enrol(gallery, "Bob", 2)
