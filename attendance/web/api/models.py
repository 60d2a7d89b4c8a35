"""The shapes of what programs send and are told; what is sent has no other fields, and no other types, than these."""

import re
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _iso_day(value: object) -> object:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("give a day as YYYY-MM-DD")


class Sent(BaseModel):
    """What programs send."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Told(BaseModel):
    """What programs are told."""

    model_config = ConfigDict(extra="forbid")


Instant = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-02T07:58:11.204Z"]})
]
"""An instant in UTC by RFC 3339."""
DayText = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-03-02"]})]
Day = Annotated[
    date,
    BeforeValidator(_iso_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
]
"""A day of the site's calendar."""
NameText = Annotated[str, Field(min_length=1, max_length=300)]
Reason = Annotated[str, Field(max_length=2000, description="Why; it is kept.", examples=["left ill"])]
NeededReason = Annotated[str, Field(min_length=1, max_length=2000, description="Why; it is kept.")]
Way = Literal["in", "out"]


class Problem(Told):
    """A refusal by RFC 9457; `id` is stable."""

    type: str = Field(examples=["urn:attendance:page.cursor"])
    title: str
    status: int
    detail: str
    instance: str
    id: str = Field(examples=["page.cursor"])
    reasons: list[str] | None = Field(default=None, description="Why a photo was refused, as codes.")


class Ref(Told):
    """A person as others name them."""

    id: str = Field(examples=["P-1"])
    name: str = Field(examples=["Ada Lovelace"])


class Person(Told):
    """Somebody who is enrolled."""

    id: str = Field(description="The external id.", examples=["P-1"])
    name: str = Field(examples=["Ada Lovelace"])
    groups: list[str] = Field(examples=[["7A"]])
    templates: int = Field(description="Photos by which they can be recognised.")
    created: Instant
    active: bool
    note: str


class People(Told):
    """A page of people."""

    items: list[Person]
    next: str | None = Field(description="The cursor of the next page.")


class NewPerson(Sent):
    """Somebody new; photos follow."""

    name: NameText = Field(examples=["Ada Lovelace"])
    id: NameText | None = Field(default=None, description="The external id; else one is made.", examples=["S-1042"])
    groups: list[NameText] = Field(default=[], max_length=100, examples=[["7A"]])
    note: str = Field(default="", max_length=2000)


class PersonChange(Sent):
    """What is to be another of a person; what is left out stays."""

    name: NameText | None = Field(default=None, examples=["Ada King"])
    groups: list[NameText] | None = Field(default=None, max_length=100, description="All groups from now on.")
    active: bool | None = Field(default=None, description="Whether checks look for them.")
    since: Day | None = Field(default=None, description="From which day on groups and standing hold; else from now on.")


class Merge(Sent):
    """Who gets all that is kept of a person."""

    into: NameText = Field(description="The external id of who stays.", examples=["P-1"])


class Erased(Told):
    """What is gone with a person."""

    id: str
    templates: int
    marks: int
    erased: bool = Field(description="False until other programs let the last traces be overwritten.")


class PhotoOfPerson(Told):
    """A photo of a person; the picture of the face is read by itself."""

    number: int
    encoder: str
    quality: dict[str, Any]
    source: str
    created: Instant
    face: bool = Field(description="Whether the face is kept.")


class Photos(Told):
    """A page of photos."""

    items: list[PhotoOfPerson]
    next: str | None


class ScoredRef(Ref):
    """Somebody a face was compared with; a higher score is more alike."""

    score: float | None


class EnrolledPhoto(Told):
    """What a photo came to."""

    outcome: Literal["enrolled", "added", "replaced", "unchanged"]
    person: Ref
    quality: dict[str, Any] | None
    lookalikes: list[ScoredRef] = Field(description="Who is hard to tell from this person.")
    warnings: list[str]


class Group(Told):
    """A group, and how many active people belong to it."""

    name: str = Field(examples=["7A"])
    people: int


class Groups(Told):
    """All groups."""

    items: list[Group]
    next: str | None


class Session(Told):
    """What people are marked for."""

    name: str = Field(examples=["2026-03-02"])
    kind: Literal["day", "named"]
    day: DayText
    zone: str
    opens: Instant
    closes: Instant | None
    group: str | None
    marks: int = Field(description="People whose mark counts.")


class Sessions(Told):
    """A page of sessions."""

    items: list[Session]
    next: str | None


class NewSession(Sent):
    """A session to open."""

    name: NameText = Field(examples=["Excursion"])
    group: NameText | None = Field(default=None, description="Of this group alone.")


class Void(Told):
    """By whom, when and why a mark was declared wrong."""

    at: Instant
    by: str
    reason: str


