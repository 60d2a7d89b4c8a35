"""The tables, as typed models that SQLite and PostgreSQL both can hold.

Ids of people, templates, sightings, corrections and events are never used twice, so what names a removed person's
internal id can never be taken for somebody else's. Instants are aware and in UTC; a naive one is refused.

What happened is written once and never again: sighting, then mark, then correction; and so is what was decided: the
versions of a rule, calendar entries, excuses, approvals, withdrawals, closed months. They name people by internal id
alone; what follows from them, who counts as present, late or absent and which mark is void, is asked of them and not
stored.
"""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import gallery.privacytables
import gallery.servicetables
import gallery.sitetables  # noqa: F401  their tables are part of METADATA
from gallery.columns import Base, Instant, JsonText

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every schema this version knows, oldest first; the last is the one it writes."""

OLDEST = "0006"
"""The oldest of them whose programs may go on with a database that this version has made or upgraded.

A step that adds tables and columns that may be empty leaves it, so that machines are upgraded one after the other; one
that changes what is there raises it, and writes it into the home: programs of before write nothing from then on.
"""

METADATA = Base.metadata
"""All tables of a home: those below, those of the service, of data protection, and of several sites."""


class Meta(Base):
    """Facts about the home: `home_id`, `generation`, `key_check`, `erasure_pending`."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Person(Base):
    """Somebody who can be marked; `external_id` is what people and JSON call the id."""

    __tablename__ = "person"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[datetime] = mapped_column(Instant)
    active: Mapped[bool] = mapped_column(default=True)


class Template(Base):
    """One sealed template of a person under one pipeline; the same photo is filed once.

    What is comparable is all that a template comes from: detector, landmark net and encoder. Rows of schema 0001 name
    the encoder alone.
    """

    __tablename__ = "template"
    __table_args__ = (
        UniqueConstraint("person_id", "pipeline_id", "source_sha256"),
        Index(None, "pipeline_id", "person_id"),  # answers who has which template without reading one
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    pipeline_id: Mapped[str] = mapped_column(String(200))
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    quality: Mapped[dict[str, Any]] = mapped_column(JsonText)
    source: Mapped[str] = mapped_column(Text)
    source_sha256: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(Instant)


class Crop(Base):
    """The sealed crop of a template; a table of its own so that loading templates never reads it.

    ``aligned``: the encoded picture, 112 x 112. ``chip``: ten float32 little-endian, the five landmarks' x and y in
    pixels of the chip, then the encoded picture of 168 x 168, the template's frame with half as much around it.
    """

    __tablename__ = "crop"
    __table_args__ = (CheckConstraint("form IN ('aligned', 'chip')", name="form"),)

    template_id: Mapped[int] = mapped_column(ForeignKey("template.id", ondelete="CASCADE"), primary_key=True)
    form: Mapped[str] = mapped_column(String(8))
    picture: Mapped[bytes] = mapped_column(LargeBinary)


class Group(Base):
    """A class, a team."""

    __tablename__ = "group"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)


class Membership(Base):
    """Who belongs to which group."""

    __tablename__ = "membership"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("group.id", ondelete="CASCADE"), primary_key=True, index=True)


class LookalikeRow(Base):
    """Two people whose templates are too close to tell apart without a look; the smaller id comes first."""

    __tablename__ = "lookalike"
    __table_args__ = (CheckConstraint("first_id < second_id", name="order"),)

    first_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    score: Mapped[float] = mapped_column(Double)
    created: Mapped[datetime] = mapped_column(Instant)


