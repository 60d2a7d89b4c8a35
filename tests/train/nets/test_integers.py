"""Pointwise layers in 8-bit integers: the same network before, nearly the same after, and no sum that overflows."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from enroll.telemetry import onnx_runtime  # noqa: E402 - after the skip
from train.errors import RecipeInvalid  # noqa: E402
from train.nets import integers  # noqa: E402
from train.nets.export import Unit, export_onnx, lost_cosine  # noqa: E402
from train.nets.sface import SFace, folded  # noqa: E402
from train.nets.storage import stored_weights  # noqa: E402
from train.tensors import to_tensor  # noqa: E402

BLOCKS = ((16, 1), (24, 2), (24, 1), (32, 1), (48, 2), (48, 1))
SIDE = 32
LARGEST = 64
"""Of a weight: two products with 255 then stay in 16 bits."""


class Network(torch.nn.Module):
    """An SFace of six pairs, its channels as unlike as trained ones, inside another network."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.part = SFace(BLOCKS, stem=8, side=SIDE, dim=24, lower=4)
        for convolution, rectifier in self.part.layers():
            torch.nn.init.uniform_(rectifier.slope, -0.8, 0.9)
            with torch.no_grad():
                convolution.weight.mul_(torch.exp(torch.randn(len(convolution.weight), 1, 1, 1)))

    def forward(self, x):
        return self.part(x)


@pytest.fixture
def network():
    return Network().eval()


@pytest.fixture
def faces(astronaut):
    """Shifted crops of a portrait (24, 32, 32, 3)."""
    return np.stack([astronaut[60 + 6 * n : 156 + 6 * n : 3, 160:256:3] for n in range(24)])


def quantised_weights(path):
    """What convolutions that read quantised weights read, by name."""
    return {
        tensor.name.removesuffix("_quantized"): onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(path).graph.initializer
        if tensor.name.endswith("weight_quantized")
    }


def test_like_ranges_change_nothing_that_is_computed(network, faces):
    """Channels that differ tenfold come to one range, and the embedding stays."""
    crops, before = to_tensor(faces), folded(network)
    after = integers.equalised(before, crops)
    with torch.no_grad():
        torch.testing.assert_close(after(crops), before(crops), rtol=1e-3, atol=1e-4)
        spread = [
            [float(given.max() / given.min()) for given in integers._ranges(net.part, crops)[1]]
            for net in (before, after)
        ]
    assert min(spread[0]) > 5
    assert max(spread[1]) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_integers_keep_the_direction(network, faces, tmp_path, storage):
    """A face's embedding turns by little, alone and in a batch, and no 16-bit sum of two products overflows."""
    path = tmp_path / "encoder.onnx"
    off = export_onnx(network, path, side=SIDE, storage=storage, faces=faces[::2], integers_by=faces)
    assert 1e-6 < off < 0.04
    assert off == pytest.approx(lost_cosine(Unit(folded(network)).eval(), path, to_tensor(faces[::2])), abs=1e-4)
    found = quantised_weights(path)
    assert {f"network.part.{name}.1.0.weight" for name in ("above.0", "above.1")} == set(found)
    assert {LARGEST} == {int(np.abs(weight.astype(int)).max()) for weight in found.values()}


def test_products_are_of_integers_at_run_time(network, faces, tmp_path):
    """ONNX Runtime takes what it reads for quantised convolutions and does not widen them again."""
    onnxruntime = onnx_runtime()
    export_onnx(network, tmp_path / "encoder.onnx", side=SIDE, storage="int8", faces=faces, integers_by=faces)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession((tmp_path / "encoder.onnx").read_bytes(), options, providers=["CPUExecutionProvider"])
    operators = [node.op_type for node in onnx.load(tmp_path / "loaded.onnx").graph.node]
    assert operators.count("QLinearConv") == len(BLOCKS) - integers.FLOAT_PAIRS
    assert "Cast" not in operators


def test_what_integers_keep_is_read_back(network, faces, tmp_path):
    """Weights and biases come back by name, nearly as they were made."""
    export_onnx(network, tmp_path / "encoder.onnx", side=SIDE, storage="int8", faces=faces, integers_by=faces)
    found = stored_weights(tmp_path / "encoder.onnx")
    made = integers.equalised(folded(network), to_tensor(faces))
    for name, values in made.named_parameters():
        kept = found[f"network.{name}"]
        assert values.shape == kept.shape
        assert np.abs(values.detach().numpy() - kept).max() <= np.abs(values.detach().numpy()).max() / 100


def test_layers_that_see_the_picture_first_keep_16_bits(network, faces, tmp_path, monkeypatch):
    """8 bits are for what is left: the linear layer."""
    monkeypatch.setattr("train.nets.storage.SMALLEST", 1)
    export_onnx(network, tmp_path / "encoder.onnx", side=SIDE, storage="int8", faces=faces, integers_by=faces)
    kinds = {tensor.name: tensor.data_type for tensor in onnx.load(tmp_path / "encoder.onnx").graph.initializer}
    assert ["network.part.project.weight_int8"] == [name for name in kinds if name.endswith("_int8")]
    assert kinds["network.part.stem.0.weight_half"] == onnx.TensorProto.FLOAT16


def test_only_sface_is_computed_in_integers(faces, tmp_path):
    """Another network is refused before anything is written, and so is a weight that no convolution has."""
    other = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.Flatten())
    with pytest.raises(RecipeInvalid, match="only SFace"):
        export_onnx(other, tmp_path / "encoder.onnx", side=SIDE, integers_by=faces)
    assert not list(tmp_path.iterdir())
    export_onnx(other, tmp_path / "encoder.onnx", side=SIDE, storage="float32")
    with pytest.raises(ValueError, match=r"no convolution has network\.9\.weight"):
        integers.compute_in_integers(tmp_path / "encoder.onnx", {"network.9.weight"}, to_tensor(faces).numpy())
