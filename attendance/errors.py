"""Every refusal of the product, each with a stable id, an exit code and one sentence of help.

``enroll`` and ``gallery`` have trees of the same shape; `attendance.faults.catalogue` lists all three, docs/errors.md
draws them.
"""

# ruff: noqa: N818  the base and the ids say "error"; the names say which one

from collections.abc import Iterable
from typing import Final, Self

from refusal import Refusal

HELP: Final = {
    "camera.address": "Give a device number (0), an rtsp:// or http:// address, or a video file.",
    "camera.auth": (
        "Give user and password in the address, http://USER:PASSWORD@HOST/PATH, and check at the camera what "
        "this user may see; write %40 for an @ in the password."
    ),
    "camera.certificate": (
        "Use the host name that the certificate is for; name the file (PEM) of the camera's own certificate, or of "
        "whoever certified it, in the setting camera_ca_file."
    ),
    "camera.missing": "Check the cable, the number or the address; 'attendance doctor --camera 0' tries it.",
    "camera.lost": "Check the camera's power and network, then start the check again; marks made so far are kept.",
    "camera.no_frames": (
        "Play it in another program; convert a file to H.264, as with "
        "'ffmpeg -i FILE -c:v libx264 -pix_fmt yuv420p NEW.mp4'."
    ),
    "camera.path": (
        "Look up the address of the camera's picture or stream in its manual or settings, and give that one."
    ),
    "encoder.before": "'attendance encoder switch NAME' puts another encoder in force; that can be taken back.",
    "group.unknown": (
        "'attendance gallery list' shows the groups; 'attendance gallery group PERSON NAME' adds somebody."
    ),
    "home.unknown": "Give the folder with --home or ATTENDANCE_HOME.",
    "judge.too_many": (
        "Search fewer people, by --group or by 'attendance config set site NAME', raise target_fpir, or set "
        "match_threshold to a score that you have measured."
    ),
    "mark.direction": "Give in or out, or leave it out.",
    "mark.several": "Say which one with --mark ID; 'attendance session show NAME' lists them.",
    "mark.time": (
        "Give the time on the clock of the site, such as 08:05, or a whole instant, such as 2026-03-02T08:05+01:00."
    ),
    "mark.unknown": "'attendance session show NAME' lists the marks of a session.",
    "mark.voided": "'attendance mark PERSON' makes the mark again by hand.",
    "person.duplicate": (
        "Add the photo to the person named here (--id), or pass --allow-duplicate if they are two people."
    ),
    "person.unlike": (
        "If this is another person of the same name, give them an id of their own (--id, the id column, or "
        "ID__Name as file name); if it is the same person, pass --same-person."
    ),
    "place.address": "Give a device number (0), an rtsp:// or http:// address, or a video file that is there.",
    "place.exists": "Choose another name, or 'attendance place change NAME' changes the one that is there.",
    "place.name": "Choose a name such as 'Front door'; the address comes after it.",
    "place.retired": "'attendance place restore NAME' puts it in use again.",
    "place.unknown": "'attendance place list' shows the places, and 'attendance place add NAME ADDRESS' adds one.",
    "place.used": "'attendance place retire NAME' puts it out of use, and records go on naming it.",
    "sighting.faceless": "Decide by the numbers and the recording; 'keep_review_days' says how long faces are kept.",
    "sighting.open": "It waits already; nothing is to be taken back.",
    "sighting.settled": "What was said stands; it can be taken back, and 'attendance mark' and 'void' correct marks.",
    "sighting.unknown": "'attendance review list' shows the numbers of those that wait.",
    "session.closed": "Open a session of another name with 'attendance session open NAME'.",
    "session.day": "Give a day as YYYY-MM-DD that is today's at the site, or a day before it.",
    "session.exists": "Choose another name, or use the session as it is with --session.",
    "session.unknown": (
        "'attendance session list' shows all, and 'attendance session open NAME' opens one; that of a day is begun by "
        "'attendance mark PERSON --day DAY' and 'attendance check --day DAY SOURCE'."
    ),
    "session.zone": "Use a name such as Europe/Berlin or UTC.",
    "approval.own": "Ask somebody else to approve it: whoever entered something does not approve it.",
    "approval.unknown": "'attendance approve' lists what waits for a second person.",
    "calendar.country": ("Give the country's two letters, such as DE, and for a part of it --subdivision, such as BY."),
    "calendar.days": "Give days as YYYY-MM-DD, the first not after the last.",
    "calendar.file": "Export the calendar again as .ics, then try once more; nothing of this file was taken in.",
    "calendar.unknown": "'attendance calendar list' shows the numbers of all entries.",
    "coverage.span": (
        "Give two instants or times, such as --from 08:00 --to 08:15, the first before the second, both over."
    ),
    "excuse.document": "Give a file that can be read; its hash is kept, the file is not.",
    "excuse.settled": "What was said stays; enter a new excuse if there is one.",
    "excuse.span": "Give days as YYYY-MM-DD or instants such as 2026-03-02T10:00, the first before the last.",
    "excuse.unknown": "'attendance excuse list' shows the numbers of all excuses.",
    "export.form": "'attendance export --help' lists the forms.",
    "import.file": ("Export it again from the other system, then try once more; nothing of this file was taken in."),
    "import.identity": "Give each person an id of their own there, or choose with --match ID=PERSON.",
    "marks.file": "'attendance roster marks --help' tells the columns; nothing of this file was taken in.",
    "month.closed": "'attendance month open MONTH --reason WHY' opens it again; that is recorded.",
    "month.invalid": "Give a month that is over as YYYY-MM.",
    "month.state": "'attendance month list' shows which months are closed.",
    "reports.missing": "Install them with: pip install 'attendance[reports]'",
    "rule.exists": "Choose another name, or 'attendance timetable change NAME' changes the one that is there.",
    "rule.file": "Correct the file, or export it again; nothing of it was taken in.",
    "rule.invalid": "'attendance timetable add --help' tells what a rule is made of.",
    "rule.recurrence": (
        "Give whole days, such as --weekly MO,WE, or an RRULE with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY."
    ),
    "rule.unknown": "'attendance timetable list' shows all rules.",
    "settings.unknown": "'attendance config show' lists all settings.",
    "settings.value": "'attendance config show' tells each setting's meaning and present value.",
    "settings.file": "Correct config.toml in the home, or move it away to use the defaults.",
    "source.cut": "Marks made so far are kept; copy the file again or convert it, then check it once more.",
    "source.failed": (
        "Save the picture in another format and try it again; if others fail, too, run 'attendance doctor'."
    ),
    "source.missing": "Check the path.",
    "source.no_frames": (
        "Convert it to H.264, as with 'ffmpeg -i VIDEO -c:v libx264 -pix_fmt yuv420p NEW.mp4'; "
        "copy it again if no other program plays it either."
    ),
    "source.unsupported": (
        "Give a picture (JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP, PGM, GIF), a folder of pictures, "
        "or a video file, best of H.264."
    ),
    "output.failed": "Choose a name that is not taken, in a folder that can be written and has space left.",
    "output.form": "Leave --format out to go by the file's name, or give both so that they fit.",
    "report.period": "Give days as YYYY-MM-DD, --from not after --to.",
    "run.started": "Make a new run of the same place; each one watches once.",
    "train.missing": "Install them with: pip install 'attendance[train]'",
    "internal.failed": "Run again with --debug and report the traceback.",
}


