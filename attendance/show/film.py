"""The annotated copy of a video: a film, a picture of each moment that mattered, or one sheet of pictures."""

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attendance.errors import OutputFailed
from attendance.writing import TAKEN, free_name, new_file, refuse_taken, write_numbered
from gallery.files import beside, publish, sync_file

Pixels = NDArray[np.uint8]

CODECS: Final = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}
PICTURE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp"})
SHEET_PICTURES: Final = 12
SHEET_COLUMNS: Final = 3
SHEET_WIDTH: Final = 480  # of one picture on the sheet
MOST_REPEATS: Final = 250  # of a frame, for a camera that was away


class Film:
    """Writes annotated frames to `path`; use it as a context manager.

    A suffix of `CODECS` makes a film (and a sheet beside it where the codec is missing), one of
    `PICTURE_SUFFIXES` a sheet of up to 12 frames, anything else a film with ``.mp4`` added; in a folder it is
    ``attendance.mp4``, or the next such name that is free. Files appear under their names once they are whole, and
    none that is there already is replaced. Raises `OutputFailed`.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self.path = _named(path)
        path = self.path
        self._fps = fps
        self._writer: _Writer | None = None
        self._sheet = _Sheet()
        self._start: float | None = None
        self._frames = 0
        refuse_taken(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputFailed(str(path.parent), error.strerror or "cannot be made") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, pixels: Pixels, time: float) -> None:
        """Add a frame (H, W, 3) uint8 RGB seen at `time` seconds; it is repeated or left out to keep the pace."""
        if self._start is None:
            self._start = time
            self._begin(pixels)
        due = int((time - self._start) * self._fps + 1.5) - self._frames
        for _ in range(min(due, MOST_REPEATS)):
            if self._writer is not None:
                self._writer.write(pixels)
        self._frames += max(due, 0)
        self._sheet.add(pixels)

    def still(self, pixels: Pixels, name: str) -> Path:
        """Write one picture beside the film, e.g. door-track3-present.png; returns its path."""
        picture = Image.fromarray(pixels)
        return write_numbered(self.path.parent, f"{self.path.stem}-{name}", ".png", picture.save)

    def close(self) -> None:
        """Finish the files; may be called twice."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        elif (sheet := self._sheet.picture()) is not None:
            self._sheet = _Sheet()
            if self.path.suffix.lower() in CODECS:
                self.path = write_numbered(self.path.parent, self.path.stem, ".png", sheet.save)
                return
            with new_file(self.path) as hidden:
                sheet.save(hidden)

    def _begin(self, pixels: Pixels) -> None:
        codec = CODECS.get(self.path.suffix.lower())
        if codec is not None:
            with contextlib.suppress(OSError):
                self._writer = _Writer(self.path, codec, self._fps, pixels.shape[1], pixels.shape[0])


class _Writer:
    """OpenCV's writer, on a temporary name, for sides made even as the codecs want them."""

    def __init__(self, path: Path, codec: str, fps: float, width: int, height: int) -> None:
        import cv2

        self._path = path
        self._part = beside(path)
        self._size = (max(2, width - width % 2), max(2, height - height % 2))
        self._writer = cv2.VideoWriter(str(self._part), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, self._size)
        if not self._writer.isOpened():
            raise OSError("no codec")

    def write(self, pixels: Pixels) -> None:
        import cv2

        if (pixels.shape[1] // 2 * 2, pixels.shape[0] // 2 * 2) != self._size:
            pixels = np.asarray(cv2.resize(pixels, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        self._writer.write(np.ascontiguousarray(pixels[: self._size[1], : self._size[0], ::-1]))

    def close(self) -> None:
        self._writer.release()
        try:
            sync_file(self._part)
            publish(self._part, self._path)
        except FileExistsError as error:
            raise OutputFailed(str(self._path), TAKEN) from error
        except OSError as error:
            raise OutputFailed(str(self._path), error.strerror or "cannot be written") from error
        finally:
            with contextlib.suppress(OSError):
                self._part.unlink(missing_ok=True)


class _Sheet:
    """Frames spread evenly over a run of unknown length: when the sheet is full every second one goes."""

    def __init__(self) -> None:
        self._pictures: list[Image.Image] = []
        self._stride = 1
        self._count = 0

    def add(self, pixels: Pixels) -> None:
        if self._count % self._stride == 0:
            picture = Image.fromarray(pixels)
            picture.thumbnail((SHEET_WIDTH, SHEET_WIDTH))
            self._pictures.append(picture)
            if len(self._pictures) > SHEET_PICTURES:
                self._pictures = self._pictures[::2]
                self._stride *= 2
        self._count += 1

    def picture(self) -> Image.Image | None:
        if not self._pictures:
            return None
        wide = max(each.width for each in self._pictures)
        tall = max(each.height for each in self._pictures)
        columns = min(SHEET_COLUMNS, len(self._pictures))
        rows = -(-len(self._pictures) // columns)
        sheet = Image.new("RGB", (wide * columns, tall * rows), (255, 255, 255))
        for place, each in enumerate(self._pictures):
            sheet.paste(each, (place % columns * wide, place // columns * tall))
        return sheet


def _named(path: Path) -> Path:
    """The file that is meant."""
    if path.is_dir():
        return free_name(path, "attendance", ".mp4")
    if path.suffix.lower() not in CODECS and path.suffix.lower() not in PICTURE_SUFFIXES:
        return path.with_name(path.name + ".mp4")
    return path
