"""Files beside a card: absent, altered or broken, each is told by its own error before anything runs."""

import hashlib

import pytest

from enroll._sealed import DETECTOR, ENCODER, read_bytes, sealed_bytes, sealed_session
from enroll.errors import (
    DetectorAltered,
    DetectorFailed,
    DetectorMissing,
    EncoderAltered,
    EncoderFailed,
    EncoderMissing,
)

KINDS = {
    "detector": (DETECTOR, DetectorMissing, DetectorAltered, DetectorFailed),
    "encoder": (ENCODER, EncoderMissing, EncoderAltered, EncoderFailed),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_what_its_card_promises_or_nothing(tmp_path, kind):
    """Bytes come for the right sha256 alone; a missing, another and an unloadable file have their own errors."""
    faults, missing, altered, failed = KINDS[kind]
    file = tmp_path / "model.onnx"
    with pytest.raises(missing, match=r"model\.onnx: no such file"):
        read_bytes(file, faults)
    file.write_bytes(b"no model")
    sha256 = hashlib.sha256(b"no model").hexdigest()
    assert b"no model" == sealed_bytes(file, sha256, faults)
    with pytest.raises(altered, match="sha256 is not the one on its card"):
        sealed_session(file, "0" * 64, 1, faults)
    with pytest.raises(failed, match=r"model\.onnx"):
        sealed_session(file, sha256, 1, faults)