class AttendanceError(Refusal, helps=HELP):
    """Base of every error this package raises on purpose; ``str()`` is one line, "where: detail"."""


class CameraError(AttendanceError, exit_code=4):
    """The camera or stream cannot be used."""


class CameraAddress(CameraError, id="camera.address"):
    """The text given as a camera is neither a device number, nor a URL, nor a file."""


class CameraAuth(CameraError, id="camera.auth"):
    """The camera refuses the user, or the address names none."""


class CameraCertificate(CameraError, id="camera.certificate"):
    """The camera's certificate proves to nobody that it is this camera."""


class CameraMissing(CameraError, id="camera.missing"):
    """No such device, host or file could be opened."""


class CameraLost(CameraError, id="camera.lost"):
    """The stream ended and did not come back."""


class CameraNoFrames(CameraError, id="camera.no_frames"):
    """The source opens but holds no picture."""


class CameraPath(CameraError, id="camera.path"):
    """The host answers, but there is neither a picture nor a stream at this path."""


class EncoderBefore(AttendanceError, id="encoder.before"):
    """There is no encoder to go back to, as none was put in force in the place of another."""


class GroupUnknown(AttendanceError, id="group.unknown"):
    """Nobody is in a group of this name."""

    @classmethod
    def among(cls, name: str, groups: Iterable[str]) -> Self:
        """The error for a name that none of the groups has; it offers those that come near."""
        from gallery.near import close_names, did_you_mean

        return cls(name, f"there is no group of this name{did_you_mean(close_names(name, groups))}")


