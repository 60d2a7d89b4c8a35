"""attendance key: what is asked at a terminal, what is read elsewhere, and one line for whatever is refused."""

import json
import os
import select
import subprocess
import sys
import time

import pytest

from gallery.vault import keyring, sources

PHRASE = "five words that nobody guesses"


@pytest.fixture(autouse=True)
def _no_keys_of_this_computer(monkeypatch):
    for name in ("ATTENDANCE_KEY", "ATTENDANCE_KEY_COMMAND", "ATTENDANCE_KEY_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    keyring.of_process.cache_clear()


@pytest.fixture
def enrolled(command, draw):
    """The command in a home in which Ada is enrolled."""
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "A")[0]
    return command


def test_show_tells_nothing_of_the_key(enrolled, home):
    """How it is kept and whether it opens, as text and as JSON; not a digit of the key."""
    code, out, _ = enrolled("key", "show")
    _, as_json, _ = enrolled("key", "show", "--json")
    told = json.loads(as_json)

    assert (0, "file", True, None) == (code, told["with"], told["opens"], told["problem"])
    assert "plain in its file" in out
    assert (home / "key").read_text().strip() not in out + as_json


def test_protect_rotate_and_copy(enrolled, home, tmp_path, monkeypatch):
    """Wrapped by the environment, rotated and copied: the key is another one, wrapped the same way, and opens all."""
    monkeypatch.setenv("ATTENDANCE_KEY", "5c" * 32)
    first = (home / "key").read_bytes()
    assert 0 == enrolled("key", "protect", "--with", "environment")[0]
    assert 0 == enrolled("key", "rotate")[0]
    code, _, err = enrolled("key", "copy", tmp_path / "copy")

    assert (0, True) == (code, "ATTENDANCE_KEY" in err)
    assert first.strip() not in (home / "key").read_bytes() == (tmp_path / "copy").read_bytes()
    assert 0 == enrolled("gallery", "verify")[0]
    assert 1 == enrolled("key", "copy", tmp_path / "copy")[0]


def test_the_new_passphrase_comes_from_the_environment_or_standard_input(enrolled, monkeypatch):
    """Where the environment has it, it is not asked for; a change of passphrase is read from standard input."""
    monkeypatch.setenv("ATTENDANCE_KEY_PASSPHRASE", PHRASE)
    assert 0 == enrolled("key", "protect", "--with", "passphrase")[0]
    other = "quite another passphrase"
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO(f"{other}\n"))
    assert 0 == enrolled("key", "protect", "--with", "passphrase")[0]
    keyring.of_process.cache_clear()
    code, _, err = enrolled("key", "show")
    assert (3, True) == (code, "error[gallery.key_passphrase]" in err)
    monkeypatch.setenv("ATTENDANCE_KEY_PASSPHRASE", other)

    assert 0 == enrolled("key", "show")[0]


def test_the_recovery_key_is_printed_once(enrolled, tmp_path):
    """The public key goes to standard output and into the settings; the private one only into the file."""
    code, out, err = enrolled("key", "recovery", tmp_path / "pair")
    private = next(
        line for line in (tmp_path / "pair").read_text().splitlines() if line.startswith("attendance-private")
    )

    assert (0, True) == (code, out.startswith("attendance-public-1:"))
    assert private not in out + err
    assert "a service that runs takes it up when it is started again" in err
    assert out.strip() in enrolled("config", "show")[1]


def test_giving_up_needs_a_lost_key_and_a_word(enrolled, home):
    """Nobody to ask: --yes is needed; with a key that works nothing is given up even so."""
    assert 2 == enrolled("key", "abandon")[0]
    code, _, err = enrolled("key", "abandon", "--yes")
    assert (1, True) == (code, "error[gallery.key_works]" in err)
    (home / "key").unlink()
    code, _, err = enrolled("key", "abandon", "--yes")

    assert (0, True) == (code, "templates 1" in err)
    assert "Ada" in enrolled("gallery", "list")[1]


@pytest.mark.parametrize("way", ["environment", "command", "passphrase"])
def test_a_way_without_its_source_changes_nothing(enrolled, home, monkeypatch, way):
    """Where the variable is not set, or the passphrase is short, one line is told and the file is as it was."""
    before = (home / "key").read_bytes()
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO("elevenchars\n"))
    code, out, err = enrolled("key", "protect", "--with", way)

    assert (code, out, err.count("\n")) in [(3, "", 1), (1, "", 1)]
    assert err.startswith(("error[gallery.key_source] ", "error[gallery.passphrase_short] "))
    assert before == (home / "key").read_bytes()


def test_export_takes_no_short_passphrase(enrolled, tmp_path, monkeypatch):
    """A new archive is sealed by twelve characters at least; an import with a shorter one is tried all the same."""
    monkeypatch.setenv("ATTENDANCE_PASSPHRASE", "elevenchars")
    code, _, err = enrolled("gallery", "export", tmp_path / "all.zip", "--templates")
    assert (1, True, False) == (code, "error[gallery.passphrase_short]" in err, (tmp_path / "all.zip").exists())
    monkeypatch.setenv("ATTENDANCE_PASSPHRASE", "twelve chars")
    assert 0 == enrolled("gallery", "export", tmp_path / "all.zip", "--templates")[0]
    monkeypatch.setenv("ATTENDANCE_PASSPHRASE", "brief")
    _, _, err = enrolled("gallery", "import", tmp_path / "all.zip", "--templates")

    assert "error[gallery.import_invalid]" in err


