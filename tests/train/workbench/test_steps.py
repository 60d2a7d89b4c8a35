"""What each step is worth, on generated faces: the rows, the same questions for all, and what is refused."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from PIL import Image  # noqa: E402 - after the skip
from typer.testing import CliRunner  # noqa: E402

from enroll.registry import load_encoder  # noqa: E402
from train.cli import app  # noqa: E402
from train.errors import RecipeInvalid  # noqa: E402
from train.workbench import report, steps  # noqa: E402

RECIPE = """
name = "made"
task = "pairs"
seed = {seed}
device = "cpu"
[data]
kind = "identities"
places = ["faces_made"]
kept_out = "faces.csv"
seed = {seed}
side = 28
grey = true
dev = 0.25
test = 0.25
[model]
kind = "siamese"
dim = 4
widths = [4, 8, 8, 8]
[evaluate]
points = 40
[[stage]]
name = "contrastive"
steps = {steps}
lr = 0.01
samples = [{{ kind = "pairs", count = 64, size = 8 }}]
losses = [{{ kind = "contrastive", margin = 2.0 }}]
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Eight people with four generated crops each and their list, which keeps two people out of training."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(2)
    rows = ["set,file,person,split,age,gender,race"]
    for person in range(8):
        face = random.integers(0, 256, (8, 8, 3)).repeat(16, 0).repeat(16, 1)
        (folder / "faces_made" / f"p{person}").mkdir(parents=True)
        for i in range(4):
            noisy = np.clip(face + random.normal(0, 30, face.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / "faces_made" / f"p{person}" / f"{i}.png")
            rows.append(f"made,p{person}/{i}.png,made:p{person},{'dev' if person in {2, 5} else 'train'},,,")
    (folder / "faces.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    """Two runs that start alike and one of another seed."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "_figures", lambda *_: {})
        for name, seed, count in (("short", 1, 2), ("long", 1, 6), ("other", 2, 2)):
            (folder / f"{name}.toml").write_text(RECIPE.format(seed=seed, steps=count), encoding="utf-8")
            arguments = ["fit", str(folder / f"{name}.toml"), "--data", str(data), "--out", str(folder / name)]
            assert 0 == CliRunner().invoke(app, arguments).exit_code
    return folder


def test_every_step_is_asked_the_same(data, runs):
    """Pixels, a shared start once, each run, an encoder: the same pairs and probes, and runs keep their own figures."""
    found = steps.measure_steps([runs / "short", runs / "long"], ["fast"], data)
    assert ["plain pixels", "short before training", "short", "long", load_encoder("fast").id] == [
        s.name for s in found
    ]
    for step in found:
        assert np.array_equal(found[0].outcome.trials.rows, step.outcome.trials.rows)
        assert np.array_equal(found[0].outcome.pool.positive, step.outcome.pool.positive)
        assert (2, 6) == (step.outcome.identified.people, step.outcome.identified.probes)
    for step in found[2:4]:
        own = report.read_metrics(runs / step.name)["figures"]
        row = steps.step_row(step)
        assert f"{own['roc_auc']:.4f}" == row["ROC-AUC"]
        assert row["rank 1"].startswith(f"{own['identification']['rank1']:.1%} ")
        assert row["pairs right"].startswith(f"{own['accuracy']:.1%} ")


def test_an_encoder_sees_the_middle_of_the_stored_crop(data, runs):
    """Its figures are those of its own embeddings of the middle 112 px, compared by cosine."""
    step = steps.measure_steps([runs / "short"], ["fast"], data)[-1]
    paths = sorted((data / "faces_made").glob("*/*.png"))
    crops = np.stack([np.asarray(Image.open(path))[8:120, 8:120] for path in paths])
    vectors = load_encoder("fast").embed(crops)
    first, second = step.outcome.pool.rows.T
    cosine = (vectors[first] * vectors[second]).sum(1)
    assert pytest.approx(np.sqrt(np.maximum(2 - 2 * cosine, 0)), abs=2e-3) == step.outcome.pool.distances


def test_people_that_encoders_have_seen_are_counted(data, runs):
    """Nobody of the test people where the list keeps them out; without that, as many as it lets encoders train on."""
    assert [0] * 4 == [step.seen for step in steps.measure_steps([runs / "short"], ["fast"], data)]
    text = (data / "faces.csv").read_text(encoding="utf-8")
    pictures = steps.Examination(steps.load_recipe(runs / "short" / "recipe.toml"), data).pictures({"side": 128})
    (data / "faces.csv").write_text(text.replace("made:p5,dev", "made:p5,train"), encoding="utf-8")
    try:
        assert 1 == steps._people_seen(pictures, data)
    finally:
        (data / "faces.csv").write_text(text, encoding="utf-8")


def test_pixels_know_no_light():
    """The same picture in another light and contrast is at distance zero."""
    picture = np.random.default_rng(3).integers(20, 60, (1, 6, 6, 3), dtype=np.uint8)
    both = steps.plain_pixels(np.concatenate([picture, picture * 3 + 10]))
    assert pytest.approx(0, abs=1e-4) == steps.unit(both[:1], both[1:])[0]


def test_other_people_are_refused(data, runs, tmp_path):
    """A run of another split, pictures that are no aligned crops, and things instead of people: one line each."""
    with pytest.raises(RecipeInvalid, match="other has other people"):
        steps.measure_steps([runs / "short", runs / "other"], [], data)
    (tmp_path / "faces_made").symlink_to(data / "faces_made")
    listed = (data / "faces.csv").read_text(encoding="utf-8").replace("/3.png", "/9.png")
    (tmp_path / "faces.csv").write_text(listed, encoding="utf-8")
    with pytest.raises(RecipeInvalid, match=r"3\.png is none of faces\.csv"):
        steps.measure_steps([runs / "short"], ["fast"], tmp_path)
    things = tmp_path / "things"
    things.mkdir()
    text = (runs / "short" / "recipe.toml").read_text(encoding="utf-8")
    (things / "recipe.toml").write_text(text.replace('"identities"', '"folder"'), encoding="utf-8")
    with pytest.raises(RecipeInvalid, match="things is about folder"):
        steps.measure_steps([things], ["fast"], data)


def test_the_command_writes_both_tables(data, runs, tmp_path):
    """`compare --encoder` adds a second table, as Markdown, CSV and in the page, and prints both."""
    arguments = ["compare", str(runs / "short"), "--encoder", "fast", "--data", str(data), "--out", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert 0 == result.exit_code, result.output
    table = (tmp_path / "steps.md").read_text(encoding="utf-8")
    assert 6 == len(table.splitlines())
    assert table in result.output
    assert 5 == len((tmp_path / "steps.csv").read_text(encoding="utf-8").splitlines())
    assert (tmp_path / "steps.png").is_file()
    assert 2 == (tmp_path / "report.html").read_text(encoding="utf-8").count("<table")
