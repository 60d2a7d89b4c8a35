"""The task: what is trained on, that it learns and resumes, and an export that equals PyTorch."""

import dataclasses
import json
import zipfile
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from PIL import Image  # noqa: E402 - after the skip

from attendance.liveness.printed import as_input as cue_input  # noqa: E402
from enroll.telemetry import onnx_runtime  # noqa: E402
from train.errors import DataMissing, ExportUnequal, RecipeInvalid, TestPersonRefused  # noqa: E402
from train.fit.loop import fit  # noqa: E402
from train.fit.losses import Batch  # noqa: E402
from train.liveness import specimens, task  # noqa: E402
from train.liveness.photos import Shots, face_shots  # noqa: E402
from train.liveness.shipping import export_printed, ship_liveness  # noqa: E402
from train.liveness.specimens import kept  # noqa: E402
from train.liveness.staging import KINDS, LIVE, SCREENS  # noqa: E402
from train.liveness.task import LivenessTask, Logistic, ViewInputs, area, as_input, make_network  # noqa: E402
from train.nets.printednet import PrintedNetwork, Probability  # noqa: E402
from train.recipe import RECIPES, load_recipe  # noqa: E402

CHUNK = 24


class Killed(Exception):  # noqa: N818 - as in the tests of the loop
    """Stands for a process that is ended."""


@pytest.fixture
def recipe(tmp_path):
    """A small network and eight steps."""
    path = tmp_path / "small.toml"
    path.write_text(
        'base = "liveness"\nname = "small"\ncheckpoint_minutes = 0.0\n'
        "[data]\nspecimens = 20\n[model]\nwidths = [4, 8]\n"
        "[[stage]]\nsteps = 8\nwarmup = 2\nevaluate_every = 4\n[[stage.samples]]\nkind = 'epochs'\nsize = 12\n",
        encoding="utf-8",
    )
    return load_recipe(path)


@pytest.fixture
def world(simulation, monkeypatch):
    """The portrait and the room in place of the data, and short chunks."""
    for module in (specimens, task):
        monkeypatch.setattr(module, "CHUNK", CHUNK)
    monkeypatch.setattr(task, "face_shots", lambda _: (simulation.faces, simulation.faces))
    monkeypatch.setattr(task, "rooms", lambda _: (simulation.things, simulation.things))


@pytest.fixture
def liveness(recipe, world, tmp_path):  # noqa: ARG001 - the world is needed
    return LivenessTask(recipe, tmp_path, make_network(recipe))


def jobs_of(liveness):
    return [partial(liveness.job, stage) for stage in liveness.recipe.stage]


def test_a_specimen_is_told_by_its_number(simulation):
    """The same again at any time, another number another view; every other one live, each kind by turns."""
    assert np.array_equal(simulation.view(5), simulation.view(5))
    assert not np.array_equal(simulation.view(5), simulation.view(7))
    assert [LIVE, KINDS[0], LIVE, KINDS[1]] == [simulation.kind(number) for number in range(4)]
    assert set(KINDS) | {LIVE} == {simulation.kind(number) for number in range(12)}


@pytest.mark.usefixtures("world")
def test_specimens_are_made_once(simulation, monkeypatch):
    """What was kept is what would be made, and is not made again."""
    chunk = kept(simulation, 3)[0]
    assert (CHUNK, 192, 192, 3) == chunk.shape
    assert np.array_equal(simulation.view(2), chunk[2])
    monkeypatch.setattr(specimens, "made", None)
    assert np.array_equal(chunk, kept(simulation, 3)[0])


def test_kinds_that_are_left_out_are_never_trained_on(liveness):
    """Without screens as many pictures as live views remain, none of them a screen's."""
    data = dataclasses.replace(liveness.recipe.data, options={"specimens": 20, "without": list(SCREENS)})
    less = dataclasses.replace(liveness, recipe=dataclasses.replace(liveness.recipe, data=data))
    kinds = [less.simulations[0].kind(number) for number in less.rows.tolist()]
    assert not set(SCREENS) & set(kinds)
    assert len(kinds) == 2 * kinds.count(LIVE)
    odd = dataclasses.replace(data, options={"without": ["mirror"]})
    with pytest.raises(RecipeInvalid, match="mirror"):
        _ = dataclasses.replace(liveness, recipe=dataclasses.replace(liveness.recipe, data=odd)).rows


def test_people_who_are_not_for_training_are_refused(tmp_path):
    """A photo of somebody outside the list of training people stops everything."""
    (tmp_path / "faces.csv").write_text("person\nlfw:Ann_Allowed\n", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "scenes.zip", "w") as archive:
        archive.writestr("lfw/Test_Person/Test_Person_0001.jpg", b"")
    with pytest.raises(TestPersonRefused, match="Test_Person"):
        face_shots(tmp_path)


def test_photos_without_a_large_face_are_passed_over(astronaut, tmp_path):
    """The next photo with a face takes the place of one without."""
    Image.fromarray(astronaut).save(tmp_path / "b.png")
    Image.new("RGB", (300, 300)).save(tmp_path / "a.png")
    tree = photos_tree(tmp_path)
    shots = Shots(tree, ["a.png", "b.png"], Seeing())
    assert (117.0, (512, 512, 3)) == (shots.shot(0).length, shots.shot(0).pixels.shape)
    with pytest.raises(DataMissing, match="large enough"):
        Shots(tree, ["a.png"], Seeing()).shot(0)


def photos_tree(folder):
    from train.data.filetree import FileTree

    return FileTree(folder)


