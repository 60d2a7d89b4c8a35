"""Whole runs of the workbench on generated pictures: resume, reports, comparison, ensembles, mining, recipes."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
pytest.importorskip("timm")

from PIL import Image  # noqa: E402 - after the skip
from typer.testing import CliRunner  # noqa: E402

from train.cli import app, shipped  # noqa: E402
from train.errors import DataMissing, RecipeInvalid  # noqa: E402
from train.fit import loop  # noqa: E402
from train.nets import models  # noqa: E402
from train.recipe import Model, load_recipe  # noqa: E402
from train.workbench import compare, plots, towers  # noqa: E402
from train.workbench import report as runreport  # noqa: E402
from train.workbench.plots import Curve  # noqa: E402
from train.workbench.report import read_log, read_metrics  # noqa: E402
from train.workbench.run import fit_workbench, open_run  # noqa: E402
from train.workbench.task import cluster_pictures  # noqa: E402

RECIPES = Path(__file__).resolve().parents[3] / "train" / "recipes"
WORKBENCH = (
    "att-contrastive", "att-ensemble", "att-clusters", "digits-siamese", "cifar-siamese", "cifar-mnist-siamese",
    *sorted(path.stem for kind in ("faces", "objects") for path in RECIPES.glob(f"{kind}-*.toml")),
)  # fmt: skip

HEAD = """
name = "made"
task = "{task}"
seed = 5
device = "cpu"
[data]
kind = "folder"
side = 28
grey = true
by = "{by}"
dev = 0.25
test = 0.25
[evaluate]
distance = "{distance}"
points = 60
dev_points = 60
"""
SIAMESE = '[model]\nkind = "siamese"\ndim = 4\nrelu = true\nwidths = [4, 8, 8, 8]\n'
CONTRASTIVE = """
[[stage]]
name = "contrastive"
steps = {steps}
lr = 0.01
evaluate_every = 4
samples = [{{ kind = "pairs", count = 64, size = 8 }}]
losses = [{{ kind = "contrastive", margin = 2.0 }}]
"""
MINED = """
[[stage]]
name = "mined"
steps = 8
lr = 0.003
samples = [{ kind = "mined-triplets", count = 40, size = 6, nearest = 5 }]
losses = [{ kind = "triplet", mining = "given" }]
"""


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """Eight generated classes with twelve pictures each, and one damaged file."""
    folder = tmp_path_factory.mktemp("tree")
    random = np.random.default_rng(1)
    for name in range(8):
        pattern = random.integers(0, 256, (7, 7)).repeat(4, 0).repeat(4, 1)
        (folder / f"class{name}").mkdir()
        for i in range(12):
            noisy = np.clip(pattern + random.normal(0, 40, pattern.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / f"class{name}" / f"{i}.png")
    (folder / "class0" / "broken.png").write_bytes(b"")
    return folder


def recipe_file(folder, *, task="pairs", by="pictures", distance="euclidean", model=SIAMESE, stages=None):
    path = folder / "made.toml"
    stages = stages or CONTRASTIVE.format(steps=12)
    path.write_text(HEAD.format(task=task, by=by, distance=distance) + model + stages, encoding="utf-8")
    return path


def ran(path, tree, out):
    """What the command line does, in this process."""
    result = CliRunner().invoke(app, ["fit", str(path), "--data", str(tree), "--out", str(out)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert 0 == result.exit_code, result.output
    return read_metrics(out)


@pytest.fixture(scope="session")
def contrastive_run(tree, tmp_path_factory):
    """One finished run, for the tests that only read it."""
    folder = tmp_path_factory.mktemp("runs")
    ran(recipe_file(folder), tree, folder / "contrastive")
    return folder / "contrastive"


@pytest.fixture
def no_plots(monkeypatch):
    """Runs without their plots, for tests that look at figures alone."""
    monkeypatch.setattr(runreport, "_figures", lambda *_: {})


@pytest.fixture(scope="session")
def unbroken_run(tree, tmp_path_factory):
    """A run of two stages, the second on mined triplets, that nobody interrupted; its recipe saves at every step."""
    folder = tmp_path_factory.mktemp("unbroken")
    stages = CONTRASTIVE.format(steps=8) + MINED
    path = recipe_file(folder, stages=stages)
    path.write_text("checkpoint_minutes = 0.0\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runreport, "_figures", lambda *_: {})
        ran(path, tree, folder / "run")
    return path, folder / "run"


def test_a_run_leaves_everything(contrastive_run):
    """Plots, sheet, page, figures, weights, log and recipe are in one folder."""
    names = {path.name for path in contrastive_run.iterdir()}
    wanted = {"loss", "rate", "distances", "roc", "det", "confusion", "map", "mistakes"}
    assert {f"{name}.png" for name in wanted} <= names
    assert {"report.html", "metrics.json", "model.pt", "log.csv", "recipe.toml", "trials.npz"} <= names
    for name in wanted:
        with Image.open(contrastive_run / f"{name}.png") as picture:
            assert min(picture.size) > 300


def test_figures_add_up(contrastive_run):
    """The confusion sums to the points asked, half of them mated; the left-out file is counted, chance stated."""
    metrics = read_metrics(contrastive_run)
    figures = metrics["figures"]
    assert [30, 30] == [sum(row) for row in figures["confusion"]]
    assert pytest.approx(sum(figures["confusion"][i][i] for i in range(2)) / 60) == figures["accuracy"]
    assert 0.5 == figures["chance"]
    assert ["class0/broken.png"] == [item["name"] for item in metrics["data"]["left_out"]]
    assert "validation" in figures["threshold"]["how"]
    assert 96 == sum(metrics["data"]["pictures"].values())


@pytest.mark.usefixtures("no_plots")
def test_people_are_identified(tree, tmp_path):
    """Where classes are people the run tells rank 1, in figures, page and comparison; elsewhere it does not."""
    path = recipe_file(tmp_path)
    text = path.read_text(encoding="utf-8").replace('kind = "folder"', 'kind = "identities"\nplaces = ["."]', 1)
    path.write_text(text.replace('by = "pictures"\n', ""), encoding="utf-8")
    found = ran(path, tree, tmp_path / "people")["figures"]["identification"]
    assert (2, 22, 0.5) == (found["people"], found["probes"], found["chance"])
    assert 0.5 < found["rank1"] <= 1
    assert "22 pictures are nearest to their own person" in (tmp_path / "people" / "report.html").read_text("utf-8")
    lines = compare.row("people", read_metrics(tmp_path / "people"))
    assert f"{found['rank1']:.1%} of 22 among 2" == lines["rank 1"]


def test_things_are_not_identified(contrastive_run):
    """Classes that are no people have no rank 1."""
    assert read_metrics(contrastive_run)["figures"]["identification"] is None
    assert not compare.row("things", read_metrics(contrastive_run))["rank 1"]


def test_it_learns(contrastive_run):
    """Generated classes are told apart far better than by chance after a few steps."""
    assert read_metrics(contrastive_run)["figures"]["roc_auc"] > 0.8


def test_the_page_asks_nothing_of_the_network(contrastive_run):
    """Every picture is inside the page, nothing is fetched, and each has a text for those who cannot see it."""
    page = (contrastive_run / "report.html").read_text(encoding="utf-8")
    assert 8 == len(re.findall(r'<img src="data:image/png;base64,', page))
    assert [] == re.findall(r'(?:src|href)="(?!data:)', page)
    assert 8 == len(re.findall(r'alt="[^"]{5,}"', page))
    assert "http" not in re.sub(r"base64,[^\"]*", "", page)


@pytest.mark.parametrize("die_at", [5, 13])
@pytest.mark.usefixtures("no_plots")
def test_a_killed_run_ends_with_the_same_figures(tree, tmp_path, unbroken_run, monkeypatch, die_at):
    """Killed in the first or in the mined second stage and started again, a run ends with every figure as unbroken."""
    path, whole = unbroken_run
    steps = iter(range(1000))
    one_step = loop.StageRun._one_step

    def dying(self):
        if next(steps) == die_at:
            raise KeyboardInterrupt
        return one_step(self)

    with monkeypatch.context() as patch:
        patch.setattr(loop.StageRun, "_one_step", dying)
        with pytest.raises(KeyboardInterrupt):
            fit_workbench(load_recipe(path), tmp_path / "killed", tree)
    resumed = ran(path, tree, tmp_path / "killed")
    assert read_metrics(whole)["figures"] == resumed["figures"]
    for name, curve in read_log(whole / "log.csv").items():
        assert curve.values.tolist() == read_log(tmp_path / "killed" / "log.csv")[name].values.tolist()


@pytest.mark.usefixtures("no_plots")
def test_another_seed_gives_other_figures(tree, tmp_path, contrastive_run):
    """The comparison above can fail: a run with another seed has another threshold."""
    path = recipe_file(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("seed = 5", "seed = 6"), encoding="utf-8")
    other = ran(path, tree, tmp_path / "other")
    assert read_metrics(contrastive_run)["figures"]["threshold"] != other["figures"]["threshold"]


@pytest.mark.usefixtures("no_plots")
def test_pair_head_on_a_timm_twin(tree, tmp_path):
    """A timm twin with a pair head trains, keeps its head, and the run read back says what the report says."""
    model = '[model]\nkind = "timm"\nname = "resnet10t"\ndim = 8\n'
    stages = (
        '[[stage]]\nname = "pair-head"\nsteps = 3\nlr = 0.001\nsamples = [{ kind = "pairs", count = 40, size = 8 }]\n'
        'losses = [{ kind = "pair-head" }]\n'
    )
    metrics = ran(recipe_file(tmp_path, distance="pair-head", model=model, stages=stages), tree, tmp_path / "run")
    assert "pair-head" == metrics["method"]
    run = open_run(tmp_path / "run")
    pixels = np.random.default_rng(2).integers(0, 256, (3, 28, 28, 1), dtype=np.uint8)
    embeddings = run.embed(pixels)
    distances = run.distances(embeddings[0], embeddings)
    assert (3,) == distances.shape
    assert ((distances > 0) & (distances < 1)).all()
    assert run.threshold == metrics["figures"]["threshold"]["value"]


@pytest.mark.usefixtures("no_plots")
def test_three_images(tree, tmp_path):
    """The three-image task asks balanced triples and chooses its threshold on validation triples."""
    stages = (
        '[[stage]]\nname = "triplet"\nsteps = 10\nlr = 0.01\nsamples = [{ kind = "triplets", count = 60, size = 10 }]\n'
        'losses = [{ kind = "triplet", mining = "given" }]\n'
    )
    metrics = ran(recipe_file(tmp_path, task="three", distance="unit", stages=stages), tree, tmp_path / "run")
    assert "60 validation triples" in metrics["figures"]["threshold"]["how"]
    assert [30, 30] == [sum(row) for row in metrics["figures"]["confusion"]]
    assert metrics["figures"]["three_roc_auc"] > 0.5


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize(("fuse", "clusters"), [("embeddings", False), ("scores", True)])
def test_ensembles(tree, tmp_path, fuse, clusters):
    """Members are trained one after the other, each alone; a fused run read back measures as it was judged."""
    model = (
        f'[model]\nkind = "ensemble"\nmembers = 2\nfuse = "{fuse}"\nclusters = {str(clusters).lower()}\n'
        'member = { kind = "small-face", dim = 4, widths = [4, 4, 8, 8] }\n'
    )
    stages = (
        '[[stage]]\nname = "classes"\nsteps = 3\nlr = 0.01\n'
        'samples = [{ kind = "classes", classes = 3, pictures = 2 }]\n'
        'losses = [{ kind = "triplet", mining = "batch-hard" }]\n'
    )
    metrics = ran(recipe_file(tmp_path, distance="unit", model=model, stages=stages), tree, tmp_path / "run")
    assert ["classes 1", "classes 2"] == [name for _, name in read_log(tmp_path / "run" / "log.csv")["loss"].stages]
    assert (fuse == "scores") == (metrics["fused"] is not None)
    run = open_run(tmp_path / "run")
    rows = run.embed(np.random.default_rng(2).integers(0, 256, (2, 28, 28, 1), dtype=np.uint8))
    assert (2, 8) == rows.shape
    assert run.distances(rows[0], rows)[0] < 1e-3


def test_clusters_follow_the_pictures():
    """Two groups of pictures of opposite brightness patterns fall into two clusters."""
    from train.data.pictures import Pictures

    left, right = np.zeros((16, 16, 1), np.uint8), np.zeros((16, 16, 1), np.uint8)
    left[:, :8], right[:, 8:] = 200, 200
    pixels = np.stack([left, right] * 6)
    pictures = Pictures(
        pixels, np.arange(12), np.array(["train"] * 12), np.arange(12).astype(str), tuple("abcdefghijkl")
    )
    found = cluster_pictures(pictures, 2, seed=1)
    assert 2 == len(set(found.tolist()))
    assert {found[0]} == set(found[0::2].tolist())


def test_compare(contrastive_run, tmp_path):
    """Two runs stand side by side in a Markdown, a CSV and an HTML table, with their curves over each other."""
    import shutil

    shutil.copytree(contrastive_run, tmp_path / "second")
    result = CliRunner().invoke(
        app, ["compare", str(contrastive_run), str(tmp_path / "second"), "--out", str(tmp_path / "out")]
    )
    assert 0 == result.exit_code, result.output
    table = (tmp_path / "out" / "compare.md").read_text(encoding="utf-8")
    auc = f"{read_metrics(contrastive_run)['figures']['roc_auc']:.4f}"
    assert 2 == table.count(auc)
    assert 4 == len(table.splitlines())
    assert "| second |" in table
    assert {"compare.csv", "compare.md", "det.png", "loss.png", "progress.png", "report.html", "roc.png"} == {
        path.name for path in (tmp_path / "out").iterdir()
    }


def test_losses_are_compared_stage_by_stage():
    """A loss of ten and one of a tenth both begin at one; a run that logged no validation figure has no such curve."""
    steps = np.arange(1, 7) * 10
    loss = Curve(steps, np.array([10.0, 10, 10, 0.1, 0.1, 0.1]), ((0, "first"), (30, "second")))
    assert pytest.approx([1.0] * 6) == compare._by_stage(loss).values.tolist()
    logs = {"with": {"loss": loss, "dev roc-auc": loss}, "without": {"loss": loss}}
    assert ["with"] == list(compare._progress(logs))


def test_a_curve_near_one_is_drawn_near_the_top():
    """Validation figures from 0.991 to 0.993 keep room below them; lower ones are shown whole."""
    loss = Curve(np.array([10, 20]), np.array([2.0, 1.0]), ((0, "one"),))
    for values, lowest in (([0.991, 0.993], 0.9), ([0.61, 0.7], 0.59)):
        figure = plots.loss_curve(loss, Curve(np.array([10, 20]), np.array(values), ((0, "one"),)))
        assert pytest.approx((lowest, 1.005)) == figure.axes[1].get_ylim()


def test_an_unfinished_run_is_no_run(tmp_path):
    """Comparing or opening a folder without a finished run is one clear error, and so is a damaged one."""
    (tmp_path / "run").mkdir()
    with pytest.raises(DataMissing, match="no finished run"):
        open_run(tmp_path / "run")
    (tmp_path / "run" / "metrics.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataMissing, match="no finished run"):
        read_metrics(tmp_path / "run")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "pairs"', 'kind = "couples"', "couples"),
        ("size = 8", "sise = 8", "sise"),
        ('distance = "euclidean"', 'distances = "euclidean"', "distances"),
        ('task = "pairs"', 'task = "pares"', "pares"),
        ('kind = "siamese"', 'kind = "siamise"', "siamise"),
        ("widths = [4, 8, 8, 8]", "widths = [4, 8]", "model siamese: not enough values"),
        ('distance = "euclidean"', 'distance = "euclid"', "unknown distance 'euclid'"),
        ('distance = "euclidean"', 'distance = "pair-head"', "needs the loss pair-head"),
        ("nearest = 5", "nearby = 5", "nearby"),
        ('mining = "given"', 'mining = "taken"', "unknown mining 'taken'"),
        ('kind = "mined-triplets"', 'kind = "minded-triplets"', "minded-triplets"),
        ('task = "pairs"', 'task = "pairs"\naugment = { turn = 3.0 }', "turn"),
    ],
)
def test_a_wrong_recipe_names_what_is_wrong(tree, tmp_path, monkeypatch, old, new, message):
    """A misspelt sampler, option, evaluation, task or network, in any stage, is refused before a step is done."""
    monkeypatch.setattr(loop.StageRun, "_one_step", lambda _: pytest.fail("training began"))
    path = recipe_file(tmp_path, stages=CONTRASTIVE.format(steps=12) + MINED)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(RecipeInvalid, match=message):
        fit_workbench(load_recipe(path), tmp_path / "run", tree)


def test_an_unknown_recipe_name_lists_those_that_ship():
    """A misspelt name is answered with the names that there are."""
    with pytest.raises(RecipeInvalid, match="digits-siames: no recipe ships under that name; there are att-clusters, "):
        shipped("digits-siames")
    assert RECIPES / "digits-siamese.toml" == shipped("digits-siamese")


def test_network_kinds_are_all_there_is():
    """The kinds offered for a misspelt one are exactly those that can be made."""
    assert {"ensemble", *towers._OWN, *models._MAKERS} == set(towers.KINDS)
    with pytest.raises(RecipeInvalid, match="expected one of ensemble, siamese, small-face"):
        towers.make_tower(Model("siamse"), towers.InputShape(1, 28), seed=1, folder=Path())


@pytest.mark.parametrize("name", WORKBENCH)
def test_recipes_are_well_formed(name):
    """Every recipe that ships is read, names itself, and asks for what exists."""
    from train.data.load import LOADERS
    from train.fit.losses import LOSSES
    from train.workbench.questions import asking
    from train.workbench.task import SAMPLERS, augmentation

    recipe = load_recipe(RECIPES / f"{name}.toml")
    assert name == recipe.name
    assert recipe.data.kind in LOADERS
    assert {part.kind for stage in recipe.stage for part in stage.losses} <= set(LOSSES)
    assert {part.kind for stage in recipe.stage for part in stage.samples} <= set(SAMPLERS)
    assert asking(recipe).distance in {"euclidean", "unit", "pair-head"}
    augmentation(recipe)


def test_the_tables_words_are_kept():
    """Digits: margin 5 on Euclidean distance; objects: an EfficientNet, 1,280 points to train and 320 to test."""
    digits, *objects = (
        load_recipe(RECIPES / f"{n}.toml")
        for n in ("digits-siamese", "objects-pair", "objects-three", "objects-pair-scratch", "objects-three-scratch")
    )
    assert 5.0 == digits.stage[0].losses[0].options["margin"]
    starts = [recipe.model.initial or recipe.model.options["name"] for recipe in objects]
    assert ["efficientnet-lite0"] * 2 + ["efficientnet_b0"] * 2 == starts
    for recipe in objects:
        assert 1280 == recipe.stage[-1].samples[0].options["count"]
        assert 320 == recipe.evaluate["points"]


def test_metrics_are_plain_json(contrastive_run):
    """metrics.json holds no NaN and reads back as it was written."""
    text = (contrastive_run / "metrics.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in metrics.json"))["schema"] == 1
