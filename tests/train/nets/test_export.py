"""What goes out as ONNX equals the network, in each storage."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from enroll.telemetry import onnx_runtime  # noqa: E402 - after the skip
from train.errors import ExportUnequal, RecipeInvalid  # noqa: E402
from train.nets.export import Unit, difference, export_onnx, lost_cosine, sample_crops  # noqa: E402
from train.nets.storage import quantised, quantised_by_both, stored_weights  # noqa: E402
from train.tensors import to_tensor  # noqa: E402


class Tiny(torch.nn.Module):
    """A convolution, a linear layer, and a fixed warp, which is a matrix as well."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.register_buffer("warp", torch.eye(112) * 0.7 + torch.rand(112, 112) * 1e-3)
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 7, stride=8), torch.nn.ReLU(), torch.nn.Flatten())
        self.head = torch.nn.Linear(8 * 14 * 14, 16)

    def forward(self, x):
        return self.head(self.body(torch.matmul(x, self.warp)))


@pytest.fixture
def faces(astronaut):
    """Shifted crops of a portrait (6, 112, 112, 3)."""
    return np.stack([astronaut[60 + 4 * n : 172 + 4 * n, 160:272] for n in range(6)])


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The file of `Tiny` and how far it is off: ``exported("int8")``, ``exported("int8", faces=faces, wide=True)``.

    Each is made once for all tests, which only read it; `wide` has the linear layer count as wide.
    """
    made = {}

    def find(storage, faces=None, *, wide=False):
        key = (storage, faces is not None, wide)
        if key not in made:
            path = tmp_path_factory.mktemp("exported") / "encoder.onnx"
            with pytest.MonkeyPatch.context() as patch:
                if wide:
                    patch.setattr("train.nets.storage.WIDE", 16 * 8 * 14 * 14)
                made[key] = path, export_onnx(Tiny(), path, storage=storage, faces=faces)
        return made[key]

    return find


@pytest.mark.parametrize(("storage", "limit", "most"), [("float32", 1e-4, 170_000), ("float16", 5e-3, 95_000)])
def test_onnx_equals_pytorch(exported, storage, limit, most):
    """The exported file computes what the network computes, at any batch size; 16 bits halve the file."""
    path, off = exported(storage)
    assert off <= limit
    assert path.stat().st_size < most
    assert difference(Unit(Tiny()).eval(), path, sample_crops(112, samples=5)) <= limit


def test_eight_bits_keep_the_direction(exported, faces):
    """8-bit weights take a third of 32-bit ones and turn a face's embedding by less than the tolerance."""
    (plain, _), (eight, off) = exported("float32"), exported("int8", faces)
    assert difference(Unit(Tiny()).eval(), plain, to_tensor(faces)) <= 0.01
    assert off <= 0.01
    assert 3 * eight.stat().st_size < 2 * plain.stat().st_size
    assert 1e-7 < lost_cosine(Unit(Tiny()).eval(), eight, sample_crops(112))


@pytest.mark.parametrize(("storage", "off"), [("float32", 0.0), ("float16", 1e-4), ("int8", 1e-3), ("int4", 8e-3)])
def test_stored_weights_come_back_by_name(exported, storage, off):
    """Whatever a file keeps its weights in, they are read as the network named them."""
    found = stored_weights(exported(storage, wide=storage == "int4")[0])
    for name, values in Tiny().named_parameters():
        assert np.abs(values.detach().numpy() - found[f"network.{name}"]).max() <= off


def test_only_weights_go_to_eight_bits(exported):
    """Layers' weights are int8; a fixed matrix keeps 16 bits, biases 32."""
    kinds = {
        tensor.name: onnx.numpy_helper.to_array(tensor).dtype
        for tensor in onnx.load(exported("int8")[0]).graph.initializer
    }
    assert {"network.body.0.weight_int8", "network.head.weight_int8"} == {n for n, k in kinds.items() if k == np.int8}
    assert [np.float16] == [kind for name, kind in kinds.items() if kind == np.float16]
    assert kinds["network.head.bias"] == np.float32