class Seeing:
    """A detector that finds the astronaut's face in what is not black."""

    def detect(self, pixels):
        from enroll.face import Detection
        from enroll.geometry import TEMPLATE_112

        face = Detection((177.0, 60.0, 89.0, 117.0), TEMPLATE_112.astype(np.float32), 0.9)
        return [face] if pixels.any() else []


def test_the_loss_is_cross_entropy():
    """Recomputed number by number, labels drawn in by the smoothing."""
    logits, labels = torch.tensor([[1.5], [-0.5], [0.2]]), torch.tensor([1, 0, 0])
    wanted = np.array([0.95, 0.05, 0.05])
    likely = 1 / (1 + np.exp(-np.array([1.5, -0.5, 0.2])))
    expected = -np.mean(wanted * np.log(likely) + (1 - wanted) * np.log(1 - likely))
    assert pytest.approx(expected, rel=1e-5) == float(Logistic(0.1)(Batch(logits, labels)))


def test_the_area_counts_pairs():
    """Of four pairs three are in order and one is a tie."""
    assert pytest.approx(3.5 / 4) == area(np.array([2.0, 1.0, 1.0, 0.0]), np.array([True, True, False, False]))


def test_inputs_are_moved_and_mirrored_views():
    """Nothing beyond four pixels of shift, a mirror image and a little contrast."""
    view = np.random.default_rng(1).integers(0, 256, (1, 192, 192, 3)).astype(np.uint8)
    inputs = ViewInputs([view])(np.zeros(8, int), np.random.default_rng(2))[0]
    assert (8, 3, 192, 192) == tuple(inputs.shape)
    plain = as_input(view)[0].numpy()
    for moved in inputs.numpy():
        ways = (plain, plain[:, :, ::-1])
        found = max(
            np.corrcoef(
                moved[:, 10:-10, 10:-10].ravel(), way[:, 10 + y : y - 10 or None, 10 + x : x - 10 or None].ravel()
            )[0, 1]
            for way in ways
            for y in range(-4, 5)
            for x in range(-4, 5)
        )
        assert found > 0.999


def test_it_learns_and_a_killed_run_ends_like_an_unbroken_one(liveness, recipe, tmp_path, monkeypatch):
    """Stopped and continued a run has the weights of one that was not, bit for bit."""
    fit(recipe, liveness.network, jobs_of(liveness), tmp_path / "whole", evaluate=liveness.figures)
    broken = LivenessTask(recipe, tmp_path, make_network(recipe))
    called, real = [], ViewInputs.__call__

    def dying(self, rows, random):
        called.append(1)
        if len(called) == 6:
            raise Killed
        return real(self, rows, random)

    monkeypatch.setattr(ViewInputs, "__call__", dying)
    with pytest.raises(Killed):
        fit(recipe, broken.network, jobs_of(broken), tmp_path / "broken", evaluate=broken.figures)
    resumed = LivenessTask(recipe, tmp_path, make_network(recipe))
    fit(recipe, resumed.network, jobs_of(resumed), tmp_path / "broken", evaluate=resumed.figures)
    for name, value in liveness.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_the_export_equals_pytorch_and_takes_the_cues_views(tmp_path):
    """The file's probabilities are PyTorch's, in one batch and alone, for views as the cue hands them over."""
    torch.manual_seed(2)
    network = PrintedNetwork((8, 16))
    views = np.random.default_rng(3).integers(0, 256, (5, 192, 192, 3)).astype(np.uint8)
    assert export_printed(network, tmp_path / "net.onnx", as_input(views)) <= 1e-4
    session = onnx_runtime().InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    told = session.run(None, {"crops": cue_input(list(views))})[0]
    with torch.no_grad():
        expected = Probability(network).eval()(as_input(views)).numpy()
    np.testing.assert_allclose(expected, told, atol=1e-5)
    assert (5,) == told.shape


def test_an_export_that_differs_is_not_written(tmp_path, monkeypatch):
    """A file that computes something else is no export."""
    monkeypatch.setattr("train.liveness.shipping.difference", lambda *_: float("nan"))
    with pytest.raises(ExportUnequal):
        export_printed(PrintedNetwork((4, 8)), tmp_path / "net.onnx", torch.zeros(2, 3, 192, 192))
    assert [] == list(tmp_path.iterdir())


def test_the_networks_size_is_bounded():
    """The recipe's network is far under a megabyte."""
    network = make_network(load_recipe(RECIPES / "liveness.toml"))
    assert sum(each.numel() for each in network.parameters()) < 200_000


def test_what_is_exported_says_that_nobody_asks_it(liveness, recipe, tmp_path):
    """File and card of a finished run; the card tells data, weaknesses, and that the product does not ask."""
    out = tmp_path / "run"
    fit(recipe, liveness.network, jobs_of(liveness), out)
    (out / "liveness.toml").write_text((RECIPES / "liveness.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (out / "recipe.toml").write_text((tmp_path / "small.toml").read_text(encoding="utf-8"), encoding="utf-8")
    told = ship_liveness(out, tmp_path / "net", "liveness-test", tmp_path)
    card = json.loads((tmp_path / "net" / "card.json").read_text(encoding="utf-8"))
    assert "nothing in the product asks it" in told
    assert (False, "liveness-test", ["lfw", "celeba"]) == (
        card["asked"],
        card["id"],
        [each["set"] for each in card["data"]],
    )
    assert card["network"]["bytes"] == (tmp_path / "net" / "printed.onnx").stat().st_size
