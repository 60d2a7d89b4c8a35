"""Where annotated pictures go: one file for one source, else a folder with one file a source."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attendance.errors import OutputFailed
from attendance.sources import Source, label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attendance.records import Decision

JPEG_QUALITY = 92


class Outlet:
    """Writes annotated pictures to ``place``: a file if it is so named and there is a ``single`` source."""

    def __init__(self, place: Path, *, single: bool) -> None:
        self._place = place
        self._file = place if single and place.suffix and not place.is_dir() else None
        self._used: set[Path] = set()

    def picture(self, source: Source, pixels: Any, decisions: "Sequence[Decision]") -> None:
        """Write one picture (H, W, 3) uint8 RGB with its decisions; raises OutputFailed."""
        from PIL import Image

        from attendance.draw import annotate

        target = self._target(source, ".jpg")
        try:
            Image.fromarray(annotate(pixels, decisions)).save(target, quality=JPEG_QUALITY)
        except (OSError, ValueError) as error:
            raise OutputFailed(label(target), str(error)) from error

    def video(self, source: Source) -> Path:
        """The file for the annotated copy of a video."""
        return self._target(source, ".mp4")

    def _target(self, source: Source, suffix: str) -> Path:
        if self._file is not None:
            return self._file
        try:
            self._place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputFailed(label(self._place), error.strerror or str(error)) from error
        number, target = 1, self._place / f"{source.path.stem}{suffix}"
        while target in self._used or _same(target, source.path):
            number += 1
            target = self._place / f"{source.path.stem}-{number}{suffix}"
        self._used.add(target)
        return target


def _same(target: Path, source: Path) -> bool:
    """Whether writing there would destroy the source."""
    return target.exists() and target.samefile(source)
