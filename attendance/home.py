"""Where the home lies, and the detector and encoder that its settings ask for."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attendance.errors import HomeUnknown
from attendance.settings import Resolved, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from datetime import datetime

    from enroll.card import EncoderCard
    from enroll.pipeline import Pipeline
    from gallery.ports import Database

ENCODER_IN_FORCE = "encoder"
"""Under which a home keeps the name of the encoder that all its processes go by, whatever their settings say."""
HOME_ENV, FOLDER_ENV = "ATTENDANCE_HOME", "ATTENDANCE_FOLDER"


def home_folder(home: Path | str | None = None) -> Path:
    """The folder given, else that of ``ATTENDANCE_HOME``, else the platform's place for data.

    Where that is the address of a database on a server, its folder on this computer, which names it from now on: the
    one of ``ATTENDANCE_FOLDER``, else one of its own in the platform's place. Raises HomeUnknown for an account without
    a home (a service, a container) where nothing is given; AddressInvalid, and NotEmpty for the folder of another home.
    """
    chosen = home or os.environ.get(HOME_ENV)
    if isinstance(chosen, str) and (":" in chosen or "=" in chosen):
        from gallery.locations import is_address

        if is_address(chosen):
            return _folder_of(chosen)
    return user_path(chosen) if chosen else _platform_folder()


def _folder_of(address: str) -> Path:
    from gallery.locations import parsed, point_at

    found, given = parsed(address), os.environ.get(FOLDER_ENV)
    folder = user_path(given) if given else _platform_folder() / "databases" / found.folder_name
    point_at(folder, found)
    return folder


def _platform_folder() -> Path:
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


def keep_zone(home: Path, zone: str | None, at: "datetime") -> str | None:
    """Write the zone of a new home's site into its settings: the one given, else the computer's.

    Days are those of the site from the first one on, wherever the home is opened later. UTC is not taken unless it is
    given: servers and containers have it that nobody set, and hardly a site does. Returns in words what was taken;
    None where nothing was, as the computer's zone is in doubt or UTC. Raises SettingValue, SettingsFile.
    """
    from attendance.settings import save
    from attendance.zones.computer import computer_zone
    from attendance.zones.names import is_utc

    if zone is not None:
        return f"{save(home, 'time_zone', zone)}, as given"
    found = computer_zone(at)
    if found.warning is not None or is_utc(found.name):
        return None
    return f"{save(home, 'time_zone', found.name)}, told by {found.origin}"


def in_force(resolved: Resolved, store: "Database") -> Resolved:
    """The settings with the encoder that was put in force for the whole home, where one was."""
    name = store.meta(ENCODER_IN_FORCE)
    if name is None or name == resolved.values.encoder:
        return resolved
    values = dataclasses.replace(resolved.values, encoder=name)
    return dataclasses.replace(resolved, values=values, origins={**resolved.origins, "encoder": "home"})


def in_force_at(home: Path, resolved: Resolved) -> Resolved:
    """As `in_force`, of a home that need not be there or open; the settings alone count where it does not."""
    from gallery.errors import GalleryError
    from gallery.opening import is_there, open_database

    try:
        if not is_there(home):
            return resolved
        with open_database(home, create=False, read_only=True) as store:
            return in_force(resolved, store)
    except GalleryError:
        return resolved


def encoder_folder(name: str) -> Path:
    """The folder of an encoder, as `enroll.encoder_folder`; raises HomeUnknown where nobody has the ``~`` in it."""
    from enroll.errors import EncoderMissing
    from enroll.registry import encoder_folder as folder_of

    try:
        return folder_of(name)
    except EncoderMissing as error:
        raise HomeUnknown(name, error.detail) from error


def encoder_card(name: str) -> "EncoderCard":
    """What is known of an encoder, without loading it where it ships or lies in a folder; raises as the others do."""
    from enroll.registry import encoder_card as card_of

    encoder_folder(name)
    return card_of(name)


def pipeline_id(settings: Settings) -> str:
    """What templates are made with as the settings want it, from the cards alone; raises as loading it does."""
    from enroll.pipeline import pipeline_id as id_of

    encoder_folder(settings.encoder)
    return id_of(settings.encoder, detector=settings.detector)


def former_name(pipeline: str, card: "EncoderCard") -> str | None:
    """What earlier versions called this pipeline, which told the encoder alone; None where it is another one."""
    return card.id if card.pipeline == pipeline else None


def load_pipeline(settings: Settings) -> "Pipeline":
    """Detector, screens and encoder as the settings want them."""
    from enroll.pipeline import open_pipeline

    encoder_folder(settings.encoder)
    pipeline = open_pipeline(
        settings.encoder,
        threads=settings.threads,
        detector_min_score=settings.detector_min_score,
        detector=settings.detector,
        screens=settings.screen_names,
    )
    check = {"min_face_px": settings.min_face_px}
    enrol = {"min_face_px": settings.enroll_min_face_px, "min_score": settings.enroll_min_quality}
    return dataclasses.replace(
        pipeline,
        limits=dataclasses.replace(pipeline.limits, **_given(check)),
        enrol_limits=dataclasses.replace(pipeline.enrol_limits, **_given(enrol)),
    )


def load_ahead(settings: Settings) -> "Pipeline":
    """The pipeline, for whoever will read photos, too: their decoder begins meanwhile."""
    from enroll.decoder import DECODER

    DECODER.start()
    return load_pipeline(settings)


def _given(values: "Mapping[str, int | None]") -> dict[str, Any]:
    """The limits that a setting overrules; the cards' hold for the others."""
    return {name: value for name, value in values.items() if value is not None}


def in_background(work: "Callable[[], Pipeline]") -> "Future[Pipeline]":
    """Begin the work in a thread of its own; its error comes with the result."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1, thread_name_prefix="attendance-load")
    try:
        return pool.submit(work)
    finally:
        pool.shutdown(wait=False)
