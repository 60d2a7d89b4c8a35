"""attendance train: hands over to the training tools, which are an extra."""

from typing import Any

import typer

EXTRA = frozenset({"torch", "torchvision", "timm", "pytorch_metric_learning"})


def train(context: typer.Context) -> None:
    """Make your own encoder: fetch, crops, clean, fit, eval, export, compare, demo (needs attendance[train])."""
    try:
        from train.cli import app
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    try:
        result: Any = app(args=list(context.args), prog_name="attendance train", standalone_mode=False)
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    if isinstance(result, int) and result:
        raise typer.Exit(result)


def _missing(error: ModuleNotFoundError) -> Exception:
    from attendance.errors import TrainMissing

    return TrainMissing("train", f"{error.name} is not installed")