class HomeUnknown(AttendanceError, id="home.unknown", exit_code=3):
    """The account has no home folder in which the gallery's could lie."""


class TooManyPeople(AttendanceError, id="judge.too_many"):
    """More people are searched than the encoder's score model tells a threshold for."""


class MarkError(AttendanceError):
    """A mark cannot be found or used."""


class MarkDirection(MarkError, id="mark.direction", exit_code=2):
    """The direction in which somebody goes is neither in nor out."""


class MarkSeveral(MarkError, id="mark.several"):
    """Several marks of a person in a session count, and it is not said which one is meant."""


class MarkTime(MarkError, id="mark.time", exit_code=2):
    """The time of a mark by hand is no time, or none at which somebody can have been there."""


class MarkUnknown(MarkError, id="mark.unknown"):
    """There is no mark for this person and session."""


class MarkVoided(MarkError, id="mark.voided"):
    """The mark is already void."""


class PersonDuplicate(AttendanceError, id="person.duplicate"):
    """A new person looks like somebody who is enrolled already: the ``twin``, by internal id."""

    twin: int | None = None


class PersonUnlike(AttendanceError, id="person.unlike"):
    """A further photo of somebody enrolled shows another face."""


class PlaceError(AttendanceError):
    """A place cannot be used as asked."""


class PlaceAddress(PlaceError, id="place.address", exit_code=2):
    """The place has no address, or is to have one under which there can be no camera."""


class PlaceExists(PlaceError, id="place.exists"):
    """There is a place of this name already."""


class PlaceName(PlaceError, id="place.name", exit_code=2):
    """A place cannot be called so, as this is, or may be, the address of a camera."""


class PlaceRetired(PlaceError, id="place.retired"):
    """The place is out of use."""


class PlaceUnknown(PlaceError, id="place.unknown"):
    """There is no place of this name."""

    @classmethod
    def among(cls, name: str, places: Iterable[str], detail: str = "there is no place of this name") -> Self:
        """The error for a name that none of the places has; it offers those that come near."""
        from gallery.near import close_names, did_you_mean

        return cls(name, f"{detail}{did_you_mean(close_names(name, places))}")


class PlaceUsed(PlaceError, id="place.used"):
    """Records name the place, so it stays."""


class SightingError(AttendanceError):
    """A face that was seen cannot be ruled on by a person."""


class SightingFaceless(SightingError, id="sighting.faceless"):
    """The face of this review is not kept, or not any more."""


class SightingOpen(SightingError, id="sighting.open"):
    """Nothing was said of this sighting that could be taken back."""


class SightingSettled(SightingError, id="sighting.settled"):
    """There is nothing to say of this sighting: somebody has done so already, or it was no review."""


class SightingUnknown(SightingError, id="sighting.unknown"):
    """There is no sighting of this number, or its person was removed."""


class SessionError(AttendanceError):
    """A session cannot be used as asked."""


class SessionClosed(SessionError, id="session.closed"):
    """The session is closed."""


class SessionDay(SessionError, id="session.day"):
    """The day can have no session: it has not begun, or is none that a person would mean."""


class SessionExists(SessionError, id="session.exists"):
    """A session of this name is there already."""


class SessionUnknown(SessionError, id="session.unknown"):
    """There is no session of this name."""


class ZoneUnknown(SessionError, id="session.zone", exit_code=2):
    """The time zone is not in the IANA database."""


class SettingsError(AttendanceError, exit_code=2):
    """A setting is wrong."""


class SettingUnknown(SettingsError, id="settings.unknown"):
    """There is no setting of this name."""


class SettingValue(SettingsError, id="settings.value"):
    """The value does not fit the setting."""


class SettingsFile(SettingsError, id="settings.file", exit_code=3):
    """The settings file cannot be read or written."""


class SourceError(AttendanceError):
    """Something given to be checked or enrolled cannot be used."""


class SourceCut(SourceError, id="source.cut"):
    """The video could be read only in part; what came before was judged."""


class SourceFailed(SourceError, id="source.failed"):
    """The models failed on this one source; nobody was marked because of it."""


class SourceMissing(SourceError, id="source.missing"):
    """The file or folder is not there, or holds nothing to read."""


