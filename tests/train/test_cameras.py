"""The cohort learns what bad cameras do to a face, and the encoder's folder stays sound."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.data.pictures import Pictures

pytest.importorskip("torch")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import enroll

    shipped = Path(enroll.__file__).parent / "models" / "fast"
    return Path(shutil.copytree(shipped, tmp_path / "encoder"))


@pytest.fixture
def pictures(astronaut: np.ndarray, hopper: np.ndarray) -> Pictures:
    """Variants of two portraits as training photos, and as two sets of development people."""
    crops = [cv2.resize(astronaut[50:230, 130:310], (128, 128)), cv2.resize(hopper[60:330, 120:390], (128, 128))]
    random = np.random.default_rng(2)
    photos = np.stack([np.roll(crops[n % 2], random.integers(-6, 7, 2), (0, 1)) for n in range(96)])
    splits = np.repeat(["train", "dev"], 48)
    labels = np.concatenate([np.full(48, -1), np.arange(48) // 2])
    sets = np.array(["lfw", "celeba"])[(np.arange(96) // 24) % 2]
    return Pictures(photos, labels, splits, np.arange(96).astype(str), tuple(map(str, range(24))), {"set": sets})


def test_centroids_are_added_once(folder, pictures):
    """A second run replaces what the first one added; encoder file and clean centroids stay as they were."""
    from enroll import load_encoder
    from train.cameras import add_cameras

    before = np.load(folder / "cohort.npy")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    clean = before[: len(before) - card["cohort"].get("cameras", 0)]
    add_cameras(folder, pictures)
    once = np.load(folder / "cohort.npy")
    add_cameras(folder, pictures)
    assert np.array_equal(clean, once[: len(clean)])
    assert len(clean) < len(once)
    assert np.array_equal(once, np.load(folder / "cohort.npy"))
    assert card["id"] == load_encoder(folder).id  # the product accepts hashes and sizes


def test_two_strangers_before_one_bad_camera_come_apart(folder, pictures):
    """With the camera centroids two degraded strangers score lower than before; that is what they are for."""
    from enroll import load_encoder
    from train.cameras import add_cameras, degraded

    def score() -> float:
        encoder = load_encoder(folder)
        vectors = encoder.embed(np.stack([degraded(pictures.pixels[n], np.random.default_rng(5)) for n in (0, 1)]))
        return float(vectors[0] @ vectors[1] - encoder.cohort_means(vectors).mean())

    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    from train.cards import recast_cohort

    whole = np.load(folder / "cohort.npy")
    clean = whole[: len(whole) - card["cohort"].get("cameras", 0)]
    recast_cohort(folder, clean, cameras=0, score_model=card["score_model"])
    without = score()
    add_cameras(folder, pictures)
    assert score() < without
