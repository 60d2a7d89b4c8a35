"""What to do about a refusal, for people who look at a page: they have buttons and links, and no terminal."""

import re
from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

from refusal import Refusal

HERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account.unknown": "The page Accounts under Settings lists all of them.",
        "approval.unknown": "The page Approvals lists what waits for a second person.",
        "audit.anchor": "Paste the line of an anchor of this home, whole and unchanged.",
        "audit.broken": "Keep the database as it is, and compare it with the last backup before you go on.",
        "calendar.country": "Give the country's two letters, such as DE, and those of its part, such as BY.",
        "calendar.unknown": "The page Calendar lists all entries.",
        "camera.lost": "Check the camera's power and network; it is tried again by itself, and marks are kept.",
        "camera.missing": "Check the cable, the number or the address.",
        "camera.no_frames": "Play it in another program; a video file has to be H.264.",
        "consent.form": "Ask for a new form; the person's page of consent makes one.",
        "consent.missing": "Record it along with the photo or on the person's page; PIN, QR code and badge need none.",
        "consent.text": "Choose one of the languages of the list.",
        "consent.unknown": "The person's page of consent tells what was said.",
        "coverage.span": "Give two times, such as 08:00 and 08:15, the first before the second, both over.",
        "credential.unknown": "The person's page lists what they have.",
        "detector.failed": "The page State under Settings examines what is installed.",
        "encoder.failed": "The page State under Settings examines what is installed.",
        "excuse.unknown": "The page Excuses lists all of them.",
        "face.several": "Cut the photo to one face, or take another one.",
        "gallery.conflict": "Look at what is there now, then try again.",
        "gallery.duplicate_id": "Give another id: this one is somebody else's.",
        "gallery.failed": "Try again; if it happens once more, the disk of the computer needs a look.",
        "gallery.person_inactive": "Set the person active again on their page; a namesake needs an id of their own.",
        "gallery.person_unknown": "The page People shows who is enrolled.",
        "gallery.site_unknown": "The page Sites under Settings lists all of them.",
        "gallery.template_altered": "It was not used. The page State under Settings examines the rest.",
        "group.unknown": "Choose a group that there is, or make it on a person's page.",
        "import.identity": "Give each person an id of their own there.",
        "internal.failed": "Try again. If it happens once more, tell whoever looks after the computer when it was.",
        "mark.several": "Choose the mark that is meant on the person's page.",
        "mark.unknown": "The person's page lists their marks.",
        "mark.voided": "Mark the person by hand: that makes a new mark.",
        "marks.file": "Correct the file; nothing of it was taken in.",
        "month.closed": "An admin can open the month again, with a reason that is recorded.",
        "month.state": "The page Months shows which are closed.",
        "mqtt.missing": "Whoever looks after the computer can install what this needs.",
        "person.duplicate": "Add the photo to the person named here, or say that they are two people.",
        "person.unlike": "If this is somebody else of the same name, add them with an id of their own.",
        "place.exists": "Choose another name, or change the one that is there.",
        "place.retired": "Put it in use again first; it is listed under Cameras.",
        "place.unknown": "The page Cameras lists cameras and kiosks.",
        "place.used": "Take it out of use instead; records go on naming it.",
        "receiver.kind": "Tick at least one kind of news of the list.",
        "receiver.unknown": "The page Receivers under Settings lists all of them.",
        "report.period": "Give a first and a last day, the first not after the last.",
        "reports.missing": "Choose CSV, or ask whoever looks after the computer to install what this form needs.",
        "rule.exists": "Choose another name, or change the rule that is there.",
        "rule.invalid": "Look at the days and times once more.",
        "rule.recurrence": "Choose at least one weekday, or an RRULE with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY.",
        "rule.unknown": "The page Timetable lists all rules.",
        "session.closed": "Open a session of another name on the page Sessions.",
        "session.exists": "Choose another name, or use the session that is there.",
        "session.unknown": "The page Sessions lists all of them.",
        "settings.unknown": "The page Settings lists all of them.",
        "settings.value": "What the setting means and takes stands beside it.",
        "setup.over": "Ask whoever started the service for a new link, or sign in if you have an account.",
        "sighting.faceless": "Decide by the numbers; faces are kept for some days only.",
        "sighting.settled": "What was said stands. It can be taken back under Review, Settled.",
        "sighting.unknown": "The page Review lists those that wait.",
        "source.failed": "Save the picture in another format and try it again.",
        "source.no_frames": "Save the video as H.264, or copy it again if no other program plays it either.",
        "similarity.unknown": "An admin names folders of models in the setting similarity; State tells of each.",
        "similarity.unusable": "The page State under Settings examines it.",
        "token.invalid": "An admin makes a new one.",
        "token.unknown": "The page Tokens under Settings lists all of them.",
    }
)
"""By id, where the help of the refusal names a command."""
COMMAND: Final = re.compile(r"\battendance [a-z]|--[a-z]|pip install|ffmpeg|chmod|`|_HOME\b|traceback|SSL_CERT_FILE")
"""What only makes sense at a terminal."""
_QUOTED: Final = r"['`]attendance [^'`]*['`]"
_REST: Final = rf"{_QUOTED}[^,;:()]*"
PART: Final = re.compile(rf" \([^(),;:]*{_QUOTED}[^()]*\)|[,:;]? (?:which|see) {_REST}|[,:;] [^,;:()]*{_REST}")
"""A part of a sentence that names a command: in brackets, or from a comma, colon or semicolon on."""


def help_here(error: Refusal | type[Refusal]) -> str:
    """What to do, as a sentence; empty where nothing can be done from a page."""
    return HERE.get(error.id) or without_commands(error.help)


def without_commands(text: str) -> str:
    """The text, if no command stands in it; else nothing."""
    return "" if COMMAND.search(text) else text


def said_here(error: Refusal | str, home: str) -> str:
    """What was refused and why, without commands, and of a file in the home its name alone."""
    if isinstance(error, str):
        return spoken(error)
    if error.where.startswith(("--", "config ")):  # parts of a command
        return spoken(f"{error.detail[:1].upper()}{error.detail[1:]}")
    inside = error.where.startswith(home.rstrip("/") + "/")
    return spoken(f"{PurePath(error.where).name if inside else error.where}: {error.detail}")


def spoken(text: str) -> str:
    """The text without those parts of a sentence that name a command, such as " ('attendance month list' shows it)"."""
    return PART.sub("", text)


def told_here(error: Refusal) -> str:
    """What is wrong, and what to do about it, in sentences."""
    detail = spoken(error.detail)
    return f"{detail[:1].upper()}{detail[1:]}. {help_here(error)}".rstrip()