class Mark(Told):
    """Somebody was there; what is void or waits for a second person does not count."""

    id: str
    session: str
    person: Ref
    at: Instant | None = Field(description="When the person was there; null where it is not known.")
    how: str = Field(examples=["camera", "manual"])
    direction: Way | None
    entered: Instant
    by: str
    counts: bool
    waits: bool = Field(description="Whether a second person is still to approve it.")
    void: Void | None
    sighting: int | None = Field(description="The number of the decision that it rests on.")


class Marks(Told):
    """A page of marks."""

    items: list[Mark]
    next: str | None


class NewMark(Sent):
    """Somebody to mark by hand."""

    person: NameText = Field(description="The person's external id.", examples=["P-1"])
    session: NameText | None = Field(
        default=None, description="A session's name or a day; else that of `at`, or today's."
    )
    at: str | None = Field(
        None,
        max_length=64,
        description="When: a whole instant, or a time on the clock of the site; else now.",
        examples=["2026-03-02T08:05:00+01:00"],
    )
    note: str = Field(default="", max_length=2000)
    direction: Way | None = None


class VoidMark(Sent):
    """Why a mark is wrong."""

    reason: NeededReason


class CorrectMark(Sent):
    """The right time of a mark, and why."""

    at: str = Field(max_length=64, examples=["2026-03-02T08:05:00+01:00"])
    reason: NeededReason
    direction: Way | None = None


class Corrected(Told):
    """The new mark, and the one that is void."""

    made: Mark
    old: Mark


class Decision(Told):
    """What a face on a photo comes to."""

    sighting: int | None = Field(description="The number of what was recorded; null in a dry run.")
    decision: Literal["present", "already", "review", "unknown", "refused"]
    at: Instant
    person: Ref | None
    mark: str | None
    score: float | None
    threshold: float
    margin: float | None
    target_fpir: float
    gallery_size: int
    candidates: list[ScoredRef]
    box: list[int] | None = Field(description="x, y, width and height in pixels.")
    quality: dict[str, Any]
    reasons: list[str]


class Decisions(Told):
    """The decisions on the faces of a photo."""

    dry_run: bool
    decisions: list[Decision]
    remark: str | None = Field(description="Why there is no decision.")


class Candidate(Told):
    """Somebody a face was compared with; id and name are null where they were removed since."""

    id: str | None
    name: str | None
    score: float | None


class Said(Told):
    """What somebody has said of it."""

    kind: str
    at: Instant
    by: str
    reason: str


class Seen(Told):
    """A face that was judged, and all that the decision rests on."""

    sighting: int
    decision: Literal["present", "already", "review", "unknown", "refused"]
    at: Instant
    session: str | None
    place: str | None
    source: str
    frame: int | None
    track: int | None
    box: list[int] | None
    person: Ref | None
    score: float | None
    threshold: float | None
    margin: float | None
    target_fpir: float | None
    gallery_size: int | None
    pipeline: str
    reasons: list[str]
    candidates: list[Candidate]
    quality: dict[str, Any]
    face: bool = Field(description="Whether the face is kept.")
    lookalikes: list[Ref]
    said: list[Said]


class Reviews(Told):
    """A page of what waits for somebody to look."""

    items: list[Seen]
    next: str | None


class Confirmation(Sent):
    """A word on it."""

    reason: Reason = ""


class Reassignment(Sent):
    """Who it was."""

    person: NameText = Field(description="The external id.", examples=["P-2"])
    reason: Reason = ""


class Settled(Told):
    """What came of it."""

    sighting: int
    said: str
    person: Ref | None
    mark: str | None
    new: bool = Field(description="Whether the mark was made for this.")


class RuleParts(Sent):
    """What a rule is made of, as `attendance timetable add` takes it; what is left out says nothing."""

    weekly: str | None = Field(default=None, max_length=100, examples=["MO,WE"])
    rrule: str | None = Field(default=None, max_length=500, examples=["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"])
    on: str | None = Field(default=None, max_length=32, examples=["2026-03-02"])
    begins: str | None = Field(default=None, max_length=16, examples=["08:00"])
    ends: str | None = Field(default=None, max_length=16, examples=["08:45"])
    zone: str | None = Field(default=None, max_length=64, examples=["Europe/Berlin"])
    opens_before: int | None = Field(default=None, ge=0, le=100_000, description="Minutes.")
    closes_after: int | None = Field(default=None, ge=0, le=100_000, description="Minutes.")
    late_grace: int | None = Field(default=None, ge=0, le=100_000, description="Minutes.")
    early_grace: int | None = Field(default=None, ge=0, le=100_000, description="Minutes.")
    half_day: int | None = Field(default=None, ge=0, le=100_000, description="Minutes.")
    absent_below: int | None = Field(default=None, ge=0, le=100_000, description="Minutes.")
    pairing: Literal["once", "first-last", "pairs"] | None = None
    breaks: list[Annotated[str, Field(max_length=32)]] | None = Field(
        default=None, max_length=20, examples=[["12:00-12:30"]]
    )
    auto_close: str | None = Field(default=None, max_length=16, examples=["60", "none"])
    always: bool | None = None
    site: str | None = Field(default=None, max_length=300)


