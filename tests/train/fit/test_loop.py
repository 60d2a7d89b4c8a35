"""The loop: it learns, resumes exactly, and stops with one clear line."""

import dataclasses
import resource
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboard")
pytest.importorskip("pytorch_metric_learning")

from train.data.sampling import PeoplePhotos  # noqa: E402
from train.errors import (  # noqa: E402
    CheckpointRefused,
    CheckpointUnwritten,
    DeviceMissing,
    RecipeInvalid,
    TrainingDiverged,
)
from train.fit.inputs import PixelInputs  # noqa: E402
from train.fit.loop import Job, device_of, fit, learning_rate  # noqa: E402
from train.fit.losses import Sizes, make_loss  # noqa: E402
from train.nets.checkpoint import load_checkpoint, save_checkpoint  # noqa: E402 - after the skip
from train.recipe import load_recipe  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Killed(Exception):  # noqa: N818 - an event, not an error
    pass


def tiny_net():
    torch.manual_seed(5)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, stride=4),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.1),
        torch.nn.Flatten(),
        torch.nn.Linear(128, 8),
    )


def jobs_for(recipe, model, identities, *, die_at=None):
    pixels, labels = identities
    calls = [0]

    class Inputs(PixelInputs):
        def __call__(self, rows, random):
            calls[0] += 1
            if die_at is not None and calls[0] > die_at:
                raise Killed
            return super().__call__(rows, random)

    def job(stage):
        sizes = Sizes(8, 12)
        return Job(
            stage=stage,
            network=model,
            inputs=Inputs(pixels, 16),
            sampler=PeoplePhotos(np.arange(len(labels)), labels, 4, 3, recipe.seed),
            losses={part.kind: make_loss(part.kind, sizes, part.options) for part in stage.losses},
            weights={part.kind: part.weight for part in stage.losses},
            labels=labels,
        )

    return [lambda stage=stage: job(stage) for stage in recipe.stage]


def weights_of(model):
    return {name: value.tolist() for name, value in model.state_dict().items()}


def test_it_learns(tiny_recipe, identities, tmp_path):
    """A few steps lower the triplet loss on generated people."""
    recipe, model = load_recipe(tiny_recipe), tiny_net()
    fit(recipe, model, jobs_for(recipe, model, identities), tmp_path / "run")
    rows = [line.split(",") for line in (tmp_path / "run" / "log.csv").read_text().splitlines()]
    losses = [float(row[4]) for row in rows if row[1] == "triplet" and row[3] == "loss"]
    assert losses[-1] < losses[0]
    assert (tmp_path / "run" / "model.pt").is_file()


def test_the_end_is_averaged_with_the_origin(tiny_recipe, identities, tmp_path):
    """Half kept: the mean of the trained weights and of the origin's, which need not be the start's."""
    recipe = load_recipe(tiny_recipe)
    origin = {name: torch.full_like(value, 2) for name, value in tiny_net().named_parameters()}
    ends = {}
    for share in (1.0, 0.5):
        stage = dataclasses.replace(recipe.stage[0], average=share, ema=0.0)
        one, model = dataclasses.replace(recipe, stage=(stage,)), tiny_net()
        jobs = [lambda job=job: dataclasses.replace(job(), origin=origin) for job in jobs_for(one, model, identities)]
        fit(one, model, jobs, tmp_path / str(share))
        ends[share] = dict(model.named_parameters())
    moved = [name for name in origin if not torch.equal(ends[1.0][name], ends[0.5][name])]
    assert moved
    assert all(torch.allclose(ends[0.5][name], (ends[1.0][name] + 2) / 2) for name in moved)


@pytest.mark.parametrize("die_at", [5, 12, 15])
def test_a_killed_run_ends_like_an_unbroken_one(tiny_recipe, identities, tmp_path, die_at):
    """Stopped inside a stage, between stages or in the second, then continued: the same weights, bit for bit."""
    recipe = dataclasses.replace(load_recipe(tiny_recipe), checkpoint_minutes=0.0)
    whole, broken, resumed = tiny_net(), tiny_net(), tiny_net()
    fit(recipe, whole, jobs_for(recipe, whole, identities), tmp_path / "whole")
    with pytest.raises(Killed):
        fit(recipe, broken, jobs_for(recipe, broken, identities, die_at=die_at), tmp_path / "broken")
    fit(recipe, resumed, jobs_for(recipe, resumed, identities), tmp_path / "broken")
    assert weights_of(whole) == weights_of(resumed)
    assert (tmp_path / "whole" / "log.csv").read_text() == (tmp_path / "broken" / "log.csv").read_text()


def test_a_loss_that_is_no_number_stops_the_run(tiny_recipe, identities, tmp_path):
    """NaN ends with the stage and step, and the checkpoint before it stays."""
    recipe, model = load_recipe(tiny_recipe), tiny_net()
    with torch.no_grad():
        model[4].weight[0, 0] = float("nan")
    with pytest.raises(TrainingDiverged, match="triplet, step 0"):
        fit(recipe, model, jobs_for(recipe, model, identities), tmp_path / "run")


def test_another_recipes_checkpoint_is_refused(tiny_recipe, identities, tmp_path):
    """A run folder of another recipe is not continued."""
    recipe, model = load_recipe(tiny_recipe), tiny_net()
    fit(recipe, model, jobs_for(recipe, model, identities), tmp_path / "run")
    tiny_recipe.write_text(tiny_recipe.read_text().replace("margin = 0.3", "margin = 0.4"))
    other = load_recipe(tiny_recipe)
    with pytest.raises(CheckpointRefused, match="written by recipe 'tiny'"):
        fit(other, model, jobs_for(other, model, identities), tmp_path / "run")


def test_a_damaged_checkpoint_is_refused(tmp_path):
    """A file that is no checkpoint is one clear line."""
    (tmp_path / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointRefused, match="cannot be read"):
        load_checkpoint(tmp_path / "checkpoint.pt", "x")


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path):
    """When the file cannot grow, the former checkpoint is whole and nothing half written stays."""
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"digest": "a", "step": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(CheckpointUnwritten):
            save_checkpoint(path, {"digest": "a", "step": 2, "weights": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert load_checkpoint(path, "a")["step"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint.pt"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_no_cuda():
    """Asking for a GPU that is missing is one clear line; auto takes the CPU."""
    with pytest.raises(DeviceMissing):
        device_of("cuda")
    assert device_of("auto") == torch.device("cpu")


def test_learning_rate(tiny_recipe):
    """Linear warm-up to the peak, half a cosine to nearly nothing."""
    stage = load_recipe(tiny_recipe).stage[0]
    rates = [learning_rate(stage, step) for step in range(stage.steps)]
    assert rates[0] == pytest.approx(0.005)
    assert max(rates) == pytest.approx(0.01)
    assert rates[-1] < 0.0005


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("steps = 12", "steps = 0"), "steps >= 1"),
        (("lr = 0.01", 'lr = "high"'), "expected float"),
        (("warmup = 2", "warmups = 2"), "unknown entry 'warmups'"),
        (("[data]", "[data"), "tiny.toml"),
        (('name = "tiny"', ""), "name"),
    ],
)
def test_a_wrong_recipe_names_its_entry(tiny_recipe: Path, change, message):
    """Unknown, missing and ill-typed entries are refused by name."""
    tiny_recipe.write_text(tiny_recipe.read_text().replace(*change, 1))
    with pytest.raises(RecipeInvalid, match=message):
        load_recipe(tiny_recipe)
