"""What the small face network does to a picture before and after its convolutions."""

import pytest

torch = pytest.importorskip("torch")

from train.nets.siamese import SmallFaceNet, standardised  # noqa: E402 - after the skip

SMALL = (4, 4, 8, 8)


def test_standardised_pictures_have_mean_zero_and_deviation_one():
    """Each picture is brought there by itself, and a plain one stays without noise."""
    torch.manual_seed(1)
    pictures = torch.rand(3, 1, 16, 16) * torch.tensor([0.1, 1.0, 0.0]).view(3, 1, 1, 1) + 0.3
    out = standardised(pictures)
    assert pytest.approx([0.0, 0.0, 0.0], abs=1e-4) == out.mean((1, 2, 3)).tolist()
    assert pytest.approx([1.0, 1.0, 0.0], abs=1e-3) == out.std((1, 2, 3)).tolist()


def test_light_and_contrast_do_not_count():
    """A standardising network embeds a darker, flatter copy as it embeds the picture; one that does not, does not."""
    torch.manual_seed(2)
    picture = torch.rand(2, 1, 32, 32)
    for standardise in (True, False):
        net = SmallFaceNet(dim=4, side=32, widths=SMALL, standardise=standardise).eval()
        assert standardise == torch.allclose(net(picture), net(0.4 * picture - 0.2), atol=1e-4)


def test_mirror_images_are_one_once_training_is_over():
    """With `mirror` a face and its mirror image have one embedding when judged, and their own while trained."""
    torch.manual_seed(3)
    picture = torch.rand(4, 1, 32, 32)
    net = SmallFaceNet(dim=4, side=32, widths=SMALL, dropout=0.0, mirror=True)
    assert not torch.allclose(net(picture), net(picture.flip(-1)), atol=1e-4)
    net.eval()
    assert torch.allclose(net(picture), net(picture.flip(-1)), atol=1e-5)
    assert (4, 4) == tuple(net(picture).shape)
