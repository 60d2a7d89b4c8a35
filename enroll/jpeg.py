"""What decoding a JPEG takes: most are decoded row by row at reduced size, some must be held whole first."""

from typing import Final

from PIL.JpegImagePlugin import JpegImageFile

# ITU T.81, table B.1. Frames whose pictures are refined scan by scan:
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_START_OF_SCAN: Final = 0xDA
_COEFFICIENT_BYTES: Final = 2


def bytes_a_pixel(data: bytes, image: JpegImageFile, shrink: float) -> float:
    """Bytes that decoding takes for a pixel of the file, when the longer side is to be `shrink` (0 to 1) of its own.

    A progressive JPEG, and one with a scan for each colour, holds all its coefficients; the reduction by 2, 4 or 8
    comes after.
    """
    steps = next((step for step in (8, 4, 2) if shrink * step <= 1), 1)
    return _PICTURE / steps**2 + (_coefficients(image) if _is_held_whole(data) else 0)


# The reduced picture in Pillow's four bytes, once more in its final size and as an array.
_PICTURE: Final = 14


def _coefficients(image: JpegImageFile) -> float:
    """Bytes of coefficients a pixel: two for each sample, colours as they are sampled."""
    samples = [(layer[1], layer[2]) for layer in image.layer]
    most = max(across for across, _ in samples) * max(down for _, down in samples)
    return _COEFFICIENT_BYTES * sum(across * down for across, down in samples) / most


def _is_held_whole(data: bytes) -> bool:
    """Whether the markers before the first scan tell of several scans; nonsense counts as such."""
    at = 2
    colours = 0
    while at + 4 <= len(data):
        if data[at] != 0xFF or data[at + 1] in (0x00, 0xFF):  # noqa: PLR2004 - junk or padding between markers
            at += 1
            continue
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _PROGRESSIVE:
            return True
        if marker == _START_OF_SCAN:
            return data[at + 4 : at + 5] != bytes([colours])
        if _is_frame(marker):
            colours = data[at + 9] if at + 9 < len(data) else 0
        at += 2 + length if _has_length(marker) else 2
    return True


def _is_frame(marker: int) -> bool:
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)  # noqa: PLR2004 - T.81, table B.1


def _has_length(marker: int) -> bool:
    return marker != 0x01 and not 0xD0 <= marker <= 0xD8  # noqa: PLR2004 - T.81, table B.1
