"""The protocols against plain loops, on generated people."""

import json

import numpy as np
import pytest

from enroll.registry import load_encoder
from train.data.pictures import Pictures
from train.measure.protocols import ATT_FPIRS, Embedded, Measured, at_threshold, att, pair_scores
from train.measure.testsets import TestCrops
from train.score.groups import Crowd, crowd_groups, fmr_threshold, group_rates
from train.score.openset import Outcome
from train.score.scoring import Scoring, unit

RANDOM = np.random.default_rng(5)
DIM = load_encoder("fast", threads=1).dim


def embedded(people, vectors, offsets=None, lost=()):
    names = tuple(f"x/{person}/{number}.pgm" for number, person in enumerate(people))
    found = np.ones(len(names), bool)
    found[list(lost)] = False
    crops = TestCrops(np.zeros((len(names), 1, 1, 3), np.uint8), found, names)
    return Embedded(crops, vectors, {"plain": Scoring(vectors, offsets)})


@pytest.fixture(scope="module")
def orl():
    """Forty people with ten photos each, as AT&T names them; noisy enough for mistakes; one photo without a face."""
    people = [f"s{person}" for person in range(1, 41) for _ in range(10)]
    centres = RANDOM.normal(size=(40, 12))
    vectors = unit(np.repeat(centres, 10, 0) + RANDOM.normal(0, 0.8, (400, 12)))
    return embedded(people, vectors, lost=[305])


