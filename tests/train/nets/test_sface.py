"""SFace rebuilt: the published function, folded and rewritten."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from enroll.telemetry import onnx_runtime  # noqa: E402 - after the skip
from train.errors import WeightsUnusable  # noqa: E402
from train.nets import sface  # noqa: E402

SMALL = {"blocks": ((8, 1), (12, 2)), "stem": 6, "side": 16, "dim": 5, "lower": 1}
PUBLISHED = "face_recognition_sface_2021dec.onnx"


@pytest.fixture
def small():
    """A small random network of the same make, its slopes as wide as the published ones."""
    torch.manual_seed(3)
    net = sface.SFace(**SMALL).eval()
    for _, rectifier in net.layers():
        torch.nn.init.uniform_(rectifier.slope, -0.8, 1.1)
    return net


class Published(torch.nn.Module):
    """The small network as its makers wrote it: every convolution without bias under a batch norm and PReLU."""

    def __init__(self):
        super().__init__()
        nn = torch.nn
        layers, channels = [], 3
        for width, kernel, stride, groups in (
            (6, 3, 1, 1),
            (6, 3, 1, 6),
            (8, 1, 1, 1),
            (8, 3, 2, 8),
            (12, 1, 1, 1),
        ):
            layers += [nn.Conv2d(channels, width, kernel, stride, kernel // 2, groups=groups, bias=False)]
            layers += [nn.BatchNorm2d(width, eps=1e-3), nn.PReLU(width)]
            channels = width
        self.body = nn.Sequential(*layers, nn.BatchNorm2d(12, eps=2e-5), nn.Flatten())
        self.last = nn.Sequential(nn.Linear(12 * 8 * 8, 5), nn.BatchNorm1d(5, eps=2e-5))

    def forward(self, x):
        return self.last(self.body(x))


@pytest.fixture
def published():
    """The small network with norms that do something."""
    torch.manual_seed(4)
    net = Published().eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(module.running_mean, -0.3, 0.3)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
        if isinstance(module, torch.nn.PReLU):
            torch.nn.init.uniform_(module.weight, -0.8, 1.1)
    return net


def graph_of(net):
    """A graph that lists the published network's layers as its file does: operators, and initialisers by name."""
    nodes, tensors = [], []
    for number, module in enumerate(net.modules()):
        kind = {"Conv2d": "Conv", "PReLU": "PRelu", "Linear": "Gemm"}.get(type(module).__name__)
        values = [module.weight] if kind else []
        if kind == "PRelu":
            values = [module.weight[:, None, None]]
        if kind == "Gemm":
            values.append(module.bias)
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            kind, values = "BatchNormalization", [module.weight, module.bias, module.running_mean, module.running_var]
        if kind:
            names = [f"{number}.{i}" for i in range(len(values))]
            tensors += [onnx.numpy_helper.from_array(v.detach().numpy(), n) for v, n in zip(values, names, strict=True)]
            more = {"epsilon": module.eps} if kind == "BatchNormalization" else {}
            nodes.append(onnx.helper.make_node(kind, ["x", *names], ["y"], **more))
    return onnx.helper.make_graph(nodes, "net", [], [], tensors)


def test_a_rectifier_of_channel_slopes_is_prelu():
    """What is below zero keeps its channel's part of itself, negative and large parts too."""
    rectifier = sface.ChannelSlopes(3)
    slopes = torch.tensor([-0.8, 0.1, 1.1])
    rectifier.slope.data.copy_(slopes.view(1, 3, 1, 1))
    x = torch.randn(2, 3, 4, 4)
    assert torch.allclose(torch.nn.functional.prelu(x, slopes), rectifier(x), atol=1e-6)


