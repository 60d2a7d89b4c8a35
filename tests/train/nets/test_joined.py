"""Networks rebuilt from published weights."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from enroll.telemetry import open_vino  # noqa: E402 - after the skip
from train.errors import WeightsUnusable  # noqa: E402
from train.nets import joined as nets  # noqa: E402 - after the skip


def test_resample_equals_plain_interpolation():
    """The two matrix products draw what bilinear sampling at each position draws."""
    picture = torch.rand(1, 1, 12, 12)
    drawn = nets.Resample((1.5, 2.25), 1.5, 8, 12)(picture)[0, 0].numpy()
    source = picture[0, 0].numpy()
    for y in range(8):
        for x in range(8):
            at_y, at_x = 2.25 + y / 1.5, 1.5 + x / 1.5
            y0, x0 = int(at_y), int(at_x)
            fy, fx = at_y - y0, at_x - x0
            top = source[y0, x0] * (1 - fx) + source[y0, x0 + 1] * fx
            bottom = source[y0 + 1, x0] * (1 - fx) + source[y0 + 1, x0 + 1] * fx
            assert drawn[y, x] == pytest.approx(top * (1 - fy) + bottom * fy, abs=1e-5)


def test_folding_keeps_the_function():
    """A trunk without its batch norms computes what it computed with them."""
    torch.manual_seed(1)
    trunk = nets._trunk(nets.MOBILEFACENET_BLOCKS).eval()
    for module in trunk.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    crops = torch.randn(2, 3, 112, 112)
    with torch.no_grad():
        expected = trunk.forward_features(crops)
        nets.fold_batchnorms(trunk)
        actual = trunk.forward_features(crops)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in trunk.modules())
    assert torch.allclose(expected, actual, atol=1e-3)


def test_a_head_starts_at_the_identity():
    """A new joined encoder is exactly its parts side by side."""
    torch.manual_seed(2)
    model = nets.Joined([nets.mobilefacenet(), nets.retail_0095()], (0.4, 0.6)).eval()
    crops = torch.randn(2, 3, 112, 112)
    with torch.no_grad():
        whole, below = model(crops), model.below_head(crops)[0]
        parts = [torch.nn.functional.normalize(part(crops)) for part in model.parts]
    assert torch.allclose(whole, below)
    assert torch.allclose(whole @ whole.T, 0.4 * parts[0] @ parts[0].T + 0.6 * parts[1] @ parts[1].T, atol=1e-5)


def test_0095_equals_openvino(shared_data):
    """The rebuilt network computes what OpenVINO computes from the published file."""
    openvino = open_vino()
    xml = shared_data / "weights" / "face-reidentification-retail-0095.xml"
    net = nets.retail_0095(xml).eval()
    published = openvino.Core().compile_model(str(xml), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    pixels = np.random.default_rng(1).uniform(0, 255, (1, 3, 128, 128)).astype(np.float32)
    expected = published(np.ascontiguousarray(pixels[:, ::-1]))[0].reshape(-1)
    net.warp = torch.nn.Identity()
    with torch.no_grad():
        actual = net((torch.from_numpy(pixels) - 127.5) / 128)[0].numpy()
    assert np.abs(expected - actual).max() < 1e-4


def test_mobilefacenet_takes_the_published_weights(shared_data):
    """Every published tensor finds its place: photos of one face are alike, others are not."""
    net = nets.mobilefacenet(shared_data / "weights" / "foamliu_mobilefacenet.pt").eval()
    with torch.no_grad():
        assert net(torch.zeros(2, 3, 112, 112)).shape == (2, 128)


def test_weights_that_do_not_fit(tmp_path):
    """A file with other tensors, or none, is one clear line."""
    torch.save({"conv1.0.weight": torch.zeros(3)}, tmp_path / "odd.pt")
    (tmp_path / "junk.pt").write_bytes(b"junk")
    for name in ("odd.pt", "junk.pt", "absent.pt"):
        with pytest.raises(WeightsUnusable):
            nets.mobilefacenet(tmp_path / name)
