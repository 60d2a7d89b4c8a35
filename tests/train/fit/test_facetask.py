"""The face task end to end on generated pictures: cached views, both halves trained, the recipe's errors."""

import functools
import io
import json
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("pytorch_metric_learning")
pytest.importorskip("tensorboard")

from enroll.registry import MODELS, load_encoder  # noqa: E402 - after the skips
from train.errors import RecipeInvalid, WeightsUnusable  # noqa: E402
from train.fit import features  # noqa: E402
from train.fitting import face_task, fit_recipe  # noqa: E402
from train.nets.models import encoder_model, make_model, published  # noqa: E402
from train.recipe import Model, load_recipe  # noqa: E402
from train.score.cohort import cohort_strata, stratified_cohort  # noqa: E402 - after the skip
from train.tensors import to_tensor  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.slow]

RECIPE = """
name = "small"
task = "faces"
[data]
kind = "faces"
path = "."
teacher = "start"
[model]
kind = "joined"
parts = ["retail-0095"]
shares = [1.0]
warm = false
[augment]
mirror = 0.5
[[stage]]
name = "head"
inputs = "embeddings"
trainable = ["head"]
steps = 3
lr = 1e-2
average = 0.5
[[stage.samples]]
kind = "people"
people = 4
photos = 2
group = 2
nearest = 3
[[stage.samples]]
kind = "unlabelled"
size = 4
group = 2
nearest = 3
[[stage.losses]]
kind = "triplet-hardest"
[[stage.losses]]
kind = "strangers"
limit = -1.0
[[stage]]
name = "upper"
inputs = "features"
views = 2
steps = 1
lr = 1e-4
[[stage.samples]]
kind = "people"
people = 4
photos = 2
[[stage.losses]]
kind = "distil-similarity"
[[stage.losses]]
kind = "distil-cosine"
"""


@pytest.fixture
def face_set(tmp_path):
    """Six people with two photos, and eight unlabelled photos, as `faces.csv` and zips."""
    return written(tmp_path)


def written(folder):
    random = np.random.default_rng(1)
    rows = [("lfw", f"P{i}/{j}.webp", f"lfw:Person_{i}", "train", "", "", "") for i in range(6) for j in range(2)]
    rows += [("fairface", f"{i}.webp", "", "train", "3-9" if i % 2 else "20-29", "Male", "Indian") for i in range(8)]
    lines = ["set,file,person,split,age,gender,race", *(",".join(row) for row in rows)]
    (folder / "faces.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("lfw", "fairface"):
        with zipfile.ZipFile(folder / f"faces_{name}.zip", "w") as archive:
            for row in rows:
                if row[0] == name:
                    data = io.BytesIO()
                    Image.fromarray(random.integers(0, 256, (128, 128, 3), dtype=np.uint8)).save(data, "WEBP")
                    archive.writestr(row[1], data.getvalue())
    return folder


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run of the recipe."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "small.toml").write_text(RECIPE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTENDANCE_TRAIN_CACHE", str(folder / "cache"))
        patch.setattr(features, "frozen", functools.cache(features.frozen))  # both views are of one lower half
        torch.manual_seed(0)
        fit_recipe(folder / "small.toml", folder / "run", written(folder))
    return folder / "run"


def test_a_recipe_trains_both_halves(face_set, recipe_file, finished):
    """A head on cached embeddings, then the upper half on cached features: both move, the lower half does not."""
    torch.manual_seed(0)
    before = face_task(load_recipe(recipe_file), face_set).model.state_dict()
    after = torch.load(finished / "model.pt", weights_only=True)["model"]
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert {"head.change.weight", "parts.0.head.project.weight"} <= moved
    assert "parts.0.trunk.conv_stem.weight" not in moved


@pytest.fixture
def not_exported(monkeypatch):
    """PyTorch computes the features, as an export takes longer; those of `finished` are of ONNX Runtime."""

    def frozen(lower, *_):
        def run(crops):
            with torch.no_grad():
                return [part.numpy() for part in lower(to_tensor(crops))]

        return run

    monkeypatch.setattr(features, "frozen", frozen)