class SessionRow(Base):
    """What people are marked for: a day's default session (`kind` day, one a day and zone) or a named one."""

    __tablename__ = "session"
    __table_args__ = (
        UniqueConstraint("day", "zone"),
        CheckConstraint("kind IN ('day', 'named')", name="kind"),
        CheckConstraint("(kind = 'day') = (day IS NOT NULL)", name="day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    day: Mapped[str | None] = mapped_column(String(10))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("group.id", ondelete="SET NULL"))
    opens: Mapped[datetime] = mapped_column(Instant)
    closes: Mapped[datetime | None] = mapped_column(Instant)
    zone: Mapped[str] = mapped_column(String(64))
    site: Mapped[str | None] = mapped_column(String(200))


class Alias(Base):
    """The internal id that somebody had before they were merged into another: old records still name it."""

    __tablename__ = "alias"

    key: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)


class PlaceRow(Base):
    """A camera or a kiosk by name; the address is sealed, as it may hold a password."""

    __tablename__ = "place"
    __table_args__ = (
        CheckConstraint("kind IN ('camera', 'kiosk')", name="kind"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    site: Mapped[str | None] = mapped_column(Text)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("group.id", ondelete="SET NULL"))
    target_fpir: Mapped[float | None] = mapped_column(Double)
    direction: Mapped[str | None] = mapped_column(
        String(8), CheckConstraint("direction IN ('in', 'out')", name="direction")
    )
    created: Mapped[datetime] = mapped_column(Instant)
    active: Mapped[bool] = mapped_column(default=True)


class SightingRow(Base):
    """A face judged in a picture, or a finished track, whatever the ruling; written once, as it was given out.

    ``candidates`` name people by internal id; who of them is gone or merged is found out when they are shown.
    """

    __tablename__ = "sighting"
    __table_args__ = (
        CheckConstraint("means IN ('camera', 'file')", name="means"),
        CheckConstraint("ruling IN ('present', 'already', 'review', 'unknown', 'refused')", name="ruling"),
        CheckConstraint("retention IN ('mark', 'review', 'unknown', 'refused')", name="retention"),
        CheckConstraint("person_id IS NULL OR ruling NOT IN ('unknown', 'refused')", name="person"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    means: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(Text)
    frame: Mapped[int | None]
    track: Mapped[int | None]
    box: Mapped[list[int] | None] = mapped_column(JsonText)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("session.id", ondelete="CASCADE"), index=True)
    ruling: Mapped[str] = mapped_column(String(8), index=True)
    reasons: Mapped[list[str]] = mapped_column(JsonText)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    score: Mapped[float | None] = mapped_column(Double)
    cosine: Mapped[float | None] = mapped_column(Double)
    threshold: Mapped[float | None] = mapped_column(Double)
    margin: Mapped[float | None] = mapped_column(Double)
    target_fpir: Mapped[float | None] = mapped_column(Double)
    gallery_size: Mapped[int | None]
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JsonText)
    quality: Mapped[dict[str, Any]] = mapped_column(JsonText)
    pipeline_id: Mapped[str] = mapped_column(String(200))
    retention: Mapped[str] = mapped_column(String(8))
    site: Mapped[str | None] = mapped_column(String(200))


class SightingCrop(Base):
    """The sealed face of a sighting that somebody must look at; purged when somebody has, or when it is old."""

    __tablename__ = "sighting_crop"

    sighting_id: Mapped[int] = mapped_column(ForeignKey("sighting.id", ondelete="CASCADE"), primary_key=True)
    picture: Mapped[bytes] = mapped_column(LargeBinary)


class MarkRow(Base):
    """A person was there; written once. The latest correction that voids or restores it says whether it counts.

    The ordinal counts a person's marks in a session from 1: being unique, it keeps two cameras from marking at once.
    """

    __tablename__ = "mark"
    __table_args__ = (
        UniqueConstraint("person_id", "session_id", "ordinal"),
        CheckConstraint("method IN ('face', 'manual', 'pin', 'qr', 'badge', 'device')", name="method"),
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        CheckConstraint("ordinal >= 1", name="ordinal"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: uuid4().hex)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id", ondelete="CASCADE"), index=True)
    ordinal: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    time_known: Mapped[bool]
    entered: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(String(8))
    direction: Mapped[str | None] = mapped_column(String(8))
    sighting_id: Mapped[int | None] = mapped_column(ForeignKey("sighting.id", ondelete="SET NULL"), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JsonText)
    site: Mapped[str | None] = mapped_column(String(200))


class CorrectionRow(Base):
    """What somebody has said of a mark or a sighting afterwards; both stay as they are."""

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("kind IN ('void', 'restore', 'confirm', 'reassign', 'dismiss', 'excuse')", name="kind"),
        CheckConstraint("(mark_id IS NULL) <> (sighting_id IS NULL)", name="subject"),
        CheckConstraint("person_id IS NULL OR kind = 'reassign'", name="person"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    mark_id: Mapped[str | None] = mapped_column(ForeignKey("mark.id", ondelete="CASCADE"), index=True)
    sighting_id: Mapped[int | None] = mapped_column(ForeignKey("sighting.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class MembershipChange(Base):
    """From a day on somebody belonged to a group, or no longer: who was to be there on a day long gone.

    Before the first change of a person and a group it was the other way round; without one, it was as it is now.
    """

    __tablename__ = "membership_change"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("group.id", ondelete="CASCADE"), index=True)
    member: Mapped[bool]
    from_day: Mapped[str] = mapped_column(String(10))
    entered: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)


class ForeignId(Base):
    """What another system (a register of pupils, a badge reader) calls a person."""

    __tablename__ = "foreign_id"

    system: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(200), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)


class RuleRow(Base):
    """A line of the timetable: its name and whom it is for, a group, a person, or with neither everybody.

    A group that a rule is for is not deleted: a rule that lost it would be for everybody.
    """

    __tablename__ = "rule"
    __table_args__ = (
        CheckConstraint("group_id IS NULL OR person_id IS NULL", name="whom"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("group.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created: Mapped[datetime] = mapped_column(Instant)


class RuleVersionRow(Base):
    """What a rule says from a day on; `spec` is None where it has ended. Of two from one day the later one holds."""

    __tablename__ = "rule_version"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id", ondelete="CASCADE"), index=True)
    from_day: Mapped[str] = mapped_column(String(10))
    spec: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    entered: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class CalendarEntryRow(Base):
    """Days on which the site is closed, open all the same, or in term; `source` tells where it is from."""

    __tablename__ = "calendar_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('closed', 'open', 'term')", name="kind"),
        CheckConstraint("first_day <= last_day", name="order"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    first_day: Mapped[str] = mapped_column(String(10))
    last_day: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    site: Mapped[str | None] = mapped_column(Text)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("group.id"), index=True)
    entered: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)


class ExcuseRow(Base):
    """Somebody need not be there from an instant up to, and without, another; a document is known by its hash alone.

    With `awaits` it counts only once somebody else has approved it.
    """

    __tablename__ = "excuse"
    __table_args__ = (CheckConstraint("begins < ends", name="order"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    begins: Mapped[datetime] = mapped_column(Instant)
    ends: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    document_sha256: Mapped[str | None] = mapped_column(String(64))
    awaits: Mapped[bool]
    entered: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)


class WithdrawalRow(Base):
    """An excuse or a calendar entry counts no longer; it stays, with who took it back and why."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        CheckConstraint("(excuse_id IS NULL) <> (calendar_entry_id IS NULL)", name="subject"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    excuse_id: Mapped[int | None] = mapped_column(ForeignKey("excuse.id", ondelete="CASCADE"), unique=True)
    calendar_entry_id: Mapped[int | None] = mapped_column(
        ForeignKey("calendar_entry.id", ondelete="CASCADE"), unique=True
    )
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class ApprovalRow(Base):
    """A second person has looked at what waits for one, a mark by hand or an excuse: it counts, or it does not."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("(mark_id IS NULL) <> (excuse_id IS NULL)", name="subject"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mark_id: Mapped[str | None] = mapped_column(ForeignKey("mark.id", ondelete="CASCADE"), unique=True)
    excuse_id: Mapped[int | None] = mapped_column(ForeignKey("excuse.id", ondelete="CASCADE"), unique=True)
    granted: Mapped[bool]
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class MonthRow(Base):
    """A month was closed, so that nothing of it is changed, or opened again; the latest word counts.

    `digest` is the SHA-256 of the month's statuses as they were when it was closed.
    """

    __tablename__ = "month"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(String(7), index=True)
    closed: Mapped[bool]
    digest: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class CoverageRow(Base):
    """A source has looked from an instant to another; while it goes on looking, the end alone moves on.

    A picture is of one instant, so that both are the same.
    """

    __tablename__ = "coverage"
    __table_args__ = (
        CheckConstraint("kind IN ('camera', 'file', 'device', 'hand')", name="kind"),
        CheckConstraint("begins <= ends", name="order"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(Text)
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("group.id", ondelete="CASCADE"), index=True)
    begins: Mapped[datetime] = mapped_column(Instant, index=True)
    ends: Mapped[datetime] = mapped_column(Instant, index=True)
    entered: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    site: Mapped[str | None] = mapped_column(String(200))


class EventRow(Base):
    """What was changed, by whom, when; append-only, and it names people by internal id alone.

    `link` holds the entry fast to the one before it, whose link is `prev`; see `gallery.repositories.chain`. Entries
    of schema 0004 and before have neither.
    """

    __tablename__ = "event"
    __table_args__ = ({"sqlite_autoincrement": True},)

    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JsonText)
    prev: Mapped[str | None] = mapped_column(String(66))
    link: Mapped[str | None] = mapped_column(String(66))
