"""What became of each photo, noted as it is finished, so that a run that is killed goes on where it stood."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from train.data.aligning import Outcome


def read_journal(path: Path) -> dict[str, Outcome]:
    """Outcomes by photo, the latest of each; a line that was cut off is dropped from the file."""
    if not path.is_file():
        return {}
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        path.write_bytes(whole)
    outcomes = (_outcome(line) for line in whole.splitlines())
    return {outcome.photo: outcome for outcome in outcomes if outcome is not None}


def note(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Append outcomes that another run would only repeat."""
    lines = [json.dumps(asdict(outcome)) + "\n" for outcome in outcomes if outcome.final]
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(lines))


def is_done(outcome: Outcome | None, stamp: str, crop: str, folder: Path) -> bool:
    """Whether a photo, unchanged since, needs no second look: it was refused, or its crop is there under this name."""
    if outcome is None or outcome.stamp != stamp:
        return False
    if outcome.reason:
        return True
    file = folder / crop
    return outcome.crop == crop and file.is_file() and file.stat().st_size > 0


def _outcome(line: bytes) -> Outcome | None:
    """A line that somebody damaged costs one photo's detection, no more."""
    try:
        return Outcome(**json.loads(line))
    except (ValueError, TypeError):
        return None
