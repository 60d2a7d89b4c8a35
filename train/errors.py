"""Errors of the training package; docs/errors.md draws their tree."""
# ruff: noqa: N818 - the ids and the tree say "error"; the names say which one

from typing import Final

from refusal import Refusal

HELP: Final = {
    "train.failed": "Run again with --debug for the traceback.",
    "weights.unusable": "Give the file that the network's published source offers.",
    "pretrained.missing": (
        "Install what it names (the extra `train` brings it), or give a network to fetch timm's own weights over."
    ),
    "data.missing": "Point to it with --data, or see `attendance train fetch`.",
    "data.fetch": "Check the network, or take a copy over with --from FOLDER or ZIP.",
    "data.manifest": "Correct the row, file or number that it names, then run the same command again.",
    "data.source": (
        "Give folders or zips with a folder per person, two photos of some; see `attendance train crops --help`."
    ),
    "data.test_person": "Leave the people of the test list out of every training and development set.",
    "recipe.invalid": "See train/recipes for complete examples.",
    "checkpoint.refused": "Choose another output folder, or go back to the recipe that wrote the checkpoint.",
    "checkpoint.unwritten": "Free some space and run the same command again: it resumes from the last checkpoint.",
    "training.diverged": "Lower the learning rate; the last checkpoint before it is kept.",
    "device.missing": 'Use device = "cpu" or "auto".',
    "demo.missing": "Install it with: pip install 'attendance[train,demo]'.",
    "export.unequal": "Nothing was written; report the network and the versions of torch and onnxruntime.",
    "figures.foreign": "Evaluate the encoder again; its card keeps what it said before.",
    "peer.missing": "Install it with: pip install dlib-bin && pip install --no-deps face_recognition_models.",
    "measure.failed": "Run again with fewer other programs, or see the message of that process.",
    "out.unwritten": "Free some space or choose another --out; the same command goes on where it stood.",
    "worker.lost": "Run the same command again, with fewer --processes: photos that are finished are kept.",
}


class TrainError(Refusal, helps=HELP, id="train.failed"):
    """Base of every error that training raises on purpose; prints as one line `where: detail`."""


class WeightsUnusable(TrainError, id="weights.unusable"):
    """Initial weights that cannot be read or do not fit the network."""


class PretrainedMissing(TrainError, id="pretrained.missing", exit_code=2):
    """ImageNet weights that a recipe starts from are not there: no package that holds them, or no network."""


class DataMissing(TrainError, id="data.missing"):
    """A data set is not where it was looked for."""


class FetchFailed(TrainError, id="data.fetch"):
    """A data set could not be downloaded."""


class ManifestInvalid(TrainError, id="data.manifest"):
    """A list, file or set of photos that cannot be trained on as it stands."""


class SourceRefused(TrainError, id="data.source", exit_code=2):
    """Photos that no training set can be made of, or a set that cannot be told from another."""


class TestPersonRefused(TrainError, id="data.test_person"):
    """A training or development set holds people that are kept for the final measurement."""

    __test__ = False  # pytest: not a test class


class RecipeInvalid(TrainError, id="recipe.invalid", exit_code=2):
    """A recipe with unknown or ill-typed entries."""


class CheckpointRefused(TrainError, id="checkpoint.refused", exit_code=2):
    """A checkpoint that another recipe wrote, or that cannot be read."""


class CheckpointUnwritten(TrainError, id="checkpoint.unwritten", exit_code=3):
    """A checkpoint could not be written; the one before it is untouched."""


class TrainingDiverged(TrainError, id="training.diverged"):
    """The loss stopped being a number."""


class DeviceMissing(TrainError, id="device.missing", exit_code=2):
    """The recipe asks for a device that this machine does not have."""


class DemoMissing(TrainError, id="demo.missing", exit_code=2):
    """The demo page's library is not installed."""


class ExportUnequal(TrainError, id="export.unequal"):
    """The exported file does not compute what the network computes."""


class FiguresForeign(TrainError, id="figures.foreign"):
    """Figures were measured on another encoder than the one whose card should hold them."""


class PeerMissing(TrainError, id="peer.missing", exit_code=2):
    """A peer that is installed by hand is not there."""


class MeasureFailed(TrainError, id="measure.failed"):
    """The process that measures an encoder's cost ended early."""


class OutUnwritten(TrainError, id="out.unwritten", exit_code=3):
    """A result could not be written; what was there before is untouched."""


class WorkerLost(TrainError, id="worker.lost", exit_code=3):
    """A worker process ended without a word, most often for want of memory."""
