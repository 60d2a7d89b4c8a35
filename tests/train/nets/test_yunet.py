"""YuNet as a network: its structure, the published weights in it, and the file that comes out."""

import numpy as np
import pytest
import torch

from enroll.telemetry import onnx_runtime
from train.errors import ExportUnequal, WeightsUnusable
from train.nets.published import read_graph
from train.nets.yunet import HEADS, OUTPUTS, PUBLISHED_SHA256, STRIDES, export_yunet, fill, yunet


def seeded_net():
    """A random network that is the same each time."""
    torch.manual_seed(4)
    return yunet().eval()


def test_the_structure():
    """53,104 weights; a picture gives one map of sixteen channels a stride."""
    net = seeded_net()
    assert 53_104 == sum(value.numel() for value in net.parameters())
    maps = net(torch.zeros(2, 3, 64, 96))
    assert [(2, 16, 64 // stride, 96 // stride) for stride in STRIDES] == [tuple(level.shape) for level in maps]


def test_equals_the_published_network(shared_data):
    """With the published weights all outputs equal those of the published file within 1e-5."""
    path = shared_data / "weights" / "face_detection_yunet_2023mar.onnx"
    net = yunet(path).eval()
    noise = torch.rand(1, 3, 80, 80, generator=torch.Generator().manual_seed(2)) * 255
    picture = torch.nn.functional.interpolate(noise, size=(640, 640), mode="bilinear")
    session = onnx_runtime().InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    theirs = dict(zip(names, session.run(names, {"input": picture.numpy()[:, ::-1].copy()}), strict=True))
    with torch.no_grad():
        ours = net(picture)
    for stride, level in zip(STRIDES, ours, strict=True):
        rows, start = level[0].flatten(1).T, 0
        for kind, count in HEADS:
            part = rows[:, start : start + count]
            expected = theirs[f"{kind}_{stride}"][0]
            np.testing.assert_allclose(part.sigmoid() if count == 1 else part, expected, atol=1e-5)
            start += count


def test_any_other_file_is_refused(tmp_path, shared_data):
    """A file that is absent, and one that was changed, are no published weights."""
    with pytest.raises(WeightsUnusable, match="cannot be read"):
        yunet(tmp_path / "none.onnx")
    (tmp_path / "other.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsUnusable, match=PUBLISHED_SHA256[:12]):
        yunet(tmp_path / "other.onnx")
    graph = read_graph(shared_data / "weights" / "face_detection_yunet_2023mar.onnx", "YuNet", PUBLISHED_SHA256)
    del graph.node[0]
    with pytest.raises(WeightsUnusable, match="not this network"):
        fill(yunet(), graph)


@pytest.mark.parametrize("size", [(320, 256), (32, 64), (32, 32), (96, 416)])
def test_the_exported_file_equals_the_network_at_any_size(tmp_path, size):
    """The file gives the network's confidences and places at sizes it was not exported at, two pictures at once."""
    net = seeded_net()
    assert export_yunet(net, tmp_path / "detector.onnx") < 1e-5
    pictures = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(3)) * 255
    session = onnx_runtime().InferenceSession(
        (tmp_path / "detector.onnx").read_bytes(), providers=["CPUExecutionProvider"]
    )
    found = session.run(OUTPUTS, {"pictures": pictures.numpy()})
    with torch.no_grad():
        levels = net(pictures)
    for level, sure, place in zip(levels, found[::2], found[1::2], strict=True):
        np.testing.assert_allclose(sure, level[:, :1].sigmoid() * level[:, 1:2].sigmoid(), atol=1e-5)
        np.testing.assert_allclose(place, level[:, 2:], rtol=1e-5, atol=1e-5)


def test_a_file_that_differs_is_not_written(tmp_path, monkeypatch):
    """Where ONNX Runtime computes something else, nothing is left behind."""
    monkeypatch.setattr("train.nets.yunet._difference", lambda *_: float("nan"))
    with pytest.raises(ExportUnequal):
        export_yunet(seeded_net(), tmp_path / "detector.onnx")
    assert [] == list(tmp_path.iterdir())
