"""What processes of our own that read files from outside are given of the environment, and what they may take."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Final

IMPORT_ROOT: Final = str(Path(__file__).resolve().parents[1])
# What Python and the loader of libraries need to find the same installation again; nothing else is handed on, so no
# password, token or proxy that stands in the environment.
_KEPT: Final = frozenset(
    {"PATH", "HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC"}
    | {"TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV"}
    | {"PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUSERBASE", "PYTHONNOUSERSITE"}
)


def environment(*prefixes: str) -> dict[str, str]:
    """The environment of a child: what it takes to start, and the variables that begin with one of the prefixes."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _KEPT or (prefixes and name.startswith(prefixes))
    }
    paths = [IMPORT_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}


def bound_memory(more: int) -> None:
    """Let this process grow by so many bytes from here, where the system can tell and bound that."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _soften(resource.RLIMIT_AS, pages * resource.getpagesize() + more)


def bound_computing(seconds: int) -> None:
    """Let this process compute for so many seconds more; then the system ends it, whatever it hangs in."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _soften(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds)


def leave_no_core() -> None:
    """Let a breakdown of this process write none of its memory, which holds faces and keys, to the disk."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def write_no_file() -> None:
    """Let this process write to no file any more; pipes are none."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _soften(what: int, most: int) -> None:
    """Set the limit that can be raised again, as far as the other lets it."""
    import resource

    hard = resource.getrlimit(what)[1]
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def widen(descriptor: int, size: int) -> None:
    """Let more fit into a pipe at once, where the system can."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, size)