class NewRule(Sent):
    """A rule for a group, a person, or with neither for everybody."""

    name: NameText = Field(examples=["Maths 7A"])
    parts: RuleParts
    group: NameText | None = None
    person: NameText | None = Field(default=None, description="The external id.")
    first: Day | None = Field(default=None, description="From this day on; else from today.")
    until: Day | None = Field(default=None, description="Its last day.")
    reason: Reason = ""


class RuleChange(Sent):
    """What is to be another of a rule, from a day on; days before keep what held then."""

    parts: RuleParts = RuleParts()
    first: Day | None = None
    until: Day | None = None
    reason: Reason = ""


class RuleDay(Sent):
    """A day on which a rule does not take place."""

    day: Day
    reason: Reason = ""


class RuleVersion(Told):
    """What a rule says from a day on, and who has said so."""

    number: int
    from_: DayText = Field(alias="from")
    says: str
    rule: dict[str, Any] | None
    entered: Instant
    by: str
    reason: str


class Occurrence(Told):
    """When a rule takes place."""

    day: DayText
    begins: Instant
    ends: Instant
    wall: str


class Rule(Told):
    """A rule of the timetable."""

    name: str
    group: str | None
    person: Ref | None
    says: str
    since: DayText
    until: DayText | None
    ended: bool
    rule: dict[str, Any] | None


class WholeRule(Rule):
    """A rule with all that it said and says, and its next occurrences."""

    versions: list[RuleVersion]
    next: list[Occurrence]


class Rules(Told):
    """A page of rules."""

    items: list[Rule]
    next: str | None


class ChangedRule(Told):
    """A rule after a change."""

    rule: Rule
    new: bool = Field(description="Whether anything was changed.")
    told: str
    remarks: list[str]


class CalendarDays(Told):
    """Days on which the same decides."""

    number: int | None
    first: DayText
    last: DayText
    state: Literal["closed", "open"]
    kind: str
    name: str
    source: str | None
    site: str | None
    group: str | None
    by: str | None
    entered: Instant | None
    withdrawn: str | None


class Calendar(Told):
    """What the calendar says of a span of days."""

    items: list[CalendarDays]
    next: str | None


class NewDays(Sent):
    """Days to close, to open all the same, or a term."""

    kind: Literal["closed", "open", "term"]
    first: Day
    last: Day | None = Field(default=None, description="Else the first.")
    name: NameText = Field(examples=["Carnival"])
    site: NameText | None = None
    group: NameText | None = None


class Withdrawal(Sent):
    """Why something is taken back."""

    reason: NeededReason


class Excuse(Told):
    """When somebody need not be there, and why."""

    number: int
    person: Ref
    begins: Instant
    ends: Instant
    reason: str
    document: str | None
    state: Literal["counts", "awaits approval", "refused", "withdrawn"]
    entered: Instant
    by: str
    withdrawn: str | None


class Excuses(Told):
    """A page of excuses."""

    items: list[Excuse]
    next: str | None


class NewExcuse(Sent):
    """Somebody need not be there."""

    person: NameText = Field(description="The external id.", examples=["P-1"])
    begins: str = Field(max_length=64, description="A day, or an instant.", examples=["2026-03-02"])
    ends: str = Field(max_length=64, description="A day, with it, or an instant.", examples=["2026-03-03"])
    reason: NeededReason


class Trouble(Told):
    """What was last wrong with a camera."""

    at: Instant
    detail: str
    help: str
    id: str = Field(description="The error's id; empty for what the camera itself told.")


class Camera(Told):
    """How a camera does, and what has come of it today."""

    number: int
    name: str
    wanted: bool = Field(description="Whether it is to be watched whenever the service runs.")
    session: str | None
    state: Literal["off", "opening", "online", "stale", "offline", "failed", "ended"]
    detail: str
    since: Instant
    fps: float = Field(description="Frames judged a second.")
    lag_s: float | None = Field(description="How old frames are when they are judged.")
    age_s: float | None = Field(description="How old the newest frame is.")
    judged: int
    marked: int
    review: int
    unknown: int
    trouble: Trouble | None


class CameraList(Told):
    """A page of cameras."""

    items: list[Camera]
    next: str | None


class WatchCamera(Sent):
    """What a camera is watched for."""

    session: NameText | None = Field(default=None, description="Mark in this session; else in the day's own.")


class Me(Told):
    """Who asks."""

    name: str
    role: Literal["admin", "teacher", "kiosk", "program"]
    token: int | None = Field(description="The number of the token.")
    scopes: list[str]
    ends: Instant | None = Field(description="Until when the token holds.")


class Version(Told):
    """What answers."""

    name: str
    version: str
    api: str
    zone: str = Field(description="The site's zone.")
    now: Instant
