"""The encoder on ONNX Runtime: unit embeddings, a naive cohort mean, and every altered byte refused."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from enroll.encoder import OnnxEncoder
from enroll.errors import CardInvalid, EncoderAltered, EncoderFailed, EncoderMissing
from enroll.geometry import align
from enroll.registry import load_encoder


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 255, (5, 112, 112, 3), np.uint8)


@pytest.fixture
def copied(tmp_path, default_folder) -> Path:
    """A copy of the shipped encoder that a test may spoil."""
    return Path(shutil.copytree(default_folder, tmp_path / "model"))


def rewrite_card(folder: Path, **changes: object) -> None:
    """Change fields of the card (`encoder__sha256=...`)."""
    path = folder / "card.json"
    card = json.loads(path.read_text())
    for name, value in changes.items():
        *outer, last = name.split("__")
        place = card
        for key in outer:
            place = place[key]
        place[last] = value
    path.write_text(json.dumps(card))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_embeddings_are_unit_and_the_same_alone_or_in_a_batch(default_encoder, crops):
    """An embedding has length 1 and does not depend on what else is in its batch."""
    together = default_encoder.embed(np.tile(crops, (4, 1, 1, 1)))
    alone = np.concatenate([default_encoder.embed(crop[None]) for crop in crops])
    assert (20, default_encoder.dim) == together.shape
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together, np.tile(alone, (4, 1)), atol=1e-4)


def test_no_crops_give_no_embeddings(default_encoder):
    """An empty batch comes back empty, with the right width."""
    assert (0, default_encoder.dim) == default_encoder.embed(np.empty((0, 112, 112, 3), np.uint8)).shape


def test_two_people_are_less_alike_than_two_photos_of_one(default_encoder, detector, astronaut, hopper):
    """A portrait is far more like its own dimmed copy than like another person's portrait."""
    pictures = [astronaut, (astronaut * 0.7).astype(np.uint8), hopper]
    aligned = [align(picture, detector.detect(picture)[0].landmarks) for picture in pictures]
    same, other = default_encoder.embed(np.stack(aligned))[1:] @ default_encoder.embed(aligned[0][None])[0]
    assert same > other + 0.3


def test_cohort_means_equal_a_naive_mean(copied, crops):
    """The mean of the k highest cosines equals sorting them all."""
    rewrite_card(copied, cohort__floor=None, cohort__centre=None)
    encoder = OnnxEncoder(copied, threads=1)
    rows = np.load(copied / encoder.card.cohort.name).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = encoder.embed(crops)
    expected = [np.mean(sorted(row @ v for row in rows)[-encoder.card.cohort_k :]) for v in vectors]
    np.testing.assert_allclose(encoder.cohort_means(vectors), expected, atol=1e-5)


def test_what_ships_measures_from_a_level(default_encoder):
    """Both shipped cards tell a centre and a floor, and no mean lies below it."""
    for encoder in (default_encoder, load_encoder("fast", threads=1)):
        floor = encoder.card.cohort_floor
        assert None not in (floor, encoder.card.cohort_centre)
        nobody = np.random.default_rng(4).normal(size=(64, encoder.dim)).astype(np.float32)
        nobody /= np.linalg.norm(nobody, axis=1, keepdims=True)
        assert np.float32(floor) == encoder.cohort_means(nobody).min()


def test_no_cohort_mean_lies_below_the_cards_floor(copied, crops):
    """With a floor in the card lower means are lifted to it, higher ones stay; without one nothing changes."""
    rewrite_card(copied, cohort__floor=None)
    plain = OnnxEncoder(copied, threads=1)
    vectors = plain.embed(crops)
    means = plain.cohort_means(vectors)
    floor = float((means.min() + means.max()) / 2)
    rewrite_card(copied, cohort__floor=floor)
    floored = OnnxEncoder(copied, threads=1).cohort_means(vectors)
    assert [max(float(mean), float(np.float32(floor))) for mean in means] == floored.tolist()
    rewrite_card(copied, cohort__floor=None)
    assert np.array_equal(means, OnnxEncoder(copied, threads=1).cohort_means(vectors))


def test_a_share_of_the_cohorts_centre_is_taken_off(copied, crops):
    """With a centre in the card embeddings and rows are compared less a share of the mean of the first rows."""
    rewrite_card(copied, cohort__floor=None, cohort__centre={"rows": 40, "share": 0.3})
    encoder = OnnxEncoder(copied, threads=1)
    rows = np.load(copied / encoder.card.cohort.name).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    centre = 0.3 * rows[:40].mean(0)
    rows = (rows - centre) / np.linalg.norm(rows - centre, axis=1, keepdims=True)
    vectors = encoder.embed(crops)
    probes = [(vector - centre) / np.linalg.norm(vector - centre) for vector in vectors]
    expected = [np.mean(sorted(rows @ probe)[-encoder.card.cohort_k :]) for probe in probes]
    np.testing.assert_allclose(encoder.cohort_means(vectors), expected, atol=1e-5)


