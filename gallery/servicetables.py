"""The tables of the service: who signs in, programs and kiosks, other ways than the face, news, and long work.

What they hold goes again: with an account, a token, a place or a person, or after some days. What it did stays in the
log of `gallery.schema`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gallery.columns import Base, Instant, JsonText


class SecretRow(Base):
    """A random key of this home for one purpose, sealed; it outlives a change of the home's own key."""

    __tablename__ = "secret"

    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)


class AccountRow(Base):
    """Somebody who may sign in; `password` is an argon2 hash."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("role IN ('admin', 'teacher', 'auditor')", name="role"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    password: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[datetime] = mapped_column(Instant)


class AccountGroup(Base):
    """A group whose people an account may see and mark."""

    __tablename__ = "account_group"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("group.id", ondelete="CASCADE"), primary_key=True, index=True)


class SignInRow(Base):
    """A browser that is signed in, known by the SHA-256 of what its cookie holds; `browser` is what it calls itself."""

    __tablename__ = "sign_in"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    begun: Mapped[datetime] = mapped_column(Instant)
    seen: Mapped[datetime] = mapped_column(Instant)
    browser: Mapped[str | None] = mapped_column(String(200))


class TokenRow(Base):
    """What a program, a kiosk, a calendar feed or the first setup proves itself by; only its SHA-256 is kept.

    A kiosk stands at a place, signs what it sends with a key of its own, and counts it: `counter` is the last number
    taken.
    """

    __tablename__ = "token"
    __table_args__ = (
        CheckConstraint("kind IN ('api', 'kiosk', 'feed', 'setup')", name="kind"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JsonText)
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id", ondelete="CASCADE"), index=True)
    public_key: Mapped[str | None] = mapped_column(Text)
    counter: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)
    ends: Mapped[datetime | None] = mapped_column(Instant)
    used: Mapped[datetime | None] = mapped_column(Instant)
    revoked: Mapped[datetime | None] = mapped_column(Instant)


class CredentialRow(Base):
    """Another way than the face: a number and PIN (argon2), a signed QR code, a badge.

    `handle` finds it: the number, the code's own id, or a keyed digest of what the badge says.
    """

    __tablename__ = "credential"
    __table_args__ = (
        CheckConstraint("kind IN ('pin', 'qr', 'badge')", name="kind"),
        UniqueConstraint("kind", "handle"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    handle: Mapped[str] = mapped_column(String(64))
    secret: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)


class AttemptRow(Base):
    """How often something was tried in vain (a password, a PIN), so that a restart forgives nothing."""

    __tablename__ = "attempt"

    what: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last: Mapped[datetime] = mapped_column(Instant)


class AnswerRow(Base):
    """What a program was answered under its Idempotency-Key, sealed, so that asking twice does it once."""

    __tablename__ = "answer"

    token_id: Mapped[int] = mapped_column(ForeignKey("token.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)


class ReceiverRow(Base):
    """Another system that is told of news: a webhook or an MQTT broker; address and secret are sealed.

    `kinds` are the kinds of news it wants; `reason` says why it is not in use.
    """

    __tablename__ = "receiver"
    __table_args__ = (CheckConstraint("kind IN ('webhook', 'mqtt')", name="kind"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    kinds: Mapped[list[str]] = mapped_column(JsonText)
    allow_private: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)


class NewsRow(Base):
    """Something that pages and receivers are told of, written in the step that did it; it goes after some days.

    The subject is a mark's id, a sighting's number or a place's; the number tells the order.
    """

    __tablename__ = "news"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id", ondelete="CASCADE"), index=True)


class DeliveryRow(Base):
    """A piece of news on its way to a webhook: due, claimed while it is sent, done when the other side has it."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("receiver_id", "news_id"),
        Index(None, "done", "due"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    receiver_id: Mapped[int] = mapped_column(ForeignKey("receiver.id", ondelete="CASCADE"))
    news_id: Mapped[int] = mapped_column(ForeignKey("news.id", ondelete="CASCADE"), index=True)
    due: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed: Mapped[datetime | None] = mapped_column(Instant)
    done: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str] = mapped_column(String(200), default="")


class WatchRow(Base):
    """A camera that is to be watched whenever the service runs, and for which session (none: the day's own)."""

    __tablename__ = "watch"

    place_id: Mapped[int] = mapped_column(ForeignKey("place.id", ondelete="CASCADE"), primary_key=True)
    session: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(Text)


class JobRow(Base):
    """Long work: how far it is and how it ended; `told` holds counts and ids of errors, never a name."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'failed', 'interrupted')", name="state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    told: Mapped[dict[str, Any]] = mapped_column(JsonText)
    begun: Mapped[datetime] = mapped_column(Instant)
    seen: Mapped[datetime] = mapped_column(Instant)
    ended: Mapped[datetime | None] = mapped_column(Instant)
