"""The shapes of the timetable, the calendar and excuses."""

from typing import Annotated, Any, Literal

from pydantic import Field

from attendance.web.api.models.shared import Day, DayText, Instant, NameText, NeededReason, Reason, Ref, Sent, Told


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
