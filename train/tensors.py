"""Pixels as the tensors that networks take."""

import numpy as np
import torch
from torch import Tensor

PIXEL_MEAN = 127.5
PIXEL_STD = 128.0


def to_tensor(pixels: np.ndarray) -> Tensor:
    """Pictures (n, H, W, C) uint8 as float (n, C, H, W), normalised as `(x - 127.5) / 128`."""
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    return (torch.from_numpy(planes).float() - PIXEL_MEAN) / PIXEL_STD
