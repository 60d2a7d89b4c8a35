"""From a photo to a template: read, detect, align, assess, embed.

Names load on first use, so that importing the package costs nothing.
"""

# ruff: noqa: F403, F405  the whole tree of errors is public; a test holds the names of __all__ against it

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enroll.card import EncoderCard, ScoreModel, load_card
    from enroll.detectors.finder import FaceFinder
    from enroll.encoder import OnnxEncoder
    from enroll.errors import *
    from enroll.face import Chip, Detection, Face, Photo, Quality, Template
    from enroll.kinds import PHOTO_SUFFIXES
    from enroll.limits import CHECK_LIMITS, ENROLL_LIMITS, CardLimits, QualityLimits
    from enroll.photo import decode_photo, find_photos, read_photo
    from enroll.photolimits import PhotoLimits
    from enroll.pipeline import Pipeline, open_pipeline, pipeline_id
    from enroll.registry import Options, encoder_folder, load_encoder, open_encoder, register
    from enroll.roster import Entry, Roster, clean_name, name_photos, read_roster, skipped_files, walk_folder
    from enroll.screens.quality import QualityScreen, assess
    from enroll.stages import Detector, Encoder, Refiner, Screen, Screened, Sight

__all__ = [
    "CHECK_LIMITS",
    "ENROLL_LIMITS",
    "PHOTO_SUFFIXES",
    "CardInvalid",
    "CardLimits",
    "Chip",
    "Detection",
    "Detector",
    "DetectorAltered",
    "DetectorError",
    "DetectorFailed",
    "DetectorMissing",
    "Encoder",
    "EncoderAltered",
    "EncoderCard",
    "EncoderError",
    "EncoderFailed",
    "EncoderMissing",
    "EnrollError",
    "Entry",
    "Face",
    "FaceError",
    "FaceFinder",
    "NameInvalid",
    "NoFace",
    "OnnxEncoder",
    "Options",
    "PartUnknown",
    "Photo",
    "PhotoDamaged",
    "PhotoEmpty",
    "PhotoError",
    "PhotoIsDirectory",
    "PhotoLimits",
    "PhotoMissing",
    "PhotoRefused",
    "PhotoTooManyBytes",
    "PhotoTooManyPixels",
    "PhotoTooSmall",
    "PhotoTruncated",
    "PhotoUnknownFormat",
    "PhotoUnreadable",
    "Pipeline",
    "Quality",
    "QualityLimits",
    "QualityScreen",
    "Refiner",
    "Roster",
    "RosterBroken",
    "RosterDeep",
    "RosterEmpty",
    "RosterEncoding",
    "RosterError",
    "RosterHeader",
    "RosterMissing",
    "RosterRow",
    "ScoreModel",
    "Screen",
    "ScreenFailed",
    "Screened",
    "SeveralFaces",
    "Sight",
    "StageError",
    "Template",
    "assess",
    "clean_name",
    "decode_photo",
    "encoder_folder",
    "find_photos",
    "load_card",
    "load_encoder",
    "name_photos",
    "open_encoder",
    "open_pipeline",
    "pipeline_id",
    "read_photo",
    "read_roster",
    "register",
    "skipped_files",
    "walk_folder",
]

# Whatever has no home here is an error.
_HOME = {
    "card": ("EncoderCard", "ScoreModel", "load_card"),
    "detectors.finder": ("FaceFinder",),
    "encoder": ("OnnxEncoder",),
    "face": ("Chip", "Detection", "Face", "Photo", "Quality", "Template"),
    "kinds": ("PHOTO_SUFFIXES",),
    "limits": ("CHECK_LIMITS", "ENROLL_LIMITS", "CardLimits", "QualityLimits"),
    "photolimits": ("PhotoLimits",),
    "photo": ("decode_photo", "find_photos", "read_photo"),
    "pipeline": ("Pipeline", "open_pipeline", "pipeline_id"),
    "registry": ("Options", "encoder_folder", "load_encoder", "open_encoder", "register"),
    "roster": ("Entry", "Roster", "clean_name", "name_photos", "read_roster", "skipped_files", "walk_folder"),
    "screens.quality": ("QualityScreen", "assess"),
    "stages": ("Detector", "Encoder", "Refiner", "Screen", "Screened", "Sight"),
}
_MODULE_OF = dict.fromkeys(__all__, "errors") | {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name from its module (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
