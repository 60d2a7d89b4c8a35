"""The command line: it parses, calls `attendance.app` and prints; `main` turns errors into exit codes."""

import errno
import gc
import sys
from collections.abc import Sequence
from typing import Any

INTERRUPTED = 130
GARBAGE_THRESHOLD = 50_000  # starting makes many objects that stay; looking them over again takes 5 % of it
DEBUG = "--debug"
COMPLETION = "--install-completion"
NO_ROOM = frozenset({errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT, errno.EBADF})  # writes to a file have its name

__all__ = ["main", "run"]


def main() -> None:
    """Entry point of the ``attendance`` command."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    code = run(sys.argv[1:])
    gc.freeze()  # the end looks for garbage in all that was loaded, a fifth of a check; the memory goes anyway
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    from enroll.telemetry import opt_out

    opt_out()
    debug = DEBUG in arguments
    try:
        _prepare_streams()
        return _called([argument for argument in arguments if argument != DEBUG])
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was reported is kept\n")
        return INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return 1
    except Exception as error:
        _hide_logins(error, arguments)
        if debug:
            raise
        return _explain(_named(error, arguments))


def _called(arguments: list[str]) -> int:
    from attendance.cli.root import parser_of

    result: Any = parser_of(arguments)(args=arguments, prog_name="attendance", standalone_mode=False)
    sys.stdout.flush()
    if result == INTERRUPTED:
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _explain(error: Any) -> int:
    """Say what went wrong on one line; the exit code."""
    from attendance.cli.output import say
    from attendance.faults import refusal_of

    if hasattr(error, "format_message") and hasattr(error, "show"):  # wrong usage, found by the parser
        error.show()
        return int(error.exit_code)
    refused = refusal_of(error, "attendance")
    say(refused.line)
    return refused.exit_code


def _hide_logins(error: Any, arguments: Sequence[str]) -> None:
    """What the parser says of a word that it cannot place shows the word: not the password of an address, though."""
    if not isinstance(getattr(error, "message", None), str) or not hasattr(error, "format_message"):
        return
    from attendance.cameras import hidden

    for word in arguments:
        shown = hidden(word)
        if shown != word.strip():
            error.message = error.message.replace(word, shown).replace(repr(word)[1:-1], shown)


def _named(error: Exception, arguments: Sequence[str]) -> Exception:
    """What a failing write raises, to standard output (a full disk) or to the files that complete commands in a shell.

    As the error that it is; others as they are.
    """
    if not isinstance(error, OSError):
        return error
    from attendance.errors import OutputFailed

    if error.filename is not None:
        completing = any(argument.startswith(COMPLETION) for argument in arguments)
        return OutputFailed(str(error.filename), error.strerror or str(error)) if completing else error
    if error.errno not in NO_ROOM:
        return error
    _silence_stdout()
    return OutputFailed("standard output", error.strerror or str(error))


def _prepare_streams() -> None:
    """UTF-8 whatever the locale; what cannot be written is escaped, so that no name stops a run.

    A stream that was closed before the start leads nowhere.
    """
    import os

    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - open as long as the process
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _silence_stdout() -> None:
    """Nobody reads any more: let the interpreter's last flush go nowhere."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