class SourceNoFrames(SourceError, id="source.no_frames"):
    """The video opens, but no picture of it can be decoded."""


class SourceUnsupported(SourceError, id="source.unsupported"):
    """The file is neither a picture nor a video that can be read."""


class OutputFailed(AttendanceError, id="output.failed"):
    """A result file could not be written."""


class OutputForm(AttendanceError, id="output.form", exit_code=2):
    """The form of a result does not fit the place it is to go to."""


class ReportPeriod(AttendanceError, id="report.period", exit_code=2):
    """The days of a report are not dates, or in the wrong order."""


class RunStarted(AttendanceError, id="run.started"):
    """A run was to be started a second time, or after it was stopped."""


class TrainMissing(AttendanceError, id="train.missing", exit_code=3):
    """The training tools are not installed."""


class ApprovalError(AttendanceError):
    """Something cannot be approved as asked."""


class ApprovalOwn(ApprovalError, id="approval.own"):
    """Whoever entered something would approve it themselves."""


class ApprovalUnknown(ApprovalError, id="approval.unknown"):
    """Nothing of this number waits for approval."""


class CalendarError(AttendanceError):
    """The calendar cannot be used or changed as asked."""


class CalendarCountry(CalendarError, id="calendar.country", exit_code=2):
    """No public holidays are known of this country, or part of it."""


class CalendarDays(CalendarError, id="calendar.days", exit_code=2):
    """The days of an entry are no days, or in the wrong order."""


class CalendarFile(CalendarError, id="calendar.file"):
    """A calendar file cannot be read, or holds nothing to take in."""


class CalendarUnknown(CalendarError, id="calendar.unknown"):
    """There is no calendar entry of this number that counts."""


class CoverageSpan(AttendanceError, id="coverage.span", exit_code=2):
    """The span in which people are said to have been looked for is none, or is not over."""


class ExcuseError(AttendanceError):
    """An excuse cannot be used as asked."""


class ExcuseDocument(ExcuseError, id="excuse.document"):
    """The document of an excuse cannot be read."""


class ExcuseSettled(ExcuseError, id="excuse.settled"):
    """The excuse was withdrawn before."""


class ExcuseSpan(ExcuseError, id="excuse.span", exit_code=2):
    """The time of an excuse is none."""


class ExcuseUnknown(ExcuseError, id="excuse.unknown"):
    """There is no excuse of this number."""


class ExportForm(AttendanceError, id="export.form", exit_code=2):
    """There is no such form to export in, or it does not fit what was asked for."""


class ImportFailed(AttendanceError):
    """A file of another system cannot be taken in."""


class ImportFile(ImportFailed, id="import.file"):
    """The file cannot be read, or is not what it should be."""


class ImportIdentity(ImportFailed, id="import.identity"):
    """It cannot be told whom a row of the file is about."""


class MarksFile(ImportFailed, id="marks.file"):
    """A file of marks cannot be read."""


class MonthError(AttendanceError):
    """A month cannot be closed, opened or changed as asked."""


class MonthClosed(MonthError, id="month.closed"):
    """The month is closed: nothing of it is changed."""


class MonthInvalid(MonthError, id="month.invalid", exit_code=2):
    """The month is none, or is not over yet."""


class MonthState(MonthError, id="month.state"):
    """The month is closed, or open, already."""


class ReportsMissing(AttendanceError, id="reports.missing", exit_code=3):
    """The libraries of calendars and printed reports are not installed."""


class RuleError(AttendanceError):
    """A rule of the timetable cannot be used as asked."""


class RuleExists(RuleError, id="rule.exists"):
    """There is a rule of this name already."""


class RuleFile(RuleError, id="rule.file"):
    """A file of rules cannot be read."""


class RuleInvalid(RuleError, id="rule.invalid", exit_code=2):
    """A rule says something that cannot be."""


class RuleRecurrence(RuleError, id="rule.recurrence", exit_code=2):
    """The days of a rule cannot be told, never come, or are too many."""


class RuleUnknown(RuleError, id="rule.unknown"):
    """There is no rule of this name."""

    @classmethod
    def among(cls, name: str, rules: Iterable[str]) -> Self:
        """The error for a name that none of the rules has; it offers those that come near."""
        from gallery.near import close_names, did_you_mean

        return cls(name, f"there is no rule of this name{did_you_mean(close_names(name, rules))}")


class InternalFailed(AttendanceError, id="internal.failed"):
    """Something unforeseen failed; nothing was marked because of it."""