def test_mirror_means_the_mean_of_both_directions(copied, crops):
    """With `mirror` the embedding is that of the crop plus that of its mirror image, normalised."""
    rewrite_card(copied, mirror=True)
    plain, mirrored = (OnnxEncoder(copied, threads=1).embed(batch) for batch in (crops, crops[:, :, ::-1]))
    np.testing.assert_allclose(plain, mirrored, atol=1e-4)
    rewrite_card(copied, mirror=False)
    single = OnnxEncoder(copied, threads=1)
    total = single.embed(crops) + single.embed(np.ascontiguousarray(crops[:, :, ::-1]))
    np.testing.assert_allclose(plain, total / np.linalg.norm(total, axis=1, keepdims=True), atol=1e-4)


@pytest.mark.parametrize("name", ["encoder.onnx", "cohort.npy"])
@pytest.mark.parametrize("place", [0.0, 0.5, 0.999])
def test_one_changed_byte_is_refused(copied, name, place):
    """One changed byte anywhere in the encoder or its cohort, and it is not used; the file is left as it is."""
    path = copied / name
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)
    with pytest.raises(EncoderAltered):
        OnnxEncoder(copied)
    assert bytes(data) == path.read_bytes()


@pytest.mark.parametrize("name", ["encoder.onnx", "cohort.npy", "card.json"])
def test_a_missing_file_is_named(copied, name):
    """Without one of its three files the encoder is missing, and the error says which."""
    (copied / name).unlink()
    with pytest.raises(EncoderMissing) as caught:
        OnnxEncoder(copied)
    assert name in str(caught.value)


def test_a_card_that_promises_other_sizes_is_refused(copied, crops):
    """A card whose sizes are not the files' is refused at loading or at the first embedding."""
    rewrite_card(copied, encoder__embedding=7)
    with pytest.raises(EncoderFailed):
        OnnxEncoder(copied)
    rewrite_card(copied, input__name="picture")
    with pytest.raises(EncoderFailed):
        OnnxEncoder(copied)
    rewrite_card(copied, cohort__k=0)
    with pytest.raises(CardInvalid):
        OnnxEncoder(copied)
    assert 5 == len(crops)


def test_an_embedding_of_another_width_is_refused(copied, crops):
    """A file whose output is not as wide as the card says fails instead of storing nonsense."""
    np.save(copied / "cohort.npy", np.eye(7, dtype=np.float16))
    changes = {
        "encoder__embedding": 7,
        "cohort__size": 7,
        "cohort__centre": None,
        "cohort__k": 3,
        "cohort__sha256": sha256(copied / "cohort.npy"),
    }
    rewrite_card(copied, **changes)
    with pytest.raises(EncoderFailed):
        OnnxEncoder(copied, threads=1).embed(crops)


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x08\x08" * 50])
def test_a_file_that_is_no_model_fails(copied, data):
    """Bytes that match the card's sha256 and still are no model are an error, not a crash."""
    (copied / "encoder.onnx").write_bytes(data)
    rewrite_card(copied, encoder__sha256=sha256(copied / "encoder.onnx"))
    with pytest.raises(EncoderFailed):
        OnnxEncoder(copied)


def save_pickle(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)


@pytest.mark.parametrize(
    "write", [save_pickle, lambda p: p.write_bytes(b"junk"), lambda p: np.save(p, np.full_like(np.load(p), np.nan))]
)
def test_a_cohort_that_is_no_array_fails(copied, write):
    """A cohort that is a pickle, junk or not finite is refused."""
    write(copied / "cohort.npy")
    rewrite_card(copied, cohort__sha256=sha256(copied / "cohort.npy"))
    with pytest.raises(EncoderFailed):
        OnnxEncoder(copied)


class Session:
    """Stands for the network and returns one value everywhere, or raises."""

    def __init__(self, value: float | None, dim: int) -> None:
        self.value, self.dim = value, dim

    def run(self, _names, feed):
        if self.value is None:
            raise RuntimeError("out of memory")
        (blob,) = feed.values()
        return [np.full((len(blob), self.dim), self.value, np.float32)]


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, None])
def test_an_embedding_without_direction_is_an_error(copied, crops, value):
    """NaN, infinity, zero or an exception of the network end in `EncoderFailed`, never in a template."""
    encoder = OnnxEncoder(copied, threads=1)
    encoder._session = Session(value, encoder.dim)
    with pytest.raises(EncoderFailed):
        encoder.embed(crops)


@pytest.mark.parametrize(
    "batch",
    [np.zeros((1, 100, 100, 3), np.uint8), np.zeros((112, 112, 3), np.uint8), np.zeros((1, 112, 112, 3), np.float32)],
)
def test_only_crops_of_the_right_kind_are_embedded(default_encoder, batch):
    """Crops of another size, number or type are refused with what was expected."""
    with pytest.raises(ValueError, match="expected"):
        default_encoder.embed(batch)


def test_cohort_means_need_the_encoders_own_width(default_encoder):
    """Vectors of another encoder are refused."""
    with pytest.raises(ValueError, match="expected"):
        default_encoder.cohort_means(np.zeros((2, default_encoder.dim + 1), np.float32))


def test_encoders_are_loaded_by_name_or_folder(default_folder, tmp_path, monkeypatch):
    """`default` is the shipped encoder from wherever one calls; a folder is any other."""
    monkeypatch.chdir(tmp_path)
    assert default_folder == load_encoder("default", threads=1).folder
    assert default_folder == load_encoder(default_folder, threads=1).folder
    for name in ("no-such-encoder", "", ".."):
        with pytest.raises(EncoderMissing):
            load_encoder(name)
