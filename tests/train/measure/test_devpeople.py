"""Development people, for the ablation: the same galleries for everybody, clean, degraded and masked."""

import csv

import numpy as np
import pytest

from train.data.pictures import Pictures
from train.score.openset import draw_runs, figures, identify
from train.score.scoring import Scoring, unit

pytest.importorskip("faiss")

from train.measure import devpeople


class Patches:
    """A contender that looks at the means of sixteen patches."""

    name = digest = "patches"
    files = ()

    def embed(self, crops):
        means = crops.reshape(len(crops), 4, 28, 4, 28, 3).mean((2, 4)).reshape(len(crops), -1)
        return unit(means - means.mean(1, keepdims=True) + 1e-3)

    def scorings(self, vectors):
        return {"plain": Scoring(vectors)}


@pytest.fixture
def pictures():
    """Thirty development people with three photos in two sets, and unlabelled training photos."""
    random = np.random.default_rng(2)
    faces = random.integers(0, 256, (30, 1, 4, 4, 3)) + random.normal(0, 40, (30, 3, 4, 4, 3))
    others = random.integers(0, 256, (60, 4, 4, 3))
    small = np.clip(np.concatenate([faces.reshape(-1, 4, 4, 3), others]), 0, 255).astype(np.uint8)
    pixels = small.repeat(32, 1).repeat(32, 2)
    labels = np.concatenate([np.repeat(np.arange(30), 3), np.full(60, -1)])
    sets = np.concatenate([np.repeat(["lfw", "celeba"], 45), np.repeat("fairface", 60)])
    columns = {"set": sets, "age": np.full(150, "20-29"), "race": np.where(labels < 0, "Indian", "")}
    splits = np.repeat(["dev", "train"], [90, 60])
    return Pictures(pixels, labels, splits, np.arange(150).astype(str), tuple(map(str, range(30))), columns)


@pytest.fixture
def small_galleries(monkeypatch):
    monkeypatch.setattr(devpeople, "GALLERIES", {"all": 20, "lfw": 10})
    monkeypatch.setattr(devpeople, "RUNS", 4)


@pytest.mark.usefixtures("small_galleries")
def test_clean_plain_figures_are_those_of_fit(pictures):
    """The galleries are drawn as `fit` draws them for its own evaluation; LFW's part has its own."""
    people = devpeople.dev_people(pictures)
    rows = {(r["view"], r["score"], r["part"]): r for r in devpeople.measure_dev(Patches(), pictures, people)}
    vectors = Patches().embed(pictures.pixels[:90, 8:120, 8:120])
    runs = draw_runs(np.arange(90), pictures.labels[:90], gallery=20, runs=4, seed=devpeople.SEED)
    expected = figures(identify(vectors, pictures.labels[:90], runs))
    assert expected.rank1 == pytest.approx(rows["clean", "plain", "all"]["rank1"])
    assert expected.fnir[1] == pytest.approx(rows["clean", "plain", "all"]["fnir@0.3%"])
    assert 3 * 2 * 2 == len(rows)
    assert (people.runs["lfw"][0].strangers < 45).all()


@pytest.mark.parametrize("view", ["degraded", "masked"])
@pytest.mark.usefixtures("small_galleries")
def test_probes_alone_are_spoilt(pictures, view):
    """Enrolled photos stay as they are: a spoilt probe is compared with the clean photo, as a double loop does it."""
    people = devpeople.dev_people(pictures)
    found = devpeople.measure_dev(Patches(), pictures, people)
    actual = next(r for r in found if (r["view"], r["score"], r["part"]) == (view, "plain", "all"))
    clean = Patches().embed(pictures.pixels[:90, 8:120, 8:120])
    change = devpeople.VIEWS[view].change
    covered = Patches().embed(np.stack([change(pictures.pixels[row], row) for row in range(90)]))
    right = []
    for run in people.runs["all"]:
        for probe in run.mated:
            best = max(run.enrolled, key=lambda e, probe=probe: float(covered[probe] @ clean[e]))
            right.append(pictures.labels[best] == pictures.labels[probe])
    assert 100 * np.mean(right) == pytest.approx(actual["rank1"])


