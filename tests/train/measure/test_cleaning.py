"""Wrong labels, near duplicates, double names and look-alikes: found where they were planted, equal to naive loops."""

import csv
import io
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from train.data.faces import load_faces
from train.data.manifest import read_manifest
from train.errors import DataMissing, OutUnwritten, SourceRefused
from train.measure import cleaning
from train.measure.cleaning import DUPLICATE, LOOK_ALIKE, NOISE, TWO_NAMES, Limits, clean_faces
from train.measure.suspects import leave_one_out, near_duplicates, nearest, thumbnail, two_names
from train.measure.testsets import TestCrops

GRID = 16  # the encoder for tests sees 7 x 7 fields of 16 px


class Fields:
    """An encoder for tests: the mean brightness of 7 x 7 fields, about their mean."""

    id, dim, crop_size = "fields", 49, 112
    card = SimpleNamespace(encoder=SimpleNamespace(sha256="f" * 64), mirror=False)

    def __init__(self):
        self.seen = 0

    def embed(self, crops):
        self.seen += len(crops)
        fields = crops.reshape(len(crops), 7, GRID, 7, GRID, 3).mean((2, 4, 5)).reshape(len(crops), -1)
        centred = fields - fields.mean(1, keepdims=True)
        return (centred / np.linalg.norm(centred, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def fields(monkeypatch):
    encoder = Fields()
    monkeypatch.setattr(cleaning, "load_encoder", lambda *_: encoder)
    return encoder


def face(person, variant=0, *, noise=18.0):
    """A generated person: fields of random brightness; `variant` changes what lies between (128, 128, 3)."""
    base = np.random.default_rng(person).integers(40, 216, (8, 8))
    random = np.random.default_rng([person, variant])
    base = base + random.normal(0, noise, base.shape)
    pixels = np.kron(base, np.ones((GRID, GRID))) + random.normal(0, 25, (128, 128))
    return np.repeat(np.clip(pixels, 0, 255)[..., None], 3, 2).astype(np.uint8)


def saved(pixels):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


PHOTOS = {
    "made/a/1.png": ("made:a", "train", face(1, 1)),
    "made/a/2.png": ("made:a", "train", face(1, 2)),
    "made/a/3.png": ("made:a", "train", face(1, 3)),
    "made/a/wrong.png": ("made:a", "train", face(9, 1)),
    "made/b/1.png": ("made:b", "dev", face(2, 1)),
    "made/b/2.png": ("made:b", "dev", face(2, 2)),
    "made/b/copy.png": ("made:b", "dev", np.clip(face(2, 1) * 0.8 + 30, 0, 255).astype(np.uint8)),
    "made/c/1.png": ("made:c", "train", face(3, 1)),
    "made/c/2.png": ("made:c", "train", face(3, 2)),
    "made/also c/1.png": ("made:also c", "train", face(3, 4)),
    "made/d/1.png": ("made:d", "train", face(4, 1)),
    "made/d/2.png": ("made:d", "train", face(4, 2)),
    "made/t/1.png": ("made:t", "test", face(5, 1)),
    "made/t/wrong.png": ("made:t", "test", face(6, 2)),
    "made/u.png": ("", "train", face(7, 1)),
}


@pytest.fixture
def made(tmp_path):
    lines = ["set,file,person,split,age,gender,race"]
    with zipfile.ZipFile(tmp_path / "faces_made.zip", "w") as archive:
        for name, (person, split, pixels) in PHOTOS.items():
            archive.writestr(name.removeprefix("made/"), saved(pixels))
            lines.append(f"made,{name.removeprefix('made/')},{person},{split},,,")
    (tmp_path / "faces.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def findings(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["reason"], row["file"], row["other"]) for row in csv.DictReader(file)]


def clean(folder, **options):
    return clean_faces(
        folder, "fields", **{"out": folder / "cleaning.csv", "limits": Limits(), "apply": False} | options
    )


def test_what_was_planted_is_found(made, fields, monkeypatch):
    """A photo of another person, a brightened copy, a person under two names, a test person's photos; nothing else."""
    shown = np.stack([face(2, 1), face(4, 9), face(7, 9), face(8, 9)])[:, 8:120, 8:120]
    names = ("Nobody/1.jpg", "Test_Person/1.jpg", "Another/2.jpg", "Another/3.jpg")
    tests = TestCrops(shown, np.array([False, True, True, True]), names)
    monkeypatch.setattr(cleaning, "test_crops", lambda _: tests)
    said = clean(made, against=[made / "test.zip"])
    assert [
        (NOISE, "a/wrong.png", "made:a"),
        (DUPLICATE, "b/copy.png", "made/b/1.png"),
        (LOOK_ALIKE, "d/1.png", "Test_Person"),
        (LOOK_ALIKE, "d/2.png", "Test_Person"),
        (LOOK_ALIKE, "u.png", "Another/2.jpg"),
        (TWO_NAMES, "also c/1.png", "made:c"),
    ] == findings(made / "cleaning.csv")
    assert {"label_noise: 1 (made 1)", "near_duplicate: 1 (made 1)"} <= set(said.splitlines())
    assert {"test_lookalike: 3 (made 3)", "two_names: 1 (made 1)"} <= set(said.splitlines())
    assert fields.seen == len(PHOTOS) - 2 + 3


def test_a_test_person_under_a_number_goes_as_a_whole(made, fields, monkeypatch):  # noqa: ARG001 - the encoder
    """A person whose centre is a test person's is found with every photo, also those that alone resemble nobody."""
    tests = TestCrops(face(1, 30, noise=0)[None, 8:120, 8:120], np.array([True]), ("Test_Person/1.jpg",))
    monkeypatch.setattr(cleaning, "test_crops", lambda _: tests)
    pictures = load_faces(made)
    crops = np.asarray(pictures.pixels[:4, 8:120, 8:120])
    own, test = Fields().embed(crops[:3]), Fields().embed(tests.crops)[0]
    centre = np.vstack([own, Fields().embed(crops[3:])]).mean(0)
    single, whole = float((own @ test).max()), float(centre @ test / np.linalg.norm(centre))
    assert float(Fields().embed(crops[3:])[0] @ test) < 0.3 < min(single, whole)
    clean(made, against=[made / "test.zip"], limits=Limits(look_alike=min(single, whole) - 0.01))
    found = [
        file
        for reason, file, other in findings(made / "cleaning.csv")
        if (reason, other) == (LOOK_ALIKE, "Test_Person")
    ]
    assert ["a/1.png", "a/2.png", "a/3.png", "a/wrong.png"] == found


def test_applying_writes_another_manifest(made, fields):  # noqa: ARG001 - the encoder
    """The cleaned list lacks what was removed and keeps suspects and test rows; the old list is byte for byte there."""
    before = (made / "faces.csv").read_bytes()
    assert not (made / "faces-cleaned.csv").exists()
    said = clean(made, apply=True)
    assert before == (made / "faces.csv").read_bytes()
    kept = {f"made/{row['file']}" for row in read_manifest(made / "faces-cleaned.csv")}
    assert {"made/a/wrong.png", "made/b/copy.png"} == set(PHOTOS) - kept
    assert "13 crops, 2 fewer than faces.csv" in said
    assert 13 == len(load_faces(made / "faces-cleaned.csv"))


def test_without_apply_nothing_is_dropped(made, fields):  # noqa: ARG001 - the encoder
    """The list alone changes no manifest."""
    clean(made)
    assert {"cleaning.csv", "faces.csv", "faces_made.zip"} == {path.name for path in made.iterdir()}


def test_limits_move_what_is_found(made, fields):  # noqa: ARG001 - the encoder
    """Limits that nothing reaches find nothing; out of range they are refused."""
    strict = Limits(noise=-1, duplicate=1, name=1, look_alike=1)
    assert "0 findings" in clean(made, limits=strict)
    assert [] == findings(made / "cleaning.csv")
    with pytest.raises(SourceRefused, match="limit noise"):
        Limits(noise=20)


def test_a_missing_archive_is_one_line(made, fields):  # noqa: ARG001 - the encoder
    """The archive of test people must be there."""
    with pytest.raises(DataMissing, match="no such archive"):
        clean(made, against=[made / "nowhere.zip"])


def test_a_second_look_embeds_nothing(made, fields):
    """Vectors are kept: another limit is tried at once."""
    clean(made)
    assert len(PHOTOS) - 2 == fields.seen
    clean(made, limits=Limits(noise=0.1))
    assert len(PHOTOS) - 2 == fields.seen


@pytest.fixture
def people():
    """Sixty unit vectors of twenty people, some alone, some nobody's, two people alike, with generated thumbnails."""
    random = np.random.default_rng(3)
    labels = np.concatenate([random.integers(0, 20, 50), np.full(10, -1)])
    centres = random.normal(size=(20, 12))
    centres[7] = centres[3] + random.normal(0, 0.2, 12)
    vectors = np.where(labels[:, None] >= 0, centres[labels], 0) + random.normal(0, 0.5, (60, 12))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    thumbs = random.normal(size=(20, 28, 28))[labels] + random.normal(0, 0.25, (60, 28, 28))
    return vectors.astype(np.float32), labels, thumbs.astype(np.float32)


def test_leave_one_out_equals_a_loop(people):
    """Each photo against the mean of its person's others, computed one by one."""
    vectors, labels, _ = people
    expected = []
    for i, label in enumerate(labels):
        others = [vectors[j] for j in range(len(labels)) if j != i and labels[j] == label]
        centre = np.mean(others, 0) if others and label >= 0 else np.full(12, np.nan)
        expected.append(float(vectors[i] @ centre / np.linalg.norm(centre)))
    assert np.isnan(expected).any()
    assert np.allclose(expected, leave_one_out(vectors, labels), atol=1e-5, equal_nan=True)


def test_near_duplicates_equal_a_loop(people):
    """For each photo the least different earlier one of its person, where both limits are kept."""
    vectors, labels, thumbs = people
    expected = []
    for i in range(len(labels)):
        near = [
            (float(np.abs(thumbs[i] - thumbs[j]).mean()), j)
            for j in range(i)
            if labels[i] == labels[j] >= 0 and vectors[i] @ vectors[j] > 0.7
        ]
        if near and min(near)[0] < 0.29:
            expected.append((i, min(near)[1]))
    assert 0 < len(expected) < 40
    found = near_duplicates(vectors, labels, thumbs, cosine=0.7, difference=0.29)
    assert expected == [(twin.row, twin.of) for twin in found]
    assert all(np.isclose(twin.cosine, vectors[twin.row] @ vectors[twin.of]) for twin in found)


@pytest.mark.parametrize("block", [3, 1024])
def test_two_names_equal_a_loop(people, monkeypatch, block):
    """All pairs of people by the cosine of their centres, the most alike first, whatever the block."""
    monkeypatch.setattr("train.measure.suspects.BLOCK", block)
    vectors, labels, _ = people
    centres = {label: vectors[labels == label].mean(0) for label in set(labels.tolist()) - {-1}}
    pairs = [
        (a, b, float(x @ y / np.linalg.norm(x) / np.linalg.norm(y)))
        for a, x in centres.items() for b, y in centres.items() if a < b
    ]  # fmt: skip
    expected = sorted((pair for pair in pairs if pair[2] > 0.3), key=lambda pair: -pair[2])
    found = two_names(vectors, labels, 0.3)
    assert (3, 7) == found[0][:2]
    assert [pair[:2] for pair in expected] == [pair[:2] for pair in found]
    assert np.allclose([pair[2] for pair in expected], [pair[2] for pair in found], atol=1e-5)


def test_nearest_equals_a_loop(people, monkeypatch):
    """The best of all others for each vector, block by block; none for nobody."""
    monkeypatch.setattr("train.measure.suspects.BLOCK", 7)
    vectors, _, _ = people
    best, where = nearest(vectors[:20], vectors[20:])
    for i in range(20):
        cosines = [float(vectors[i] @ other) for other in vectors[20:]]
        assert (int(np.argmax(cosines)), pytest.approx(max(cosines), abs=1e-6)) == (where[i], best[i])
    assert (0, 0) == tuple(map(len, nearest(vectors[:0], vectors)))


def test_nobody_is_suspect_in_an_unlabelled_set(people):
    """Where no photo has a person, no function of persons finds or fails."""
    vectors, labels, thumbs = people
    nobody = np.full(len(labels), -1)
    assert np.isnan(leave_one_out(vectors, nobody)).all()
    assert [] == near_duplicates(vectors, nobody, thumbs, cosine=-1, difference=99)
    assert [] == two_names(vectors, nobody, -1)


def test_thumbnails_know_no_brightness():
    """A picture, darker and of less contrast, is the same thumbnail; a grey wall is all zero."""
    crop = np.random.default_rng(1).integers(60, 200, (1, 112, 112, 3)).astype(np.uint8)
    naive = np.array([[crop[0, y * 4 : y * 4 + 4, x * 4 : x * 4 + 4].mean() for x in range(28)] for y in range(28)])
    naive = (naive - naive.mean()) / naive.std()
    assert np.allclose(naive, thumbnail(crop)[0], atol=1e-4)
    assert np.abs(thumbnail(crop) - thumbnail((crop * 0.5 + 10).astype(np.uint8))).mean() < 0.02
    assert not thumbnail(np.full((1, 112, 112, 3), 90, np.uint8)).any()


def test_a_list_of_findings_replaces_no_other_file(tmp_path):
    """Where --out names a file that is no earlier list of findings, it is refused before any work, and stays."""
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8precious")
    with pytest.raises(OutUnwritten, match="was not written by this command"):
        clean_faces(tmp_path, "default", out=photo, limits=Limits(noise=0.2, name=0.6, look_alike=0.5), apply=False)
    assert b"\xff\xd8precious" == photo.read_bytes()
