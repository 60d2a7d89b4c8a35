"""Values of what the service keeps: accounts, tokens, credentials, receivers, news, deliveries, watches, jobs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Role = Literal["admin", "teacher", "auditor"]
TokenKind = Literal["api", "kiosk", "feed", "setup"]
CredentialKind = Literal["pin", "qr", "badge"]
ReceiverKind = Literal["webhook", "mqtt"]
JobState = Literal["running", "done", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in; ``groups`` are names of those whose people a teacher may see and mark."""

    id: int
    name: str
    role: Role
    groups: tuple[str, ...]
    active: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser that is signed in; ``browser`` is what it calls itself."""

    digest: str
    account: Account
    begun: datetime
    seen: datetime
    browser: str | None = None


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What an account shows besides its password: since when, the last step whose code was taken, digests of codes."""

    account: int
    confirmed: datetime | None
    step: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """What a program or a kiosk proves itself by; the token itself is not kept."""

    id: int
    kind: TokenKind
    name: str
    scopes: tuple[str, ...]
    place: int | None
    public_key: str | None
    counter: int
    created: datetime
    by: str
    ends: datetime | None
    used: datetime | None
    revoked: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether it is neither revoked nor over."""
        return self.revoked is None and (self.ends is None or at < self.ends)


@dataclass(frozen=True, slots=True)
class Credential:
    """Another way than the face, of the person of this internal id; ``secret`` is the argon2 hash of a PIN."""

    id: int
    person: int
    kind: CredentialKind
    handle: str
    secret: str | None
    created: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often something was tried in vain, and when last."""

    failures: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered under an Idempotency-Key; ``request`` is the SHA-256 of what was asked."""

    request: str
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Receiver:
    """Another system that is told of news."""

    id: int
    name: str
    kind: ReceiverKind
    kinds: tuple[str, ...]
    allow_private: bool
    active: bool
    reason: str
    created: datetime
    by: str


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened; ``subject`` is a mark's id, a sighting's or a place's number."""

    id: int
    at: datetime
    kind: str
    subject: str
    person: int | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A piece of news on its way to a receiver."""

    id: int
    receiver: int
    news: News
    due: datetime
    attempts: int
    claimed: datetime | None
    done: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Watch:
    """A camera that is to be watched whenever the service runs."""

    place: int
    session: str | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Job:
    """Long work, how far it is and how it ended."""

    id: int
    kind: str
    by: str
    state: JobState
    done: int
    total: int | None
    told: dict[str, Any]
    begun: datetime
    seen: datetime
    ended: datetime | None
