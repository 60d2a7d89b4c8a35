"""Where the home lies, and the detector and encoder that its settings ask for."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from attendance.errors import HomeUnknown
from attendance.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from enroll.pipeline import Pipeline

HOME_ENV = "ATTENDANCE_HOME"


def home_folder(home: Path | str | None = None) -> Path:
    """The folder given, else that of ``ATTENDANCE_HOME``, else the platform's place for data.

    Raises HomeUnknown for an account without a home (a service, a container) where nothing is given.
    """
    chosen = home or os.environ.get(HOME_ENV)
    if chosen:
        return user_path(chosen)
    from platformdirs import user_data_path

    try:
        return user_data_path("attendance")
    except (RuntimeError, OSError, KeyError) as error:
        raise HomeUnknown("home", "no home folder is known for this account") from error


def user_path(path: Path | str) -> Path:
    """The path with a leading ``~`` resolved; raises HomeUnknown where there is nobody of that name, or no home."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, OSError, KeyError) as error:
        raise HomeUnknown(str(path), "the home folder that ~ stands for is not known") from error


def encoder_folder(name: str) -> Path:
    """The folder of an encoder: a shipped one by name, any other by its path, in which ``~`` is understood."""
    from enroll.encoder import MODELS

    shipped = MODELS / name
    return shipped if Path(name).name == name and shipped.is_dir() else user_path(name)


def load_pipeline(settings: Settings) -> "Pipeline":
    """Detector and encoder as the settings want them."""
    from enroll.pipeline import open_pipeline
    from enroll.quality import CHECK_LIMITS, ENROLL_LIMITS

    return open_pipeline(
        encoder_folder(settings.encoder),
        threads=settings.threads,
        detector_min_score=settings.detector_min_score,
        limits=dataclasses.replace(CHECK_LIMITS, min_face_px=settings.min_face_px),
        enrol_limits=dataclasses.replace(
            ENROLL_LIMITS, min_face_px=settings.enroll_min_face_px, min_score=settings.enroll_min_quality
        ),
    )


def in_background(work: "Callable[[], Pipeline]") -> "Future[Pipeline]":
    """Begin the work in a thread of its own; its error comes with the result."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1, thread_name_prefix="attendance-load")
    try:
        return pool.submit(work)
    finally:
        pool.shutdown(wait=False)