@pytest.mark.usefixtures("not_exported")
def test_a_recipe_starts_from_a_part_of_another_run(face_set, recipe_file, finished, tmp_path):
    """`parts_from` takes the named networks as that run left them; the new run keeps its recipe and that one's base."""
    trained = torch.load(finished / "model.pt", weights_only=True)["model"]
    other = tmp_path / "other.toml"
    other.write_text(f"base = 'small'\nname = 'other'\n[model]\nparts_from = '{finished}'", encoding="utf-8")
    started = face_task(load_recipe(other), face_set).model.state_dict()
    assert all(torch.equal(trained[name], started[name]) for name in trained if name.startswith("parts.0."))
    assert not started["head.change.weight"].any()
    fit_recipe(other, tmp_path / "second", face_set)
    expected = load_recipe(other)
    recipe_file.unlink()
    assert expected == load_recipe(tmp_path / "second" / "recipe.toml")


def test_a_shipped_encoder_teaches(face_set, recipe_file):
    """It is asked for the pictures that steps draw; the start that averages go back to stays the recipe's own."""
    recipe_file.write_text(RECIPE.replace('teacher = "start"', 'teacher = "fast"'), encoding="utf-8")
    task = face_task(load_recipe(recipe_file), face_set)
    expected = load_encoder("fast").embed(np.ascontiguousarray(task.pictures.pixels[[3, 1], 8:120, 8:120]))
    assert expected == pytest.approx(task.start_embeddings[np.array([3, 1])], abs=1e-5)
    assert task.origin is None


def test_a_run_without_the_part_is_refused(face_set, recipe_file, finished):
    """The error names what the run lacks."""
    recipe_file.write_text(
        RECIPE.replace("warm = false", f"parts_from = '{finished}'").replace("retail-0095", "mobilefacenet"),
        encoding="utf-8",
    )
    with pytest.raises(RecipeInvalid, match="no mobilefacenet"):
        face_task(load_recipe(recipe_file), face_set)


UNTRAINED = """
name = "side-by-side"
[data]
kind = "faces"
[model]
kind = "joined"
parts = ["mobilefacenet", "retail-0095"]
shares = [0.3, 0.7]
"""


def test_a_recipe_without_a_stage_joins_networks_as_they_stand(face_set, tmp_path):
    """Nothing is trained, and the run is finished: weights as they start."""
    path = tmp_path / "side.toml"
    path.write_text(UNTRAINED + "warm = false\n", encoding="utf-8")
    said = fit_recipe(path, tmp_path / "run", face_set)
    state = torch.load(tmp_path / "run" / "model.pt", weights_only=True)["model"]
    assert "side-by-side" in said
    assert torch.equal(torch.tensor([0.3, 0.7]).sqrt(), state["weights"])
    assert not state["head.change.weight"].any()


def test_other_models_need_a_stage(tmp_path):
    """A network from random weights without a stage is a mistake."""
    path = tmp_path / "random.toml"
    path.write_text('name = "x"\n[data]\nkind = "faces"\n[model]\nkind = "timm"\n', encoding="utf-8")
    with pytest.raises(RecipeInvalid, match=r"at least one \[\[stage\]\]"):
        load_recipe(path)


def test_parts_come_out_of_a_shipped_encoder(shared_data, astronaut):
    """0095 out of `default` is that part of its vectors; what a recipe does not take from there is as published."""
    options = {"parts": ["mobilefacenet", "retail-0095"], "shares": [0.5, 0.5], "parts_from": "default"}
    joined, _ = make_model(Model("joined", options=options), shared_data)
    crops = np.stack([astronaut[60 + 5 * n : 172 + 5 * n, 160:272] for n in range(3)])
    planes = (torch.from_numpy(crops.transpose(0, 3, 1, 2).copy()).float() - 127.5) / 128
    with torch.no_grad():
        found, other = (torch.nn.functional.normalize(part.eval()(planes)) for part in reversed(joined.parts))
        expected = torch.nn.functional.normalize(published("mobilefacenet", shared_data).eval()(planes))
    own = torch.nn.functional.normalize(torch.from_numpy(load_encoder("default").embed(crops)[:, -256:]))
    assert (found * own).sum(1).min() > 0.9999
    assert torch.allclose(expected, other, atol=1e-5)


