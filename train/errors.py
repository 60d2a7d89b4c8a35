"""Errors of the training package.

TrainError
├── WeightsUnusable     weights.unusable
├── DataMissing         data.missing
├── FetchFailed         data.fetch
├── ManifestInvalid     data.manifest
├── SourceRefused       data.source
├── TestPersonRefused   data.test_person
├── RecipeInvalid       recipe.invalid
├── CheckpointRefused   checkpoint.refused
├── CheckpointUnwritten checkpoint.unwritten
├── TrainingDiverged    training.diverged
├── DeviceMissing       device.missing
├── DemoMissing         demo.missing
├── ExportUnequal       export.unequal
├── FiguresForeign      figures.foreign
├── PeerMissing         peer.missing
├── MeasureFailed       measure.failed
├── OutUnwritten        out.unwritten
└── WorkerLost          worker.lost
"""
# ruff: noqa: N818 - the ids and the tree say "error"; the names say which one

from typing import ClassVar


class TrainError(Exception):
    """Base of every error that training raises on purpose; prints as one line `where: detail`."""

    id: ClassVar[str] = "train.failed"
    exit_code: ClassVar[int] = 1
    help: ClassVar[str] = "Run again with --debug for the traceback."

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(" ".join(f"{where}: {detail}".split()))
        self.where = where
        self.detail = detail


class WeightsUnusable(TrainError):
    """Initial weights that cannot be read or do not fit the network."""

    id = "weights.unusable"
    help = "Give the file that the network's published source offers."


class DataMissing(TrainError):
    """A data set is not where it was looked for."""

    id = "data.missing"
    help = "Point to it with --data, or see `attendance train fetch`."


class FetchFailed(TrainError):
    """A data set could not be downloaded."""

    id = "data.fetch"
    help = "Check the network, or take a copy over with --from FOLDER or ZIP."


class ManifestInvalid(TrainError):
    """A list, file or set of photos that cannot be trained on as it stands."""

    id = "data.manifest"
    help = "Correct the row, file or number that it names, then run the same command again."


class SourceRefused(TrainError):
    """Photos that no training set can be made of, or a set that cannot be told from another."""

    id = "data.source"
    exit_code = 2
    help = "Give folders or zips with a folder per person, two photos of some; see `attendance train crops --help`."


class TestPersonRefused(TrainError):
    """A training or development set holds people that are kept for the final measurement."""

    __test__ = False  # pytest: not a test class
    id = "data.test_person"
    help = "Leave the people of the test list out of every training and development set."


class RecipeInvalid(TrainError):
    """A recipe with unknown or ill-typed entries."""

    id = "recipe.invalid"
    exit_code = 2
    help = "See train/recipes for complete examples."


class CheckpointRefused(TrainError):
    """A checkpoint that another recipe wrote, or that cannot be read."""

    id = "checkpoint.refused"
    exit_code = 2
    help = "Choose another output folder, or go back to the recipe that wrote the checkpoint."


class CheckpointUnwritten(TrainError):
    """A checkpoint could not be written; the one before it is untouched."""

    id = "checkpoint.unwritten"
    exit_code = 3
    help = "Free some space and run the same command again: it resumes from the last checkpoint."


class TrainingDiverged(TrainError):
    """The loss stopped being a number."""

    id = "training.diverged"
    help = "Lower the learning rate; the last checkpoint before it is kept."


class DeviceMissing(TrainError):
    """The recipe asks for a device that this machine does not have."""

    id = "device.missing"
    exit_code = 2
    help = 'Use device = "cpu" or "auto".'


class DemoMissing(TrainError):
    """The demo page's library is not installed."""

    id = "demo.missing"
    exit_code = 2
    help = "Install it with: pip install 'attendance[train,demo]'."


class ExportUnequal(TrainError):
    """The exported file does not compute what the network computes."""

    id = "export.unequal"
    help = "Nothing was written; report the network and the versions of torch and onnxruntime."


class FiguresForeign(TrainError):
    """Figures were measured on another encoder than the one whose card should hold them."""

    id = "figures.foreign"
    help = "Evaluate the encoder again; its card keeps what it said before."


class PeerMissing(TrainError):
    """A peer that is installed by hand is not there."""

    id = "peer.missing"
    exit_code = 2
    help = "Install it with: pip install dlib-bin && pip install --no-deps face_recognition_models."


class MeasureFailed(TrainError):
    """The process that measures an encoder's cost ended early."""

    id = "measure.failed"
    help = "Run again with fewer other programs, or see the message of that process."


class OutUnwritten(TrainError):
    """A result could not be written; what was there before is untouched."""

    id = "out.unwritten"
    exit_code = 3
    help = "Free some space or choose another --out; the same command goes on where it stood."


class WorkerLost(TrainError):
    """A worker process ended without a word, most often for want of memory."""

    id = "worker.lost"
    exit_code = 3
    help = "Run the same command again, with fewer --processes: photos that are finished are kept."
