"""Makes encoders: data, losses, one training loop, evaluation, calibration and export. Needs the extra `train`."""

from train.errors import TrainError

__all__ = ["TrainError"]