def test_four_bits_are_for_wide_linear_layers(exported, faces):
    """They take half of what 8 bits do; convolutions keep 8, and a face's embedding stays where it was."""
    sizes = {}
    for storage in ("int8", "int4"):
        path, off = exported(storage, faces, wide=storage == "int4")
        assert off <= 0.01
        sizes[storage] = path.stat().st_size
    names = {tensor.name for tensor in onnx.load(path).graph.initializer}
    assert {"network.body.0.weight_int8", "network.head.weight_int4"} == {n for n in names if "_int" in n}
    assert 16 * 8 * 14 * 14 / 2 * 0.4 < sizes["int8"] - sizes["int4"]


def test_narrow_layers_keep_eight_bits(exported):
    """Where little is saved nothing is risked: the file is the same."""
    assert exported("int8")[0].read_bytes() == exported("int4")[0].read_bytes()


@pytest.mark.parametrize("storage", ["int8", "int4"])
def test_nothing_is_dequantised_at_run_time(exported, tmp_path, storage):
    """ONNX Runtime folds what widens the weights when it loads the file: a run computes no cast."""
    onnxruntime = onnx_runtime()

    path, _ = exported(storage, wide=storage == "int4")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    operators = {node.op_type for node in onnx.load(tmp_path / "loaded.onnx").graph.node}
    assert not operators & {"Cast", "DequantizeLinear", "BitwiseAnd", "BitShift", "Sub"}


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_quantised_weights_are_half_a_step_off_at_most(axis):
    """Each channel has its own step; a channel of zeros stays zero."""
    values = np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32) * np.array([1, 9, 0.01, 1, 1], np.float32)
    values[:, 2] = 0
    whole, scale = quantised(values, axis)
    assert whole.dtype == np.int8
    assert np.abs(values - whole * scale).max() <= scale.max() / 2 + 1e-6
    assert (np.abs(values - whole * scale) <= scale / 2 + 1e-6).all()
    assert not (whole * scale)[:, 2].any()


@pytest.mark.parametrize("transposed", [False, True])
def test_four_bits_go_by_outputs_and_inputs(transposed):
    """However much either differ, nearly all weights are half a step off at most; zeros stay zero."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(40, 300)) * rng.lognormal(0, 2, (40, 1)) * rng.lognormal(0, 2, (1, 300))
    values[3], values[:, 5] = 0, 0
    values = (values.T if transposed else values).astype(np.float32)
    whole, rows, columns = quantised_by_both(values)
    assert (np.int8, -8, 7) == (whole.dtype, whole.min(), whole.max())
    made = whole * rows * columns
    assert 0.99 < (np.abs(values - made) <= rows * columns * 0.5001).mean()
    assert not made[values == 0].any()
    assert not quantised_by_both(np.zeros((4, 6), np.float32))[0].any()


def test_an_unknown_storage_is_refused(tmp_path):
    """Before any work."""
    with pytest.raises(RecipeInvalid, match="float32, float16, int8, int4"):
        export_onnx(Tiny(), tmp_path / "encoder.onnx", storage="int2")


@pytest.mark.parametrize(
    ("change", "storage"), [(("TOLERANCE", -1.0), "float32"), (("TOLERANCES", {"int8": 0}), "int8")]
)
def test_an_unequal_file_is_not_written(tmp_path, monkeypatch, change, storage):
    """When ONNX Runtime disagrees, or 8 bits turn a face too far, nothing replaces the file that was there."""
    (tmp_path / "encoder.onnx").write_bytes(b"before")
    monkeypatch.setattr(f"train.nets.export.{change[0]}", change[1])
    with pytest.raises(ExportUnequal):
        export_onnx(Tiny(), tmp_path / "encoder.onnx", storage=storage)
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("encoder.onnx", b"before")]