def test_att_equals_loops(orl):
    """People 31-40 enrolled with one photo in ten runs, the rest mated; 1-30 strangers: rank 1 and FNIR."""
    vectors, mated, strangers = orl.vectors, [], []
    for run in range(10):
        enrolled = [300 + 10 * person + run for person in range(10)]
        for probe in range(400):
            usable = [e for e in enrolled if e != 305]
            values = {e: float(vectors[probe] @ vectors[e]) for e in usable}
            best = max(values, key=values.get)
            if probe < 300:
                strangers.append(values[best])
            elif probe not in enrolled:
                mated.append((values[best] if probe != 305 else -9, best // 10 == probe // 10 and probe != 305))
    expected = {}
    for fpir in ATT_FPIRS:
        threshold = sorted(strangers, reverse=True)[int(fpir * len(strangers))]
        expected[f"{fpir:.1%}"] = 100 * (1 - np.mean([right and score > threshold for score, right in mated]))
    actual = att(orl, "plain")
    assert expected == pytest.approx(actual["fnir"])
    assert 100 * np.mean([right for _, right in mated]) == pytest.approx(actual["rank1"])
    assert 0 < actual["fnir"]["1.0%"] <= actual["fnir"]["0.3%"]
    assert 1 == actual["not_found"]


def test_shares_at_a_threshold():
    """Strangers at or above it are named; mated probes below it, or not first, are missed."""
    outcome = Outcome(
        np.array([0.9, 0.4, 0.6, 0.5]),
        np.array([True, True, False, True]),
        np.array([0.5, 0.1, 0.7, 0.2]),
        np.arange(4),
        np.arange(4),
    )
    found = at_threshold(outcome, 0.5)
    assert (50.0, 50.0) == (found["fpir"], found["fnir"])
    assert found["fpir_interval"][0] <= 50 <= found["fpir_interval"][1]


def test_a_pair_without_a_face_scores_lowest():
    """Offsets count half each; a missing face is below every score."""
    vectors = np.eye(3)
    pairs = np.array([[0, 0], [0, 1], [1, 2]])
    values = pair_scores(embedded("abc", vectors, np.array([0.2, 0.4, 0.0]), lost=[2]), pairs, "plain")
    assert [0.8, -0.3, -9.0] == pytest.approx(values.tolist())


def test_a_pair_without_a_vector_scores_lowest():
    """A vector of NaN is as good as no face: a mated pair of it is a miss, and no threshold is lost to it."""
    vectors = np.array([[1.0, 0.0], [np.nan, np.nan], [0.0, 1.0]])
    values = pair_scores(embedded("abc", vectors), np.array([[0, 0], [0, 1], [1, 2]]), "plain")
    assert [1.0, -9.0, -9.0] == values.tolist()


@pytest.fixture
def crowd():
    """Two sets of unlabelled training and development photos, children and adults; the crops carry a colour of each."""
    count = 400
    pixels = np.zeros((count, 128, 128, 3), np.uint8)
    pixels[:] = RANDOM.integers(0, 256, (count, 1, 1, 3))
    columns = {
        "set": np.repeat(["fairface", "aaf"], count // 2),
        "age": np.array(["3-9", "20-29", "30-39", "40-49"] * (count // 4)),
        "gender": np.array(["Male", "Female"] * (count // 2)),
        "race": np.where(np.arange(count) < count // 2, "Black", ""),
    }
    splits = np.array(["train", "train", "train", "dev"] * (count // 4))
    splits[: count // 8] = "dev"
    return Pictures(pixels, np.full(count, -1), splits, np.arange(count).astype(str), (), columns)


class Colours:
    """A contender that takes a picture's colour for a face."""

    name = digest = "colours"
    files = ()

    def embed(self, crops):
        return unit(crops.reshape(len(crops), -1, 3).mean(1) - 127 + np.array([0.1, 0.2, 0.3]))

    def scorings(self, vectors):
        return {"plain": Scoring(vectors)}


def test_group_rates_equal_loops(crowd):
    """The share of pairs inside a group that reach the threshold, as multiples of 1e-4."""
    rows = crowd.rows("dev")
    vectors = Colours().embed(crowd.pixels[rows])
    groups = crowd_groups(crowd, rows)
    rates = group_rates(Scoring(vectors), groups, 0.5)
    for name, member in groups.items():
        own = np.flatnonzero(member)
        values = [vectors[a] @ vectors[b] >= 0.5 for i, a in enumerate(own) for b in own[i + 1 :]]
        assert np.mean(values) * 1e4 == pytest.approx(rates[name]["times"])


def test_a_set_left_out_gives_the_cohort_nothing(crowd, monkeypatch):
    """Photos of the set left out come into no centroid, clean or degraded, and its groups alone are told."""
    pytest.importorskip("faiss")
    from train.measure import left_out as leftout

    used = []
    monkeypatch.setattr(leftout, "cohort_of", lambda rows, vectors, strata: _note(used, vectors, strata))  # noqa: ARG005
    monkeypatch.setattr(leftout, "camera_centroids", lambda seen: seen[:30])
    rows = crowd.rows("dev")
    vectors = Colours().embed(crowd.pixels[rows])
    groups = crowd_groups(crowd, rows)
    lfw = embedded([str(n) for n in range(len(rows))], vectors)
    measured = Measured(lfw, lfw, Crowd(vectors, {"plain": Scoring(vectors)}, groups), {}, [], rows, rows)
    found = leftout.left_out(Colours(), measured, crowd)
    assert ["fairface", "aaf"] == list(found)
    for name, without in (("fairface", used[1]), ("aaf", used[2])):
        assert without
        assert name not in set(crowd.columns["set"][np.array(without)])
        assert all(group.startswith(name) for group in found[name]["without it"]["groups"])
    assert set(crowd.columns["set"][np.array(used[0])]) == {"fairface", "aaf"}


def _note(used, vectors, strata):
    used.append([int(row) for rows, _ in strata for row in rows])
    return vectors[:30]


def test_the_limit_is_that_of_one_in_ten_thousand():
    """The score that a share of 1e-4 of comparisons between different people reaches."""
    vectors = unit(np.random.default_rng(1).normal(size=(300, 8)))
    limit = fmr_threshold(Scoring(vectors), np.arange(300), np.arange(300))
    table = vectors @ vectors.T
    assert 9 <= (table[~np.eye(300, dtype=bool)] >= limit).sum() <= 11


def test_reports_print(tmp_path):
    """Every table takes what the protocols give, encoders with and without card, threshold or ratio."""
    pytest.importorskip("rich")
    from rich.console import Console

    from train.files import save_json
    from train.measure import report as facereport

    plain = {
        "P1": {"rank1": {"value": 99.0}, "fnir": {f"{f}%": {"value": 1.0, "interval": [0.5, 2.0]} for f in (1, 2, 3)}},
        "P2": {"accuracy": 99.0},
        "P3": {"rank1": 100.0, "fnir": {"1.0%": 0.0, "0.3%": 1.1}, "auc": 1.0},
        "P4": {"aaf, adults": {"photos": 3, "pairs": 3, "times": 2.0}},
    }
    shares = {"fpir": 1.0, "fpir_interval": [0.0, 2.0], "fnir": 3.0, "fnir_interval": [1.0, 4.0]}
    left = {how: {"groups": plain["P4"]} for how in ("with it", "without it")}
    results = [
        {"name": "one", "N": 394, "plain": plain, "cosine": plain, "P5": {"embed_ms": 1.0, "file_mb": 2.0}},
        {
            "name": "two",
            "N": 394,
            "plain": plain,
            "with cohort": plain,
            "default threshold": shares | {"says": "x"},
            "P5": {"embed_ms": 1.0, "embed_ms_best": 1.0, "ratio": 0.5, "file_mb": 2.0, "memory_mb": 9.0},
            "P4 left out": {"aaf": left},
            "realised": [{"enrolled": 50, "target": 0.1, "realised": 0.1, "interval": [0, 1], "fnir": 1.0}],
        },
    ]
    save_json(tmp_path / "metrics.json", results)
    assert results == json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    console = Console(width=200, record=True, quiet=True)
    with console.capture() as _:
        for table in facereport.tables(results):
            console.print(table)
    titles = [str(table.title) for table in facereport.tables(results)]
    assert 7 == len(titles)


@pytest.fixture
def generated(monkeypatch, tmp_path):
    """`eval` on generated vectors: 40 people with three photos each as LFW's, AT&T's and the crowd."""
    matplotlib = pytest.importorskip("matplotlib")
    assert matplotlib
    from train.measure import evaluation
    from train.score.openset import draw_runs

    people = np.repeat([f"p{n:02}" for n in range(40)], 3)
    random = np.random.default_rng(8)

    def measure(contender, folder, pictures):  # noqa: ARG001 - the signature of what it stands for
        vectors = unit(np.repeat(random.normal(size=(40, DIM)), 3, 0) + random.normal(0, 2.5, (120, DIM)))
        vectors = vectors.astype(np.float32)
        crops = TestCrops(np.zeros((120, 8, 8, 3), np.uint8), np.ones(120, bool), tuple(f"{p}/x.jpg" for p in people))
        lfw = Embedded(crops, vectors, contender.scorings(vectors))
        runs = draw_runs(np.arange(120), lfw.labels, gallery=30, runs=2, seed=1)
        names = tuple(f"s{n // 10 + 1}/{n % 10}.pgm" for n in range(400))
        faces = unit(np.repeat(random.normal(size=(40, DIM)), 10, 0)).astype(np.float32)
        orl = Embedded(TestCrops(np.zeros((400, 8, 8, 3), np.uint8), np.ones(400, bool), names), faces, {})
        orl = Embedded(orl.crops, faces, contender.scorings(faces))
        crowd = Crowd(vectors, contender.scorings(vectors), {"aaf, adults": np.arange(120) % 3 == 0})
        pairs = np.array([[n, n + 1] for n in range(0, 117, 3)] + [[n, n + 3] for n in range(0, 117, 3)])
        outcomes = {how: lfw.identify(runs, how) for how in lfw.scorings}
        return Measured(lfw, orl, crowd, outcomes, runs, pairs, np.repeat([True, False], 39))

    monkeypatch.setattr(evaluation, "measure", measure)
    monkeypatch.setattr(evaluation, "load_pictures", lambda *_, **__: None)
    monkeypatch.setattr("train.measure.protocols.SIZES", (20,))
    monkeypatch.setattr(evaluation, "cost", lambda *_: {"embed_ms": 1.0, "file_mb": 2.0})
    return tmp_path


def test_a_whole_evaluation(generated, capsys):
    """Tables on stdout, figures in metrics.json and the card, plots and sheets; thresholds as each one ships them."""
    import shutil

    from enroll.registry import MODELS
    from train.measure.evaluation import evaluate_all

    folder = shutil.copytree(MODELS / "fast", generated / "encoder")
    shutil.copy(folder / "encoder.onnx", generated / "0095.onnx")
    names = [str(folder), str(generated / "0095.onnx")]
    evaluate_all(names, generated, generated / "out", record=True)
    ours, peer = json.loads((generated / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert 30 == ours["N"]
    assert "target FPIR 0.3%" == ours["default threshold"]["says"]
    assert peer["default threshold"]["threshold"] == pytest.approx(0.4)
    assert "with cohort" not in peer
    assert ours == json.loads((folder / "card.json").read_text(encoding="utf-8"))["figures"]
    assert "P1 at the threshold that each one ships" in capsys.readouterr().out
    made = {file.name for file in (generated / "out").iterdir()}
    assert {"det.png", "roc.png", "missed-0095.png", f"named-{ours['name']}.png", "scores-0095.png"} <= made


@pytest.mark.parametrize(("against", "reference"), [(None, "fast"), ("0095", "0095")])
def test_contenders_are_compared(generated, capsys, against, reference):
    """The reference is the first or the one named; table, metrics.json and paired.csv tell the same differences."""
    import csv
    import shutil

    from enroll.registry import MODELS
    from train.measure.evaluation import evaluate_all

    given = {"fast": str(MODELS / "fast"), "0095": str(generated / "0095.onnx")}
    shutil.copy(MODELS / "fast" / "encoder.onnx", given["0095"])
    results = evaluate_all([*given.values()], generated, generated / "out", against=given.get(against))
    kept = json.loads((generated / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert results == kept
    base, other = results if reference == "fast" else results[::-1]
    assert "paired" not in base
    rows = other["paired"]["differences"]
    assert {(other["name"], base["name"])} == {(row["encoder"], row["against"]) for row in rows}
    assert {"P1": 4, "P2": 2, "P3": 3} == {
        name: sum(row["protocol"] == name and row["score"] == "plain" for row in rows) for name in ("P1", "P2", "P3")
    }
    for row in rows[:4]:
        values = [each["plain"]["P1"] for each in (base, other)]
        name = row["figure"].removeprefix("FNIR at FPIR ")
        pair = [v["rank1"]["value"] if name == "rank 1" else v["fnir"][name]["value"] for v in values]
        assert pair == pytest.approx([row["reference"], row["value"]])
    assert results[1]["plain"]["P2"]["accuracy"] == pytest.approx(
        rows[4]["value" if base is results[0] else "reference"]
    )
    with (generated / "out" / "paired.csv").open(encoding="utf-8", newline="") as file:
        assert [row["verdict"] for row in rows] == [row["verdict"] for row in csv.DictReader(file)]
    assert f"{other['name']} minus {base['name']}" in capsys.readouterr().out


def test_one_contender_is_compared_with_nobody(generated, capsys):
    """Alone it has no difference, and no file says so."""
    from enroll.registry import MODELS
    from train.measure.evaluation import evaluate_all

    (report,) = evaluate_all([str(MODELS / "fast")], generated, generated / "out")
    assert "paired" not in report
    assert not (generated / "out" / "paired.csv").exists()
    assert " minus " not in capsys.readouterr().out


def test_the_same_encoder_twice_is_told_apart_by_its_argument(generated):
    """Two files of one name are two contenders, and equal files differ by nothing only where vectors do."""
    import shutil

    from enroll.registry import MODELS
    from train.measure.evaluation import evaluate_all

    names = []
    for folder in ("a", "b"):
        (generated / folder).mkdir()
        names.append(str(shutil.copy(MODELS / "fast" / "encoder.onnx", generated / folder / "same.onnx")))
    first, second = evaluate_all(names, generated, generated / "out")
    assert "paired" not in first
    assert {(f"same ({names[1]})", f"same ({names[0]})")} == {
        (row["encoder"], row["against"]) for row in second["paired"]["differences"]
    }


def test_differences_print():
    """Signed differences and intervals, minus zero as plus zero, a word for each; a table for each contender."""
    from rich.console import Console

    from train.measure import report as facereport

    row = {"encoder": "fast", "against": "default", "protocol": "P1", "score": "plain", "figure": "rank 1"}
    row |= {"reference": 99.0, "value": 99.5, "difference": 0.5, "low": -0.001, "high": 1.0}
    rows = [row | {"verdict": "no difference shown"}, row | {"encoder": "slow", "verdict": "better"}]
    found = facereport.difference_tables(rows)
    assert 2 == len(found)
    console = Console(width=200)
    with console.capture() as printed:
        console.print(found[0])
    text = printed.get()
    for expected in ("fast minus default", "99.00", "99.50", "+0.50", "+0.00 to +1.00", "no difference shown"):
        assert expected in text


@pytest.mark.parametrize(
    "flags",
    [
        ["--people", "dev", "--record"],
        ["--mirror"],
        ["--people", "all"],
        ["--against", "default"],
        ["--against", "fast"],
        ["default", "--against", "peer:pair"],
        ["--realised", "0"],
        ["--realised", "1000", "--record"],
        ["--realised", "1000", "--people", "dev", "--mirror"],
    ],
)
def test_flags_that_do_not_go_together_are_refused(flags):
    """Before any work, with exit code 2."""
    from typer.testing import CliRunner

    from train.cli import app

    assert 2 == CliRunner().invoke(app, ["eval", "fast", *flags]).exit_code
