"""Where the key that wraps a home's key comes from: the environment, a command, or somebody at a terminal.

Nothing that is read here ever stands in a message.
"""

import getpass
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Final

from gallery.errors import KeySource
from gallery.vault.envelope import KEY_BYTES, Wrapper
from gallery.vault.passphrases import to_bytes

KEY, COMMAND, PASSPHRASE = "ATTENDANCE_KEY", "ATTENDANCE_KEY_COMMAND", "ATTENDANCE_KEY_PASSPHRASE"
"""The variables."""
NAMES: Final[Mapping[Wrapper, str]] = {"environment": KEY, "command": COMMAND, "passphrase": PASSPHRASE}
PATIENCE_S: Final = 30.0
"""How long a command may take."""
_LIMIT = 4096
_WANTED = f"{2 * KEY_BYTES} hexadecimal digits"


class Sources:
    """Reads wrapping keys; ``ask`` gives what somebody types after a question, or None where nobody can be asked."""

    def __init__(
        self, environment: Mapping[str, str] | None = None, ask: Callable[[str], str | None] | None = None
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._ask = ask or at_terminal

    def wanted(self) -> Wrapper | None:
        """What wraps the key of a new home: the first of the variables that is set; None: nothing does."""
        return next((by for by, name in NAMES.items() if self._environment.get(name)), None)

    def given(self, by: Wrapper) -> str:
        """What the variable of this source holds, nothing where it is not set."""
        return self._environment.get(NAMES[by], "")

    def secret(self, by: Wrapper, where: str) -> bytes:
        """The 32 bytes, or the passphrase, for the key file ``where``; raises KeySource."""
        if by == "passphrase":
            return self._passphrase(where)
        name = NAMES[by]
        given = self._environment.get(name)
        if not given:
            raise KeySource(where, f"the key of its key is to come from {name}, which is not set")
        if by == "environment":
            return _key(given.encode("utf-8", "surrogateescape"), f"{name} is not {_WANTED}", where)
        return _key(_printed(given, where), f"the command printed something else than {_WANTED}", where)

    def _passphrase(self, where: str) -> bytes:
        given = self._environment.get(PASSPHRASE) or self._ask(f"Passphrase of the key {where}")
        if not given:
            detail = f"it opens with a passphrase: {PASSPHRASE} is not set, and nobody can be asked here"
            raise KeySource(where, detail)
        return to_bytes(given)


def _key(text: bytes, wrong: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeySource(where, wrong)
    return key


def at_terminal(question: str) -> str | None:
    """What somebody types unseen; None where there is no terminal, it is not ours now, or a thread asks."""
    if threading.current_thread() is not threading.main_thread() or not _terminal_is_ours():
        return None
    try:
        return getpass.getpass(f"{question}: ", sys.stderr)
    except (EOFError, OSError, UnicodeDecodeError):
        return None


def _terminal_is_ours() -> bool:
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        return os.name != "posix" or os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _printed(command: str, where: str) -> bytes:
    """What the command prints. No shell is between, its errors go nowhere, and what it has started ends with it."""
    try:
        # A group of its own, so that what the command itself has started can be ended, too.
        running = subprocess.Popen(  # noqa: S603  the command is the one that whoever runs this has named
            shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True, env=_without_secrets(),
        )  # fmt: skip
    except (OSError, ValueError, IndexError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be understood"
        raise KeySource(where, f"the command of {COMMAND} cannot be started: {told}") from error
    found: list[bytes] = []
    reader = threading.Thread(target=_read, args=(running, found), daemon=True)
    until = monotonic() + PATIENCE_S
    reader.start()
    reader.join(PATIENCE_S)
    code = _ended(running, until if found else 0.0)
    if code is None:
        raise KeySource(where, f"the command of {COMMAND} did not end within {PATIENCE_S:g} seconds")
    if code:
        raise KeySource(where, f"the command of {COMMAND} failed with exit code {code}")
    return found[0]


def _without_secrets() -> dict[str, str]:
    """The environment for the command: it needs what it signs in with, and none of our own keys and passphrases."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != KEY and not (name.startswith("ATTENDANCE_") and name.endswith("PASSPHRASE"))
    }


def _read(running: "subprocess.Popen[bytes]", found: list[bytes]) -> None:
    if running.stdout is not None:
        with running.stdout as pipe:
            data = pipe.read(_LIMIT)
            found.append(data)


def _ended(running: "subprocess.Popen[bytes]", until: float) -> int | None:
    """Its exit code; None where it had to be ended."""
    try:
        return running.wait(max(0.0, until - monotonic()))
    except subprocess.TimeoutExpired:
        _end(running)
        return None


def _end(running: "subprocess.Popen[bytes]") -> None:
    """End it with all that it has started. It was not waited for yet, so that its number is still its own."""
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(running.pid, signal.SIGKILL)
        else:
            running.kill()
    running.wait()
