"""The tables, as typed models that SQLite and PostgreSQL both can hold.

Ids of people, templates and events are never used twice, so an event that names a removed person's internal
id can never be taken for somebody else's. Instants are aware and in UTC; a naive one is refused.
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from gallery.errors import GalleryDamaged

REVISIONS = ("0001",)
"""Every schema this version knows, oldest first; the last is the one it writes."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; a naive one is refused with ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC, or ValueError."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"expected an aware datetime, got the naive {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON value kept as readable text with sorted keys; NaN and infinities are refused with ValueError."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To text, or ValueError."""
        return None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """From text; raises GalleryDamaged where it is no JSON."""
        try:
            return None if value is None else json.loads(value)
        except ValueError as error:
            raise GalleryDamaged("attendance.db", "a stored value is not the JSON it should be") from error


class Base(DeclarativeBase):
    """Common ground of the models."""

    metadata = MetaData(naming_convention=NAMING)


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
    """One sealed template of a person under one encoder; the same photo is filed once."""

    __tablename__ = "template"
    __table_args__ = (
        UniqueConstraint("person_id", "encoder_id", "source_sha256"),
        Index(None, "encoder_id", "person_id"),  # answers who has which template without reading one
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    encoder_id: Mapped[str] = mapped_column(String(200))
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    quality: Mapped[dict[str, Any]] = mapped_column(JsonText)
    source: Mapped[str] = mapped_column(Text)
    source_sha256: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(Instant)


class Crop(Base):
    """The sealed aligned crop of a template; a table of its own so that loading templates never reads it."""

    __tablename__ = "crop"

    template_id: Mapped[int] = mapped_column(ForeignKey("template.id", ondelete="CASCADE"), primary_key=True)
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


class MarkRow(Base):
    """A person was there. One row for a person and session for ever.

    Voiding fills the three `void` columns and keeps the row, so the unique pair stops the camera from making
    the same mark again; only a manual mark clears them (the row is updated, the event log tells the story).
    """

    __tablename__ = "mark"
    __table_args__ = (
        UniqueConstraint("person_id", "session_id"),
        CheckConstraint("how IN ('camera', 'file', 'manual')", name="how"),
        CheckConstraint(
            "(voided_at IS NULL) = (void_reason IS NULL) AND (voided_at IS NULL) = (voided_by IS NULL)",
            name="void",
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: uuid4().hex)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    how: Mapped[str] = mapped_column(String(8))
    evidence: Mapped[dict[str, Any]] = mapped_column(JsonText)
    voided_at: Mapped[datetime | None] = mapped_column(Instant)
    void_reason: Mapped[str | None] = mapped_column(Text)
    voided_by: Mapped[str | None] = mapped_column(Text)


class EventRow(Base):
    """What was changed, by whom, when; append-only, and it names people by internal id alone."""

    __tablename__ = "event"
    __table_args__ = ({"sqlite_autoincrement": True},)

    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JsonText)
