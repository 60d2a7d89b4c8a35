"""Large galleries: who is enrolled, who is left as a stranger, and what the thresholds realise, against plain loops."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("faiss")

from enroll.registry import load_encoder
from train.data.pictures import Pictures
from train.errors import ManifestInvalid, RecipeInvalid
from train.measure import evaluation, large
from train.measure.large import Faces, Part, realised_large
from train.measure.protocols import TARGETS
from train.measure.testsets import TestCrops
from train.score.scoring import Scoring, unit

RANDOM = np.random.default_rng(4)
DIM = load_encoder("fast", threads=1).dim
LABELS = np.array([*np.repeat(np.arange(80), 3), *np.full(120, -1)])


@pytest.fixture
def faces():
    """Thirty people with two photos each and two hundred and ten with one, as two parts: all of them, or in halves."""
    people = np.concatenate([np.repeat(np.arange(30), 2), np.arange(30, 240)])
    vectors = unit(RANDOM.normal(size=(240, 24)))[people] + RANDOM.normal(0, 0.05, (len(people), 24))
    rows = np.arange(len(people))
    halves = Part("halves", rows[people < 120], rows[people >= 120])
    return Faces(Scoring(unit(vectors)), people, (Part("all", rows, rows), halves))


@pytest.fixture(scope="module")
def model():
    return load_encoder("fast", threads=1).card.score_model


def test_one_photo_each_of_people_with_and_without_a_second(faces):
    """Each run enrols as many people as asked with one photo each; nobody enrolled is a stranger."""
    for run in faces.draw(faces.parts[0], 100, runs=5, seed=1):
        enrolled = faces.people[run.enrolled]
        assert 100 == len(set(enrolled.tolist()))
        assert set(faces.people[run.mated].tolist()) <= set(enrolled.tolist())
        assert not set(run.enrolled.tolist()) & set(run.mated.tolist())
        assert set(range(240)) - set(enrolled.tolist()) == set(faces.people[run.strangers].tolist())
        assert len(faces.people) == len(run.enrolled) + len(run.mated) + len(run.strangers)
        assert (enrolled >= 30).any()


def test_strangers_of_their_own_are_all_there(faces):
    """Where strangers are other people than may be enrolled, each of them comes in every run."""
    for run in faces.draw(faces.parts[1], 50, runs=3, seed=1):
        assert list(range(120, 240)) == sorted(faces.people[run.strangers].tolist())
        assert (faces.people[run.enrolled] < 120).all()


def test_galleries_differ_from_run_to_run_but_not_from_call_to_call(faces):
    """The seed decides who is enrolled."""
    first, again = (list(faces.draw(faces.parts[0], 60, runs=2, seed=3)) for _ in range(2))
    assert first[0].enrolled.tolist() == again[0].enrolled.tolist()
    assert first[0].enrolled.tolist() != first[1].enrolled.tolist()


def test_realised_rates_equal_a_loop(faces, model):
    """Share of strangers' photos whose best score reaches the card's threshold for that size; none too few."""
    table = realised_large(faces, model, (60, 130, 200), runs=3, seed=2)
    assert [("all", 60), ("all", 130), ("halves", 60)] == list(
        dict.fromkeys((row["people"], row["enrolled"]) for row in table)
    )
    assert 3 * len(TARGETS) == len(table)
    assert [180, 110, 120] == [row["strangers"] for row in table[:: len(TARGETS)]]
    vectors = faces.scoring.vectors
    for row in table:
        part = next(part for part in faces.parts if part.name == row["people"])
        threshold, named = model.threshold(row["enrolled"], row["target"] / 100), []
        for run in faces.draw(part, row["enrolled"], runs=3, seed=2):
            named += [max(float(vectors[s] @ vectors[e]) for e in run.enrolled) >= threshold for s in run.strangers]
        assert 100 * np.mean(named) == pytest.approx(row["realised"])
        assert row["interval"][0] <= row["realised"] <= row["interval"][1]


def test_without_second_photos_no_misses_are_told(faces, model):
    """FNIR is no number where each person has one photo."""
    single = dataclasses.replace(faces, people=np.arange(len(faces.people)), parts=faces.parts[:1])
    assert all(np.isnan(row["fnir"]) for row in realised_large(single, model, (60,), runs=1))


def test_too_large_a_gallery_is_refused(faces, model):
    """A size that leaves too few strangers in every part is one line, not an empty table."""
    with pytest.raises(ManifestInvalid, match="fewer than 100"):
        realised_large(faces, model, (200, 5000))


@pytest.fixture
def measured(monkeypatch):
    """Development and test people by generated vectors of the shipped `fast`'s length."""
    vectors = unit(RANDOM.normal(size=(len(LABELS), DIM)))
    names = np.arange(len(LABELS)).astype(str)
    pixels, splits = np.zeros((len(LABELS), 1, 1, 3), np.uint8), np.full(len(LABELS), "dev")
    pictures = Pictures(pixels, LABELS, splits, names, tuple(map(str, range(80))))
    tested = tuple(f"x/t{n}/{n}.jpg" for n in range(150))
    crops = TestCrops(np.zeros((150, 1, 1, 3), np.uint8), np.arange(150) != 7, tested)
    monkeypatch.setattr(large, "kept_vectors", lambda _contender, _pictures, rows, *_: vectors[rows])
    monkeypatch.setattr(large, "test_crops", lambda _: crops)
    monkeypatch.setattr(
        "train.measure.protocols.kept_crops", lambda *_: unit(RANDOM.normal(size=(150, DIM))).astype(np.float32)
    )
    monkeypatch.setattr(evaluation, "load_pictures", lambda *_, **__: pictures)


@pytest.mark.usefixtures("measured")
def test_development_people_in_a_table_and_a_file(tmp_path, capsys):
    """Labelled people, unlabelled faces and all together; each unlabelled face is a person of its own."""
    rows = evaluation.evaluate_realised(["fast"], tmp_path, tmp_path, (15, 95))
    sizes = {(row["people"], row["enrolled"], row["strangers"]) for row in rows}
    expected = {
        ("development faces without one", 15, 105),
        ("all development faces", 15, 185),
        ("all development faces", 95, 105),
    }
    assert expected == sizes
    assert "FPIR realised in large galleries" in capsys.readouterr().out
    assert 1 + len(rows) == len((tmp_path / "realised.csv").read_text(encoding="utf-8").splitlines())


@pytest.mark.usefixtures("measured")
def test_test_people_are_strangers_to_development_faces(tmp_path):
    """Test people among themselves, and before development faces; a photo without a face is left out."""
    rows = evaluation.evaluate_realised(["fast"], tmp_path, tmp_path, (40, 180), people="test")
    sizes = {(row["people"], row["enrolled"], row["strangers"]) for row in rows}
    before = "development faces, strangers test people"
    assert {("test people", 40, 109), (before, 40, 149), (before, 180, 149)} == sizes


@pytest.mark.usefixtures("measured")
def test_a_network_without_a_card_is_refused(monkeypatch, tmp_path):
    """Without a score model there is no threshold to keep."""

    class Nameless:
        name = "peer"

    monkeypatch.setattr(evaluation, "open_contender", lambda *_, **__: Nameless())
    with pytest.raises(RecipeInvalid, match="card"):
        evaluation.evaluate_realised(["peer:0095"], tmp_path, tmp_path, (100,))
