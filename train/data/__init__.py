"""Data sets for training: each becomes `Pictures`, test people refused."""

from train.data.pictures import Pictures

__all__ = ["Pictures"]
