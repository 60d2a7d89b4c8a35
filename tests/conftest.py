"""Fixtures that every test folder shares: the data folder, a zone where it is noon, two public-domain portraits."""

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from enroll.telemetry import opt_out

ROOT = Path(__file__).resolve().parents[1]
opt_out()  # tests import ONNX Runtime, too


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of research data beside the checkout; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("ATTENDANCE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"research data not found at {folder} (set ATTENDANCE_TEST_DATA to its folder)")
    return folder


@pytest.fixture
def noon_zone() -> str:
    """An IANA zone in which it is about noon: a test by the computer's clock sees no midnight there.

    The days of such a test are this zone's. In any other, a run that begins before midnight and ends after it
    opens two sessions and marks everybody twice, as it should.
    """
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # in these names "+" is west of Greenwich


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """Eileen Collins, NASA portrait (public domain), RGB uint8 (512, 512, 3), from scikit-image."""
    from skimage import data

    return data.astronaut()


@pytest.fixture(scope="session")
def hopper() -> np.ndarray:
    """Grace Hopper, US Navy portrait (public domain), RGB uint8 (606, 512, 3), from Matplotlib."""
    import matplotlib as mpl
    from PIL import Image

    path = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
