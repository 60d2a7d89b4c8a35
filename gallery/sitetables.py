"""The tables of several sites and several machines: who belongs where, who watches what, and what came late.

Sites are known by their names, as rules and calendar entries name them; a name is never changed. Whoever belongs to no
site belongs to all of them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gallery.columns import Base, Instant, JsonText


class SiteRow(Base):
    """A school, a branch, a building with people and cameras of its own."""

    __tablename__ = "site"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    created: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(default=True)


class PersonSite(Base):
    """Who belongs to which site."""

    __tablename__ = "person_site"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    site: Mapped[str] = mapped_column(ForeignKey("site.name"), primary_key=True, index=True)


class LeaseRow(Base):
    """What one process does alone, such as watching a camera, until an instant of the database's clock.

    Each time that another holder takes it the epoch rises: whoever writes asks, in the same step, whether it still
    stands, so that one who was only paused writes nothing.
    """

    __tablename__ = "lease"
    __table_args__ = (CheckConstraint("epoch >= 1", name="epoch"),)

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    epoch: Mapped[int]
    taken: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)


class WorkerRow(Base):
    """A process that works with this database, as it last told of itself; `settings` is a digest of what it judges by.

    `facts` are numbers and codes: how much waits to be delivered, which plan it searches by.
    """

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    host: Mapped[str] = mapped_column(Text)
    site: Mapped[str | None] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(64))
    settings: Mapped[str] = mapped_column(String(64))
    begun: Mapped[datetime] = mapped_column(Instant)
    seen: Mapped[datetime] = mapped_column(Instant)
    facts: Mapped[dict[str, Any]] = mapped_column(JsonText)


class ArrivalRow(Base):
    """Something that a site did while the database was out of reach, and what became of it here; each once, by its id.

    `outcome`: what was delivered is `kept` (with the mark or sighting it tells of), was there `already`, or was
    `refused`, as its person was erased, left, or withdrew, or the month was closed.
    """

    __tablename__ = "arrival"
    __table_args__ = (CheckConstraint("outcome IN ('kept', 'already', 'refused')", name="outcome"),)

    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    site: Mapped[str | None] = mapped_column(String(200), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    entered: Mapped[datetime] = mapped_column(Instant)
    outcome: Mapped[str] = mapped_column(String(8))
    details: Mapped[dict[str, Any]] = mapped_column(JsonText)


class TemplateChange(Base):
    """That somebody's templates, or whether they may be searched, changed; without a person: everybody's may have.

    An index in memory follows these rows instead of reading all of the gallery. Old ones go: whoever comes from
    before the first that is left reads everything.
    """

    __tablename__ = "template_change"
    __table_args__ = ({"sqlite_autoincrement": True},)

    seq: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None]
