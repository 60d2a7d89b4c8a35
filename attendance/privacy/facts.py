"""What the drafts are made from: counts, settings and dates of one installation, and no name of any person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attendance.settings import Settings


class Language(StrEnum):
    """The languages of the drafts."""

    EN = "en"
    DE = "de"


class Part(StrEnum):
    """The drafts; each can be taken out by itself."""

    RECORD = "record"
    ASSESSMENT = "assessment"
    SCHEDULE = "schedule"
    NOTICE = "notice"
    INSTRUCTIONS = "instructions"
    LAW = "law"


class ReportFormat(StrEnum):
    """The forms that the drafts come in."""

    MD = "md"
    HTML = "html"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Another system that gets data: a webhook, a broker, a program or calendar feeds; what it is told, or may do.

    ``told`` are kinds of news or scopes; ``private`` whether it may stand in the own network; ``ends`` when it is over.
    """

    kind: str
    name: str
    told: tuple[str, ...] = ()
    private: bool = False
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """How many active people have said yes, or no, to a purpose; the others have not answered."""

    yes: int
    no: int


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What the encoder's card tells, measured on test people, in percent; None where its card does not tell it.

    ``fpir`` and ``fnir`` at the default threshold; ``children`` how many times as often two children under 13 are
    taken for each other as two adults, the worst of the sets measured.
    """

    encoder: str
    measured_on: int | None
    fpir: float | None
    fnir: float | None
    children: float | None


@dataclass(frozen=True, slots=True)
class LivenessMeasured:
    """What telling faces from pictures of them was measured to be worth, at `measured` of `places` in use.

    Of the worst place, under the setting in force, in percent by the exact 95 % bound from above: how many pictures of
    its worst `species` may be taken for a living face, and how many presentations of people may not; None: no figure.
    """

    places: int = 0
    measured: int = 0
    species: str | None = None
    pictures: float | None = None
    people: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """One installation, as it is now."""

    now: datetime
    zone: str
    version: str
    settings: "Settings"
    people: int
    with_face: int
    waiting_faces: int
    cameras: int
    kiosks: int
    accounts: Mapping[str, int]
    admins_with_totp: int
    answers: Mapping[str, Answers]
    holds: int
    recipients: tuple[Recipient, ...]
    key_by: str
    accuracy: Accuracy
    backups: int = 0
    last_backup: datetime | None = None
    last_tested: datetime | None = None
    last_anchor: datetime | None = None
    last_purge: datetime | None = None
    liveness: LivenessMeasured = LivenessMeasured()
