"""Where annotated pictures go: one file for one source, else a folder with one file a source.

No file that is there already is touched: a single file of that name is refused before anything is judged, and in a
folder the copies get the first free name.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attendance.errors import OutputFailed
from attendance.paths import shown_path
from attendance.sources import Source, is_video
from attendance.writing import free_name, new_file, refuse_source, refuse_taken, write_numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attendance.records import Decision

JPEG_QUALITY = 92
WRITTEN = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


class Outlet:
    """Writes annotated pictures to ``place``: a file if it is so named and ``sources`` is a single file.

    Raises OutputFailed where that file is there already or its suffix is no picture's, and where the folder, which is
    made at once, cannot be one.
    """

    def __init__(self, place: Path, sources: "Sequence[Path]") -> None:
        self._place = place
        single = len(sources) == 1 and not sources[0].is_dir()
        self._file = place if single and place.suffix and not place.is_dir() else None
        if self._file is None:
            self._folder()
        else:
            _refuse(self._file, sources[0])

    def picture(self, source: Source, pixels: Any, decisions: "Sequence[Decision]") -> None:
        """Write one picture (H, W, 3) uint8 RGB with its decisions; raises OutputFailed."""
        from attendance.show.draw import annotate

        drawn = annotate(pixels, decisions)
        if self._file is None:
            write_numbered(self._folder(), source.path.stem, ".jpg", lambda path: _save(drawn, path))
            return
        with new_file(self._file) as hidden:
            _save(drawn, hidden)

    def video(self, source: Source) -> Path:
        """The file for the annotated copy of a video."""
        return self._file or free_name(self._folder(), source.path.stem, ".mp4")

    def _folder(self) -> Path:
        try:
            self._place.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise OutputFailed(
                shown_path(self._place), "this is a file; several pictures are drawn into a folder"
            ) from error
        except OSError as error:
            raise OutputFailed(shown_path(self._place), error.strerror or str(error)) from error
        return self._place


def _refuse(target: Path, source: Path) -> None:
    """Refuse a target that is taken, or a name that says it is no picture though its source is one."""
    video = is_video(source)
    refuse_source(target, source, "video" if video else "photo")
    refuse_taken(target)
    if not video and target.suffix.lower() not in WRITTEN:
        raise OutputFailed(
            shown_path(target), f"pictures are not written as {target.suffix}, but as {', '.join(WRITTEN)}"
        )


def _save(pixels: Any, path: Path) -> None:
    from PIL import Image

    try:
        Image.fromarray(pixels).save(path, quality=JPEG_QUALITY)
    except ValueError as error:  # a format that cannot be written, or not of this size
        raise OutputFailed(shown_path(path), str(error)) from error
