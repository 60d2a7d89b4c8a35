"""Everything that a damaged zip makes `zipfile` raise is named in one place."""

import io
import zipfile

import numpy as np
import pytest

from refusal.zips import BROKEN_ZIP


def packed(method: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        archive.writestr("people ä.json", bytes(range(256)) * 4)
    return data.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_raises_nothing_else(method: int) -> None:
    """Of a zip whose bytes are changed, each in several ways, or whose end is cut, nothing but what is listed comes."""
    whole = packed(method)
    changes = np.random.default_rng(method).integers(1, 256, (3, len(whole)))
    broken = [
        whole[:at] + bytes([whole[at] ^ int(change)]) + whole[at + 1 :]
        for row in changes
        for at, change in enumerate(row)
    ]
    refused = 0
    for data in (*broken, *(whole[:at] for at in range(len(whole)))):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for each in archive.infolist():
                    archive.read(each)
        except (*BROKEN_ZIP, OSError):
            refused += 1
    assert len(whole) < refused