# At a terminal

needs_terminal = pytest.mark.skipif(not hasattr(os, "login_tty"), reason="needs a pseudo terminal")


def typed(home, *words: str, answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run a command at a terminal of its own; to each question the answer. Exit code, and all that was shown."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "attendance", *words, "--home", str(home)]
    process = subprocess.Popen(command, preexec_fn=lambda: os.login_tty(theirs), close_fds=False)  # noqa: PLW1509
    os.close(theirs)
    shown, waiting, until = "", list(answers), time.monotonic() + 120
    while time.monotonic() < until:
        if not select.select([ours], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            shown += os.read(ours, 4096).decode()
        except OSError:
            break
        line = shown.rpartition("\n")[2]
        if waiting and waiting[0][0] in line and line.endswith(" "):  # what is typed before that is thrown away
            os.write(ours, f"{waiting.pop(0)[1]}\n".encode())
            shown += "\n"
    os.close(ours)
    assert [] == waiting, shown
    return process.wait(60), shown


@needs_terminal
@pytest.mark.usefixtures("enrolled")
def test_a_passphrase_is_asked_twice_and_then_once(home):
    """At a terminal a new passphrase is typed twice, again where both differ; opened, it is asked once, unseen."""
    new = [
        ("New passphrase", PHRASE),
        ("Once more", "something else"),
        ("New passphrase", PHRASE),
        ("Once more", PHRASE),
    ]
    code, shown = typed(home, "key", "protect", "--with", "passphrase", answers=new)
    assert (0, True) == (code, b"scrypt" in (home / "key").read_bytes())
    assert PHRASE not in shown
    code, shown = typed(home, "key", "rotate", answers=[("Passphrase of the key", PHRASE)])
    assert (0, 1) == (code, shown.count("Passphrase of the key"))
    code, shown = typed(home, "key", "show", answers=[("Passphrase of the key", "wrong")])

    assert (3, 1) == (code, shown.count("error[gallery.key_passphrase]"))


@needs_terminal
@pytest.mark.usefixtures("enrolled")
def test_an_export_asks_twice(home, tmp_path):
    """The passphrase of a new archive is typed twice; one that is too short writes nothing."""
    for phrase, expected in (("brief", 1), (PHRASE, 0)):
        answers = [("New passphrase", phrase), ("Once more", phrase)]
        code, _ = typed(home, "gallery", "export", str(tmp_path / "all.zip"), "--templates", answers=answers)
        assert (expected, not expected) == (code, (tmp_path / "all.zip").exists())


@needs_terminal
@pytest.mark.usefixtures("enrolled")
def test_giving_up_is_typed_in_full(home):
    """Yes is not enough: the word itself gives the key up."""
    (home / "key").unlink()
    assert 1 == typed(home, "key", "abandon", answers=[("Type 'abandon'", "yes")])[0]
    assert not (home / "key").exists()
    assert 0 == typed(home, "key", "abandon", answers=[("Type 'abandon'", "abandon")])[0]
    assert (home / "key").exists()


def test_nobody_is_asked_in_the_background(monkeypatch):
    """A job in the background of a terminal asks nobody: it would be stopped there for ever."""
    monkeypatch.setattr(sources.sys, "stdin", _Terminal())
    monkeypatch.setattr(sources.sys, "stderr", _Terminal())
    monkeypatch.setattr(sources.getpass, "getpass", lambda *_: PHRASE)
    monkeypatch.setattr(sources.os, "tcgetpgrp", lambda _fd: os.getpgrp(), raising=False)
    assert PHRASE == sources.at_terminal("Passphrase")
    monkeypatch.setattr(sources.os, "tcgetpgrp", lambda _fd: os.getpgrp() + 1, raising=False)
    assert sources.at_terminal("Passphrase") is None


class _Terminal:
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0

    def write(self, _text: str) -> None:
        """Nothing is shown."""

    def flush(self) -> None:
        """Nothing waits."""


def test_a_service_without_the_passphrase_says_so(enrolled, home, monkeypatch):
    """Begun without a terminal and without the variable, the service refuses in one line that names it."""
    monkeypatch.setenv("ATTENDANCE_KEY_PASSPHRASE", PHRASE)
    assert 0 == enrolled("key", "protect", "--with", "passphrase")[0]
    monkeypatch.delenv("ATTENDANCE_KEY_PASSPHRASE")
    command = [sys.executable, "-m", "attendance", "serve", "--port", "0", "--home", str(home)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120)

    assert (3, "") == (done.returncode, done.stdout), done.stderr
    assert 1 == done.stderr.count("error[gallery.key_source]")
    assert "ATTENDANCE_KEY_PASSPHRASE" in done.stderr