def test_each_part_may_come_from_elsewhere(shared_data, finished):
    """A table says where each part is from, the rest is as published; a part that is not there is refused."""
    options = {"parts": ["sface", "retail-0095"], "shares": [0.5, 0.5], "parts_from": {"retail-0095": str(finished)}}
    joined, _ = make_model(Model("joined", options=options), shared_data)
    trained = torch.load(finished / "model.pt", weights_only=True)["model"]
    state = joined.state_dict()
    assert all(torch.equal(trained[f"parts.0.{n}"], state[f"parts.1.{n}"]) for n in joined.parts[1].state_dict())
    assert torch.equal(published("sface", shared_data).stem[0].weight, state["parts.0.stem.0.weight"])
    for wrong, said in (({"sface": str(finished)}, "has no sface"), ({"dlib": "default"}, "no part is called dlib")):
        with pytest.raises(RecipeInvalid, match=said):
            make_model(Model("joined", options=options | {"parts_from": wrong}), shared_data)


def test_an_encoder_of_another_recipe_gives_no_parts(shared_data, tmp_path):
    """A card that names a recipe whose network its file does not hold is refused."""
    folder = shutil.copytree(MODELS / "fast", tmp_path / "other")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps(card | {"recipe": "face-default"}), encoding="utf-8")
    with pytest.raises(WeightsUnusable, match="not of its recipe"):
        encoder_model(str(folder), shared_data)


def test_without_enough_people_a_cohort_has_no_floor(face_set):
    """A floor is the mean of enough development people; of none nothing is known, and only the centre is taken off."""
    from train.data.faces import load_faces
    from train.score.cohort import cohort_level

    pictures = load_faces(face_set)
    cohort = np.eye(8, dtype=np.float32)
    level = cohort_level(pictures, np.empty(0, int), np.empty((0, 8), np.float32), cohort, 2)
    assert (8, 0.3, -1.0) == (level.rows, level.share, level.floor)


def test_cohort_strata_leave_sets_out(face_set, recipe_file):
    """Every stratum holds its own group, and a set that is left out is in none."""
    pictures = face_task(load_recipe(recipe_file), face_set).pictures
    rows = pictures.rows("train")
    whole = list(cohort_strata(pictures, rows))
    assert sum(len(own) for own, _ in whole) == len(rows)
    assert all(set(pictures.columns["set"][own]) <= {"lfw"} for own, _ in cohort_strata(pictures, rows, ["fairface"]))


def test_the_cohort_is_made_stratum_by_stratum():
    """A stratum gives its centroids, a small one fewer, a tiny one none."""
    vectors = np.random.default_rng(2).normal(size=(60, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    strata = iter([(np.arange(40), 5), (np.arange(40, 57), 10), (np.arange(57, 60), 10)])
    assert stratified_cohort(vectors, strata).shape == (5 + 4, 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('kind = "unlabelled"', 'kind = "strange"'), "unknown kind 'strange'"),
        (('inputs = "features"', 'inputs = "sounds"'), "unknown inputs"),
        (('teacher = "start"', 'teacher = "slow"'), "unknown teacher 'slow'"),
        (("mirror = 0.5", "mirrors = 0.5"), "unknown entry 'mirrors'"),
        (("shares = [1.0]", "shares = [0.5]"), "add to 1"),
    ],
)
def test_wrong_names_are_refused(face_set, recipe_file, tmp_path, change, message):
    """Names that the face task does not know are recipe errors, of whichever stage, before any of them begins."""
    recipe_file.write_text(RECIPE.replace(*change), encoding="utf-8")
    with pytest.raises(RecipeInvalid, match=message):
        fit_recipe(recipe_file, tmp_path / "run", face_set)
    assert ["recipe.toml"] == [path.name for path in (tmp_path / "run").iterdir()]
