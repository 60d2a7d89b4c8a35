"""How each target is run: by atheris, over its kept corpus, for so many seconds; or over files that once failed.

    python fuzz/photo.py [--seconds 60] [FILE...]

What atheris finds on the way lies in `fuzz/found/` afterwards, which is not committed. A file on which the target
failed lies in `fuzz/failed/`, and is printed in base64.
"""

import argparse
import base64
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
INSIDE = "ATTENDANCE_FUZZ_INSIDE"

Target = Callable[[bytes], None]


def fuzz(name: str, prepared: Callable[[], Target], packages: Sequence[str], *, longest: int = 20_000) -> None:
    """Run a target, whose product code `prepared` imports; ends the process, with a code other than 0 on a failure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("files", nargs="*", type=Path, help="try these alone")
    options = parser.parse_args()
    if options.files:
        target = prepared()
        for path in options.files:
            target(path.read_bytes())
    elif INSIDE in os.environ:
        _inside(name, prepared, packages, options.seconds, longest)
    else:
        sys.exit(_beside(name))


def new_folder() -> Path:
    """A folder for a target's own files; it goes when the run is over."""
    return Path(tempfile.mkdtemp(prefix="attendance-fuzz-", dir=os.environ.get(INSIDE)))


def _inside(name: str, prepared: Callable[[], Target], packages: Sequence[str], seconds: int, longest: int) -> None:
    import atheris

    with atheris.instrument_imports(include=list(packages)):
        target = prepared()
    words = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-max_len={longest}",
        f"-artifact_prefix={HERE}/failed/{name}-",
        "-timeout=20",
        "-rss_limit_mb=2500",
        "-print_final_stats=1",
        "-verbosity=0",
        str(HERE / "found" / name),
        str(HERE / "corpus" / name),
    ]
    atheris.Setup(words, target)
    atheris.Fuzz()


def _beside(name: str) -> int:
    """Run it in a process of its own, which a fault in a library may end in any way; print what it failed on."""
    for folder in (HERE / "found" / name, HERE / "failed"):
        folder.mkdir(parents=True, exist_ok=True)
    before, log = set(_failed(name)), HERE / "found" / f"{name}.log"
    with (
        tempfile.TemporaryDirectory(prefix="attendance-fuzz-", ignore_cleanup_errors=True) as folder,
        log.open("wb") as told,
    ):
        words, environment = [sys.executable, *sys.argv], {**os.environ, INSIDE: folder}
        code = subprocess.run(words, env=environment, stdout=told, stderr=told, check=False).returncode  # noqa: S603 - this very program
    text = log.read_text(encoding="utf-8", errors="replace")
    if code:
        print(text[-6_000:])
    for path in sorted(set(_failed(name)) - before):
        print(f"{path.relative_to(HERE.parent)} {base64.b64encode(path.read_bytes()).decode()}")
    runs = re.search(r"number_of_executed_units: (\d+)", text)
    print(f"fuzz {name}: {'failed' if code else 'sound'}, {runs[1] if runs else 'no'} runs", flush=True)
    return 1 if code else 0


def _failed(name: str) -> list[Path]:
    return sorted((HERE / "failed").glob(f"{name}-*"))
