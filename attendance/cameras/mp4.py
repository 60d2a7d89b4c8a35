"""Whether an MP4 or MOV file asks for its pictures to be mirrored: OpenCV heeds its turn, but no mirror.

The track header's matrix is described in ISO/IEC 14496-12, 6.2.2 and 8.3.2.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

MOST_BOXES: Final = 10_000
_HEAD: Final = struct.Struct(">I4s")
_LONG: Final = struct.Struct(">Q")
_TRACK_END: Final = struct.Struct(">9iII")  # matrix, width, height: the last fields of a track header
_MOST_TRACK_HEADER: Final = 200


def is_mirrored(path: Path) -> bool:
    """Whether the first track with a picture is mirrored; False for any other kind of file."""
    try:
        with path.open("rb") as file:
            return _determinant(file, path.stat().st_size) < 0
    except OSError:
        return False


def _determinant(file: BinaryIO, size: int) -> int:
    """Of the matrix of the first track that has a width; 1 when there is none."""
    for movie in _boxes(file, 0, size, b"moov"):
        for track in _boxes(file, *movie, b"trak"):
            for begin, end in _boxes(file, *track, b"tkhd"):
                file.seek(begin)
                body = file.read(min(end - begin, _MOST_TRACK_HEADER))
                if len(body) < _TRACK_END.size:
                    continue
                a, b, _, c, d, _, _, _, _, width, _ = _TRACK_END.unpack(body[-_TRACK_END.size :])
                if width:
                    return int(a * d - b * c)
    return 1


def _boxes(file: BinaryIO, begin: int, end: int, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Where the content of each box of this kind begins and ends."""
    for _ in range(MOST_BOXES):
        file.seek(begin)
        head = file.read(_HEAD.size)
        if begin >= end or len(head) < _HEAD.size:
            return
        size, kind = _HEAD.unpack(head)
        inner = begin + _HEAD.size
        if size == 1 and len(more := file.read(_LONG.size)) == _LONG.size:
            (size,), inner = _LONG.unpack(more), inner + _LONG.size
        stop = end if size == 0 else min(begin + size, end)
        if stop < inner:
            return
        if kind == wanted:
            yield inner, stop
        begin = stop
