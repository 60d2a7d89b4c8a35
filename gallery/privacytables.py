"""The tables of what a data-protection officer asks for: consent, holds, erasures, and copies outside the home.

Words of consent are written once; the latest of a person and a purpose counts. They go with the person, but for what
proves an erasure, which names nobody.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gallery.columns import Base, Instant, JsonText


class ConsentTextRow(Base):
    """What people were asked, by version and language; never changed once somebody has answered."""

    __tablename__ = "consent_text"
    __table_args__ = (UniqueConstraint("version", "language"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(8))
    body: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    entered: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)


class ConsentRow(Base):
    """A word of a person, or of who answers for them, on one purpose: yes until a day, or no.

    ``giver`` is the guardian's name, where one was told. Of a paper the SHA-256 alone is kept.
    """

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("purpose IN ('face', 'photo', 'unknown')", name="purpose"),
        CheckConstraint("basis IN ('consent', 'contract', 'law')", name="basis"),
        CheckConstraint("given_by IN ('self', 'guardian')", name="given_by"),
        CheckConstraint("method IN ('page', 'paper', 'spoken')", name="method"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(8))
    granted: Mapped[bool]
    basis: Mapped[str] = mapped_column(String(8))
    text_id: Mapped[int | None] = mapped_column(ForeignKey("consent_text.id"))
    given_by: Mapped[str] = mapped_column(String(8))
    giver: Mapped[str] = mapped_column(Text, default="")
    method: Mapped[str] = mapped_column(String(8))
    document_sha256: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)
    entered: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="")


class ConsentFormRow(Base):
    """A form that somebody was handed: its code (of which the SHA-256 is kept) leads the answer back to the person."""

    __tablename__ = "consent_form"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    text_id: Mapped[int] = mapped_column(ForeignKey("consent_text.id"))
    purposes: Mapped[list[str]] = mapped_column(JsonText)
    given_by: Mapped[str] = mapped_column(String(8))
    created: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    ends: Mapped[datetime] = mapped_column(Instant)
    used: Mapped[datetime | None] = mapped_column(Instant)
    revoked: Mapped[datetime | None] = mapped_column(Instant)


class HoldRow(Base):
    """Nothing of a person, or of the whole home (no person), is erased or purged until it is lifted."""

    __tablename__ = "hold"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    begun: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    lifted: Mapped[datetime | None] = mapped_column(Instant)
    lifted_by: Mapped[str | None] = mapped_column(Text)


class ErasureRow(Base):
    """What was erased of somebody, known by internal id alone: what an old backup brings back is erased by it again.

    `person`: all of them. Else what is from before `at`, as they do not agree to it any more: `face`: templates and
    faces; `photo`: the crops of templates; `unknown`: faces that wait for a look.
    """

    __tablename__ = "erasure"
    __table_args__ = (
        CheckConstraint("what IN ('person', 'face', 'photo', 'unknown')", name="what"),
        UniqueConstraint("person_key", "what"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_key: Mapped[int]
    what: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime] = mapped_column(Instant)


class BackupRow(Base):
    """A backup that was written, as far as this home knows: where it lies, until when it is kept, what proved it."""

    __tablename__ = "backup"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    digest: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int]
    scheduled: Mapped[bool]
    verified: Mapped[datetime | None] = mapped_column(Instant)
    tested: Mapped[datetime | None] = mapped_column(Instant)
    gone: Mapped[datetime | None] = mapped_column(Instant)


class SecondFactorRow(Base):
    """What an account shows besides its password: a sealed TOTP secret, and hashes of codes that each hold once.

    `step` is the last counter of a code that was taken, so that none is taken twice.
    """

    __tablename__ = "second_factor"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed: Mapped[datetime | None] = mapped_column(Instant)
    step: Mapped[int] = mapped_column(default=0)
    codes: Mapped[list[str]] = mapped_column(JsonText)
