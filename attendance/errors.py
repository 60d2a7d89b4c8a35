"""Every refusal of the product, each with a stable id, an exit code and one sentence of help.

The tree::

    AttendanceError
    ├── CameraError
    │   ├── CameraAddress        camera.address       4
    │   ├── CameraAuth           camera.auth          4
    │   ├── CameraCertificate    camera.certificate   4
    │   ├── CameraLost           camera.lost          4
    │   ├── CameraMissing        camera.missing       4
    │   ├── CameraNoFrames       camera.no_frames     4
    │   └── CameraPath           camera.path          4
    ├── GroupUnknown             group.unknown        1
    ├── HomeUnknown              home.unknown         3
    ├── MarkError
    │   ├── MarkTime             mark.time            2
    │   ├── MarkUnknown          mark.unknown         1
    │   └── MarkVoided           mark.voided          1
    ├── PersonDuplicate          person.duplicate     1
    ├── PersonUnlike             person.unlike        1
    ├── SessionError
    │   ├── SessionClosed        session.closed       1
    │   ├── SessionDay           session.day          1
    │   ├── SessionExists        session.exists       1
    │   ├── SessionUnknown       session.unknown      1
    │   └── ZoneUnknown          session.zone         2
    ├── SettingsError
    │   ├── SettingUnknown       settings.unknown     2
    │   ├── SettingValue         settings.value       2
    │   └── SettingsFile         settings.file        3
    ├── SourceError
    │   ├── SourceCut            source.cut           1
    │   ├── SourceFailed         source.failed        1
    │   ├── SourceMissing        source.missing       1
    │   ├── SourceNoFrames       source.no_frames     1
    │   └── SourceUnsupported    source.unsupported   1
    ├── OutputFailed             output.failed        1
    ├── OutputForm               output.form          2
    ├── ReportPeriod             report.period        2
    ├── RunStarted               run.started          1
    ├── TrainMissing             train.missing        3
    └── InternalFailed           internal.failed      1

``enroll`` and ``gallery`` have trees of the same shape; `catalogue` lists all three.
"""

# ruff: noqa: N818  the base and the ids say "error"; the names say which one

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple, Self


class AttendanceError(Exception):
    """Base of every error this package raises on purpose; ``str()`` is one line, "where: detail"."""

    id: ClassVar[str]
    exit_code: ClassVar[int] = 1
    help: ClassVar[str]

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(where, detail)
        self.where = where
        self.detail = detail

    def __str__(self) -> str:
        return " ".join(f"{self.where}: {self.detail}".split())


class CameraError(AttendanceError):
    """The camera or stream cannot be used."""

    exit_code = 4


class CameraAddress(CameraError):
    """The text given as a camera is neither a device number, nor a URL, nor a file."""

    id = "camera.address"
    help = "Give a device number (0), an rtsp:// or http:// address, or a video file."


class CameraAuth(CameraError):
    """The camera refuses the user, or the address names none."""

    id = "camera.auth"
    help = (
        "Give user and password in the address, http://USER:PASSWORD@HOST/PATH, and check at the camera what "
        "this user may see; write %40 for an @ in the password."
    )


class CameraCertificate(CameraError):
    """The camera's certificate proves to nobody that it is this camera."""

    id = "camera.certificate"
    help = (
        "Use the host name that the certificate is for; trust the camera's own certificate with "
        "SSL_CERT_FILE=CAMERA.pem, or use http:// on a network of your own."
    )


class CameraMissing(CameraError):
    """No such device, host or file could be opened."""

    id = "camera.missing"
    help = "Check the cable, the number or the address; 'attendance doctor --camera 0' tries it."


class CameraLost(CameraError):
    """The stream ended and did not come back."""

    id = "camera.lost"
    help = "Check the camera's power and network, then start the check again; marks made so far are kept."


class CameraNoFrames(CameraError):
    """The source opens but holds no picture."""

    id = "camera.no_frames"
    help = (
        "Play it in another program; convert a file to H.264, as with "
        "'ffmpeg -i FILE -c:v libx264 -pix_fmt yuv420p NEW.mp4'."
    )


class CameraPath(CameraError):
    """The host answers, but there is neither a picture nor a stream at this path."""

    id = "camera.path"
    help = "Look up the address of the camera's picture or stream in its manual or settings, and give that one."


class GroupUnknown(AttendanceError):
    """Nobody is in a group of this name."""

    id = "group.unknown"
    help = "'attendance gallery list' shows the groups; 'attendance gallery group PERSON NAME' adds somebody."

    @classmethod
    def among(cls, name: str, groups: Iterable[str]) -> Self:
        """The error for a name that none of the groups has; it offers those that come near."""
        from gallery.near import close_names, did_you_mean

        return cls(name, f"there is no group of this name{did_you_mean(close_names(name, groups))}")


class HomeUnknown(AttendanceError):
    """The account has no home folder in which the gallery's could lie."""

    id = "home.unknown"
    exit_code = 3
    help = "Give the folder with --home or ATTENDANCE_HOME."


class MarkError(AttendanceError):
    """A mark cannot be found or used."""


class MarkTime(MarkError):
    """The time of a mark by hand is no time, or none at which somebody can have been there."""

    id = "mark.time"
    exit_code = 2
    help = "Give the time on the clock of the site, such as 08:05, or a whole instant, such as 2026-03-02T08:05+01:00."


class MarkUnknown(MarkError):
    """There is no mark for this person and session."""

    id = "mark.unknown"
    help = "'attendance session show NAME' lists the marks of a session."


