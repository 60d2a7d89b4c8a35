"""Cross-validation over people: who is left out when, what is never read, and how it goes on."""

import csv

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from PIL import Image  # noqa: E402 - after the skip
from typer.testing import CliRunner  # noqa: E402

from train.cli import app  # noqa: E402
from train.data.filetree import FileTree  # noqa: E402
from train.errors import CheckpointRefused, RecipeInvalid  # noqa: E402
from train.fit import loop  # noqa: E402
from train.recipe import load_recipe  # noqa: E402
from train.workbench.crossvalidation import Fold, Plan, cross_validate, read_people, summary  # noqa: E402

RECIPE = """
name = "made"
task = "pairs"
seed = 5
device = "cpu"
[data]
kind = "att"
side = 16
dev = [5, 6]
test = [7, 8]
[model]
kind = "small-face"
dim = 4
widths = [4, 4, 8, 8]
[[stage]]
name = "contrastive"
steps = 4
lr = 0.01
samples = [{ kind = "classes", classes = 2, pictures = 2 }]
losses = [{ kind = "contrastive-batch" }]
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Eight generated people with four photos each, s7 and s8 of them for the test."""
    folder = tmp_path_factory.mktemp("people")
    random = np.random.default_rng(1)
    for number in range(1, 9):
        own = folder / "att_faces" / f"s{number}"
        own.mkdir(parents=True)
        face = random.integers(40, 215, (16, 16))
        for photo in range(4):
            noisy = np.clip(face + random.normal(0, 20, face.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(own / f"{photo}.png")
    return folder


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "made.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def crossvalidated(recipe, data, out, *more):
    """What the command line does, in this process."""
    called = ["crossvalidate", str(recipe), "--data", str(data), "--out", str(out), "--folds", "3", *more]
    result = CliRunner().invoke(app, called)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert 0 == result.exit_code, result.output
    with (out / "crossvalidation.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file)), result.stdout


def test_everyone_is_left_out_once_and_test_people_are_never_read(recipe, data, tmp_path, monkeypatch):
    """Each fold leaves out others, by every seed the same; no photo of a test person is opened in all of it."""
    opened, read = set(), FileTree.read
    monkeypatch.setattr(FileTree, "read", lambda tree, name: (opened.add(name.split("/")[0]), read(tree, name))[1])
    rows, told = crossvalidated(recipe, data, tmp_path / "out", "--seed", "1", "--seed", "2")
    assert {f"s{number}" for number in range(1, 7)} == opened
    assert [("1", "1"), ("2", "1"), ("3", "1"), ("1", "2"), ("2", "2"), ("3", "2")] == [
        (row["fold"], row["seed"]) for row in rows
    ]
    for own in (rows[:3], rows[3:]):
        assert sorted(opened) == sorted(name for row in own for name in row["left out"].split())
    assert {("16", "12", "16")} == {(r["training pictures"], r["mated"], r["non-mated"]) for r in rows}
    mean = np.mean([float(row["ROC-AUC"]) for row in rows])
    assert f"ROC-AUC {mean:.4f}, " in told or f"ROC-AUC {mean + 1e-5:.4f}, " in told
    assert "over 3 folds and " in told
    assert told.strip() == (tmp_path / "out" / "crossvalidation.md").read_text(encoding="utf-8").strip()


def test_fewer_people_are_a_range(recipe, data, tmp_path):
    """--people takes part of those before the test people, and nobody else."""
    with pytest.raises(RecipeInvalid, match="3 folds need 6 classes or more, got 5"):
        crossvalidated(recipe, data, tmp_path / "out", "--people", "2-6")
    rows, _ = crossvalidated(recipe, data, tmp_path / "out", "--people", "1-6", "--folds", "2")
    assert {f"s{number}" for number in range(1, 7)} == {name for row in rows for name in row["left out"].split()}


@pytest.mark.parametrize("people", ["1-7", "8-9", "1-40"])
def test_test_people_are_refused(recipe, data, tmp_path, people):
    """A range that reaches into the recipe's test people is one clear error before a photo is read."""
    with pytest.raises(RecipeInvalid, match="reach into the test people 7-8"):
        crossvalidated(recipe, data, tmp_path / "out", "--people", people)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["30", "1-", "-30", "30-1", "0-4", "1-x", ""])
def test_people_are_two_numbers(text):
    """Anything but FIRST-LAST is told with an example."""
    with pytest.raises(RecipeInvalid, match="such as 1-30"):
        read_people(text)
    assert (1, 30) == read_people("1-30")


def test_a_killed_one_goes_on(recipe, data, tmp_path, monkeypatch):
    """Killed in the second fold and started again, it trains no finished fold anew and ends with the same table."""
    whole, _ = crossvalidated(recipe, data, tmp_path / "whole")
    one_step, done = loop.StageRun._one_step, []

    def counted(run):
        done.append(run.step)
        if len(done) == 7:
            raise KeyboardInterrupt
        return one_step(run)

    monkeypatch.setattr(loop.StageRun, "_one_step", counted)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(load_recipe(recipe), tmp_path / "killed", data, Plan(3, (5,)))
    assert whole == crossvalidated(recipe, data, tmp_path / "killed")[0]
    assert [0, 1, 2, 3] * 2 == done[7:]


def test_another_recipe_is_refused_in_the_same_folder(recipe, data, tmp_path):
    """Folds of another recipe, or of another cut, are not mixed into a table."""
    crossvalidated(recipe, data, tmp_path / "out")
    with pytest.raises(CheckpointRefused, match="another recipe or another cut"):
        crossvalidated(recipe, data, tmp_path / "out", "--folds", "2")
    recipe.write_text(RECIPE.replace("lr = 0.01", "lr = 0.02"), encoding="utf-8")
    with pytest.raises(CheckpointRefused, match="another recipe or another cut"):
        crossvalidated(recipe, data, tmp_path / "out")


def test_the_spread_is_that_of_folds_and_of_seeds():
    """Standard deviations are taken over the means of folds and over the means of seeds, each from n - 1."""
    found = [
        Fold(number, seed, (), 1, 1, 1, auc, 0.0, 1.0)
        for number, seed, auc in ((1, 1, 0.90), (2, 1, 0.98), (1, 2, 0.94), (2, 2, 0.98))
    ]
    assert "ROC-AUC 0.9500, standard deviation 0.0424 over 2 folds and 0.0141 over 2 seeds" == summary(found)
    assert "ROC-AUC 0.9400, standard deviation 0.0566 over 2 folds" == summary(found[:2])


def test_other_data_are_cut_by_class(data, tmp_path):
    """A folder a class is cut in the same way, without the pictures that its recipe tests on; people have no number."""
    path = tmp_path / "made.toml"
    path.write_text(
        RECIPE.replace(
            'kind = "att"\nside = 16\ndev = [5, 6]\ntest = [7, 8]',
            'kind = "folder"\npath = "att_faces"\nside = 16\ngrey = true\nby = "classes"\ndev = 0.25\ntest = 0.25',
        ),
        encoding="utf-8",
    )
    rows, _ = crossvalidated(path, data, tmp_path / "out")
    assert 6 == len({name for row in rows for name in row["left out"].split()})
    with pytest.raises(RecipeInvalid, match="have no numbers in data of kind folder"):
        crossvalidated(path, data, tmp_path / "out", "--people", "1-6")