@pytest.mark.usefixtures("small_galleries")
def test_mirroring_averages_both_halves(pictures):
    """With `mirror` a vector is the mean of crop and mirrored crop."""
    rows = np.arange(5)
    crops = pictures.pixels[:5, 8:120, 8:120]
    expected = unit(Patches().embed(crops) + Patches().embed(crops[:, :, ::-1]))
    view = devpeople.VIEWS["clean"]
    assert np.allclose(expected, devpeople._vectors(Patches(), pictures, rows, view, mirror=True))


@pytest.mark.usefixtures("small_galleries")
def test_contenders_are_compared_on_development_people(pictures, monkeypatch, tmp_path, capsys):
    """Every view, part and scoring of both on the same people: a contender with spoilt vectors is worse."""
    from train.measure import evaluation

    class Spoilt(Patches):
        name = digest = "spoilt"

        def embed(self, crops):
            noise = np.random.default_rng(1).normal(0, 0.6, (len(crops), 48))
            return unit(super().embed(crops) + noise)

    monkeypatch.setattr(evaluation, "load_pictures", lambda *_, **__: pictures)
    monkeypatch.setattr(evaluation, "open_contender", lambda name, *_, **__: {"good": Patches, "bad": Spoilt}[name]())
    table = evaluation.evaluate_dev(["good", "bad"], tmp_path, tmp_path)
    with (tmp_path / "paired.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert 3 * 2 * 2 * 4 == len(rows)
    assert {("spoilt", "patches")} == {(row["encoder"], row["against"]) for row in rows}
    mine = {(r["protocol"], r["score"], r["figure"]): r for r in rows}["clean, all", "plain", "FNIR at FPIR 1.0%"]
    expected = [r["fnir@1.0%"] for r in table if (r["view"], r["score"], r["part"]) == ("clean", "plain", "all")]
    assert expected == pytest.approx([float(mine["reference"]), float(mine["value"])], abs=0.005)
    assert "worse" == mine["verdict"]
    assert "spoilt minus patches" in capsys.readouterr().out


@pytest.mark.usefixtures("small_galleries")
def test_mirror_images_are_compared_with_crops_alone(pictures, monkeypatch, tmp_path):
    """With `mirror` one contender is measured both ways, and what averaging changes has an interval."""
    from train.measure import evaluation

    monkeypatch.setattr(evaluation, "load_pictures", lambda *_, **__: pictures)
    monkeypatch.setattr(evaluation, "open_contender", lambda *_, **__: Patches())
    table = evaluation.evaluate_dev(["patches"], tmp_path, tmp_path, mirror=True)
    plain = devpeople.measure_dev(Patches(), pictures, devpeople.dev_people(pictures))
    assert plain == [{k: v for k, v in row.items() if k != "encoder"} for row in table if row["encoder"] == "patches"]
    assert len(plain) == sum(row["encoder"] == "patches + mirror" for row in table)
    with (tmp_path / "paired.csv").open(encoding="utf-8", newline="") as file:
        assert {("patches + mirror", "patches")} == {(row["encoder"], row["against"]) for row in csv.DictReader(file)}


def test_the_csv_is_complete(tmp_path):
    """One line a row, figures with two decimals."""
    rows = [{"encoder": "a", "view": "clean", "rank1": 99.123}, {"encoder": "b", "view": "clean", "rank1": 1.0}]
    devpeople.save_csv(tmp_path / "dev.csv", rows)
    with (tmp_path / "dev.csv").open(encoding="utf-8", newline="") as file:
        assert [["encoder", "view", "rank1"], ["a", "clean", "99.12"], ["b", "clean", "1.00"]] == list(csv.reader(file))