def test_filling_folds_every_norm(published):
    """The filled network computes what the one with batch norms does, that before the linear layer included."""
    net = sface.SFace(**SMALL).eval()
    sface.fill(net, graph_of(published))
    crops = torch.randn(3, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(published(crops), net(crops), atol=1e-5)


def test_both_halves_are_the_whole(small):
    """`upper` of `lower` is the network."""
    crops = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(small(crops), small.upper(small.lower(crops)))
        assert (2, 8, 16, 16) == tuple(small.lower(crops).shape)


def test_the_export_holds_no_prelu(small, tmp_path):
    """Rectifiers leave as Mul, Relu, Mul, Add, which ONNX Runtime runs in half the time, and compute the same."""
    pytest.importorskip("onnxscript")
    from train.nets.export import export_onnx

    off = export_onnx(small, tmp_path / "small.onnx", side=16, storage="float32")
    operators = [node.op_type for node in onnx.load(tmp_path / "small.onnx").graph.node]
    assert off < 1e-5
    assert "PRelu" not in operators
    assert (5, 5) == (operators.count("Relu"), operators.count("Add"))


def test_folded_rectifiers_compute_the_same(small):
    """Each channel's factor goes into the next layer, slopes beyond 1 and at 1 included; the network stays."""
    with torch.no_grad():
        small.layers()[0][1].slope[0, :3, 0, 0] = torch.tensor([1.0, 1.2, 0.9995])
    crops = torch.randn(3, 3, 16, 16)
    before = {name: value.clone() for name, value in small.state_dict().items()}
    with torch.no_grad():
        torch.testing.assert_close(sface.folded(small)(crops), small(crops), rtol=1e-3, atol=1e-3)
    assert all(torch.equal(value, before[name]) for name, value in small.state_dict().items())
    again = sface.folded(sface.folded(small))
    assert [f"stem.{name}" for name in ("0.weight", "0.bias", "1.leak")] == [
        name for name, _ in again.named_parameters() if name.startswith("stem")
    ]


def test_folded_parts_of_a_larger_network(small):
    """An SFace inside another network is folded, too, and one without is copied."""
    outer = torch.nn.Sequential(small, torch.nn.Linear(5, 2)).eval()
    crops = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(sface.folded(outer)(crops), outer(crops), rtol=1e-4, atol=1e-5)
    assert {"Leak"} == {type(rectifier).__name__ for _, rectifier in sface.folded(outer)[0].layers()}


@pytest.mark.parametrize("folds", [False, True])
def test_what_a_file_keeps_is_read_back(small, folds):
    """Files of either form, slopes and leaks, give the network that they were written of."""
    from train.nets.models import as_stored

    written = sface.folded(small) if folds else small
    stored = {f"network.{name}": value.detach().numpy() for name, value in written.named_parameters()}
    crops = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        read = as_stored(sface.SFace(**SMALL).eval(), stored, "small")(crops)
        torch.testing.assert_close(read, small(crops), rtol=1e-4, atol=1e-5)
    fresh = sface.SFace(**SMALL)
    torch.nn.init.zeros_(fresh.stem[0].bias)
    del stored["network.stem.0.bias"]
    assert not as_stored(fresh, stored, "small").stem[0].bias.any(), "what begins at zero may be left out"
    with pytest.raises(WeightsUnusable, match="not of its recipe"):
        as_stored(sface.SFace(**SMALL), stored, "small")


def test_a_graph_of_other_layers_is_refused(published):
    """Too few layers, and layers of another width, are errors of one line, not half a network."""
    net = sface.SFace(**SMALL)
    graph = graph_of(published)
    del graph.node[0]
    with pytest.raises(WeightsUnusable, match="expected 5 convolutions"):
        sface.fill(net, graph)
    with pytest.raises(WeightsUnusable, match="does not fit"):
        sface.fill(sface.SFace(**(SMALL | {"stem": 7})), graph_of(published))


def test_other_files_are_refused(tmp_path):
    """An absent file, and one that is not the published one to the byte, are refused before anything is read of it."""
    (tmp_path / "other.onnx").write_bytes(b"other")
    with pytest.raises(WeightsUnusable, match="not SFace as published"):
        sface.sface(tmp_path / "other.onnx")
    with pytest.raises(WeightsUnusable, match="cannot be read"):
        sface.sface(tmp_path / "absent.onnx")


def test_one_altered_byte_is_refused(shared_data, tmp_path):
    """A weight that somebody changed is noticed."""
    content = bytearray((shared_data / "weights" / PUBLISHED).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / PUBLISHED).write_bytes(content)
    with pytest.raises(WeightsUnusable, match="not SFace as published"):
        sface.sface(tmp_path / PUBLISHED)


def test_sface_equals_the_published_file(shared_data, astronaut):
    """The rebuilt network computes what the published file computes, on noise and on a portrait."""
    file = shared_data / "weights" / PUBLISHED
    model = onnx.load(file)
    del model.graph.input[1:]  # initialisers are listed there, which ONNX Runtime warns of
    session = onnx_runtime().InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    noise = np.random.default_rng(1).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    pixels = np.concatenate([noise, astronaut[None, 60:172, 160:272]]).transpose(0, 3, 1, 2).astype(np.float32)
    expected = np.concatenate([session.run(None, {"data": one[None]})[0] for one in pixels])
    with torch.no_grad():
        actual = sface.sface(file).eval()((torch.from_numpy(pixels) - 127.5) / 128).numpy()
    assert np.abs(expected - actual).max() < 1e-5


def test_training_takes_the_same_rectifier(small):
    """In training PyTorch's own rectifier stands in for the exported sum: same outputs, same gradients."""
    x = torch.randn(2, 3, 16, 16)
    slopes = [rectifier.slope for _, rectifier in small.layers()]
    results = []
    for net in (small.eval(), small.train()):
        out = net(x)
        results.append((out, *torch.autograd.grad(out.square().sum(), slopes)))
    for expected, actual in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)