class MarkVoided(MarkError):
    """The mark is already void."""

    id = "mark.voided"
    help = "'attendance mark PERSON' makes the mark again by hand."


class PersonDuplicate(AttendanceError):
    """A new person looks like somebody who is enrolled already."""

    id = "person.duplicate"
    help = "Add the photo to the person named here (--id), or pass --allow-duplicate if they are two people."


class PersonUnlike(AttendanceError):
    """A further photo of somebody enrolled shows another face."""

    id = "person.unlike"
    help = (
        "If this is another person of the same name, give them an id of their own (--id, the id column, or "
        "ID__Name as file name); if it is the same person, pass --same-person."
    )


class SessionError(AttendanceError):
    """A session cannot be used as asked."""


class SessionClosed(SessionError):
    """The session is closed."""

    id = "session.closed"
    help = "Open a session of another name with 'attendance session open NAME'."


class SessionDay(SessionError):
    """The day can have no session: it has not begun, or is none that a person would mean."""

    id = "session.day"
    help = "Give a day as YYYY-MM-DD that is today's at the site, or a day before it."


class SessionExists(SessionError):
    """A session of this name is there already."""

    id = "session.exists"
    help = "Choose another name, or use the session as it is with --session."


class SessionUnknown(SessionError):
    """There is no session of this name."""

    id = "session.unknown"
    help = (
        "'attendance session list' shows all, and 'attendance session open NAME' opens one; that of a day is begun by "
        "'attendance mark PERSON --day DAY' and 'attendance check --day DAY SOURCE'."
    )


class ZoneUnknown(SessionError):
    """The time zone is not in the IANA database."""

    id = "session.zone"
    exit_code = 2
    help = "Use a name such as Europe/Berlin or UTC."


class SettingsError(AttendanceError):
    """A setting is wrong."""

    exit_code = 2


class SettingUnknown(SettingsError):
    """There is no setting of this name."""

    id = "settings.unknown"
    help = "'attendance config show' lists all settings."


class SettingValue(SettingsError):
    """The value does not fit the setting."""

    id = "settings.value"
    help = "'attendance config show' tells each setting's meaning and present value."


class SettingsFile(SettingsError):
    """The settings file cannot be read or written."""

    id = "settings.file"
    exit_code = 3
    help = "Correct config.toml in the home, or move it away to use the defaults."


class SourceError(AttendanceError):
    """Something given to be checked or enrolled cannot be used."""


class SourceCut(SourceError):
    """The video could be read only in part; what came before was judged."""

    id = "source.cut"
    help = "Marks made so far are kept; copy the file again or convert it, then check it once more."


class SourceFailed(SourceError):
    """The models failed on this one source; nobody was marked because of it."""

    id = "source.failed"
    help = "Save the picture in another format and try it again; if others fail, too, run 'attendance doctor'."


class SourceMissing(SourceError):
    """The file or folder is not there, or holds nothing to read."""

    id = "source.missing"
    help = "Check the path."


class SourceNoFrames(SourceError):
    """The video opens, but no picture of it can be decoded."""

    id = "source.no_frames"
    help = (
        "Convert it to H.264, as with 'ffmpeg -i VIDEO -c:v libx264 -pix_fmt yuv420p NEW.mp4'; "
        "copy it again if no other program plays it either."
    )


class SourceUnsupported(SourceError):
    """The file is neither a picture nor a video that can be read."""

    id = "source.unsupported"
    help = (
        "Give a picture (JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP, PGM, GIF), a folder of pictures, "
        "or a video file, best of H.264."
    )


class OutputFailed(AttendanceError):
    """A result file could not be written."""

    id = "output.failed"
    help = "Choose a name that is not taken, in a folder that can be written and has space left."


class OutputForm(AttendanceError):
    """The form of a result does not fit the place it is to go to."""

    id = "output.form"
    exit_code = 2
    help = "Leave --format out to go by the file's name, or give both so that they fit."


class ReportPeriod(AttendanceError):
    """The days of a report are not dates, or in the wrong order."""

    id = "report.period"
    exit_code = 2
    help = "Give days as YYYY-MM-DD, --from not after --to."


class RunStarted(AttendanceError):
    """A run was to be started a second time, or after it was stopped."""

    id = "run.started"
    help = "Make a new run of the same place; each one watches once."


class TrainMissing(AttendanceError):
    """The training tools are not installed."""

    id = "train.missing"
    exit_code = 3
    help = "Install them with: pip install 'attendance[train]'"


class InternalFailed(AttendanceError):
    """Something unforeseen failed; nothing was marked because of it."""

    id = "internal.failed"
    help = "Run again with --debug and report the traceback."


class CatalogueEntry(NamedTuple):
    """One row of docs/errors.md."""

    id: str
    exit_code: int
    help: str


def catalogue() -> list[CatalogueEntry]:
    """All error ids of the three packages, sorted by id."""
    from enroll.errors import EnrollError
    from gallery.errors import GalleryError

    leaves = {
        kind.id: CatalogueEntry(kind.id, kind.exit_code, kind.help)
        for base in (AttendanceError, EnrollError, GalleryError)
        for kind in _subclasses(base)
        if "id" in vars(kind)
    }
    return [leaves[name] for name in sorted(leaves)]


def _subclasses(base: type[Exception]) -> Iterator[Any]:
    for kind in base.__subclasses__():
        yield kind
        yield from _subclasses(kind)
