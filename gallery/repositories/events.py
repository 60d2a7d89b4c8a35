"""The append-only log: what was changed, by whom, when; written in the transaction of the change itself.

The subject is an internal id as text (a person's, a session's, a sighting's, a place's, a rule's, a calendar entry's,
an excuse's, an account's, a token's, a credential's, a receiver's), a mark's id, or a month. Details hold internal ids,
counts and codes, never a name, an external id or a file name: whoever is removed must not live on here. Every mark has
an event `mark.add` with its id as subject, every correction one of its own, and so have excuses, calendar entries and
what withdraws them. An approval has one whose subject is the mark's id or "excuse N"; every version of a rule has one
of the rule, every word on a month one of the month. `gallery.verify` compares.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Text, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from gallery.repositories import carried, chain, news
from gallery.repositories.batches import in_batches
from gallery.schema import EventRow
from gallery.values import Event

MARK_ADDED = "mark.add"
MARK_VOIDED = "mark.void"
MARK_RESTORED = "mark.restore"
SIGHTING_CONFIRMED = "sighting.confirm"
SIGHTING_REASSIGNED = "sighting.reassign"
SIGHTING_DISMISSED = "sighting.dismiss"
SIGHTING_REOPENED = "sighting.reopen"
SIGHTING_PURGED = "sighting.purge"
LOOKALIKE_ADDED = "lookalike.add"
LOOKALIKE_CLEARED = "lookalike.clear"
PERSON_ADDED = "person.add"
PERSON_RENAMED = "person.rename"
PERSON_MERGED = "person.merge"
PERSON_ENROLLED = "person.enroll"
PERSON_ACTIVE = "person.active"
PLACE_ADDED = "place.add"
PLACE_CHANGED = "place.change"
PLACE_RETIRED = "place.retire"
PLACE_RESTORED = "place.restore"
PLACE_REMOVED = "place.remove"
PERSON_EXPORTED = "person.export"
PERSON_GROUPS = "person.groups"
PRIVACY_REPORTED = "privacy.report"
RULE_ADDED = "rule.add"
RULE_CHANGED = "rule.change"
RULE_ENDED = "rule.end"
CALENDAR_ADDED = "calendar.add"
CALENDAR_WITHDRAWN = "calendar.withdraw"
EXCUSE_ADDED = "excuse.add"
EXCUSE_WITHDRAWN = "excuse.withdraw"
APPROVED = "approval.grant"
REFUSED = "approval.refuse"
MONTH_CLOSED = "month.close"
MONTH_OPENED = "month.open"
COVERAGE_ADDED = "coverage.add"
ACCOUNT_ADDED = "account.add"
ACCOUNT_CHANGED = "account.change"
ACCOUNT_REMOVED = "account.remove"
TOKEN_ADDED = "token.add"  # noqa: S105  an action, as the others
TOKEN_REVOKED = "token.revoke"  # noqa: S105
CREDENTIAL_ADDED = "credential.add"
CREDENTIAL_REMOVED = "credential.remove"
CREDENTIALS_PRINTED = "credential.sheet"
RECEIVER_ADDED = "receiver.add"
RECEIVER_CHANGED = "receiver.change"
RECEIVER_REMOVED = "receiver.remove"
WATCH_STARTED = "watch.start"
WATCH_STOPPED = "watch.stop"
KIOSK_PAIRED = "kiosk.pair"
LIVENESS_MEASURED = "liveness.measured"
CAMERA_PROGRAM = "camera.program"
TEMPLATE_REMOVED = "template.remove"
CONSENT_GIVEN = "consent.give"
CONSENT_WITHDRAWN = "consent.withdraw"
CONSENT_LAPSED = "consent.lapse"
CONSENT_FORM = "consent.form"
CONSENT_FORM_REVOKED = "consent.revoke"
CONSENT_TEXT = "consenttext.add"
SIGNED_IN = "signin.begin"
SIGNED_OUT = "signin.end"
LOCKED_OUT = "signin.locked"
FACTOR_ADDED = "factor.add"
FACTOR_REMOVED = "factor.remove"
FACTOR_CODE_USED = "factor.code"
ACCESS_REFUSED = "access.refuse"
ARRIVAL_REFUSED = "arrival.refuse"
ARRIVAL_ASIDE = "arrival.aside"
ARRIVALS_TAKEN = "arrival.take"
SITE_ADDED = "site.add"
SITE_RETIRED = "site.retire"
PERSON_SITES = "person.sites"
AT_DOORS: Final = ("access.", "factor.", "signin.")
"""What the actions begin with that change nothing but who comes in."""
CHANGES_PERSON: Final = frozenset(
    {PERSON_ADDED, PERSON_RENAMED, PERSON_MERGED, PERSON_ENROLLED, PERSON_ACTIVE, PERSON_GROUPS, TEMPLATE_REMOVED}
    | {CONSENT_WITHDRAWN, CONSENT_LAPSED}
)
"""The actions after which a person is not as they were: receivers are told, whoever did it."""
OF_PEOPLE: Final = ("person", "template", "lookalike", "photo", "consent")
"""What the actions begin with whose subject is a person's internal id."""
Told = tuple[str, str]
"""Action and subject of an event."""
Due = tuple[Told, datetime]
"""What an event should tell of, and when that was entered."""
NAMING: Final = ("person", "to", "from", "other")
"""The details that hold the internal id of a person."""


def record(
    session: Session,
    *,
    at: datetime,
    by: str,
    action: str,
    subject: int | str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append an event, linked to the one before it, to the transaction of `session`; a changed person is news, too."""
    chain.append(session, EventRow(at=at, by=by, action=action, subject=str(subject), details=dict(details or {})))
    if action in CHANGES_PERSON:
        news.add(session, [news.New(at, news.PERSON_CHANGED, str(subject), int(subject))])


def history(session: Session, *, subject: int | str | None = None, action: str | None = None) -> list[Event]:
    """The log in order, all of it or what concerns one subject or one action.

    Of an action also what was kept of it when old entries were purged, see `carried`.
    """
    query = select(EventRow).order_by(EventRow.seq)
    if subject is not None:
        query = query.where(EventRow.subject == str(subject))
    if action is not None:
        query = query.where(EventRow.action == action)
    before = [] if action is None else carried.facts(session, action, None if subject is None else str(subject))
    return [*before, *(_event(row) for row in session.scalars(query))]


def page(
    session: Session,
    *,
    action: str | None = None,
    by: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    person: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Event]:
    """So many entries, the newest first, those before a number alone; ``action`` may be all of a kind, as "mark.".

    With ``person`` those whose subject is this internal id, or whose details name it.
    """
    query = select(EventRow).order_by(EventRow.seq.desc()).limit(limit)
    if action is not None:
        query = query.where(EventRow.action.startswith(action, autoescape=True))
    if by is not None:
        query = query.where(EventRow.by == by)
    if since is not None:
        query = query.where(EventRow.at >= since)
    if until is not None:
        query = query.where(EventRow.at < until)
    if person is not None:
        query = query.where(_of_person(person))
    if before is not None:
        query = query.where(EventRow.seq < before)
    return [_event(row) for row in session.scalars(query)]


def _of_person(key: int) -> Any:
    text = type_coerce(EventRow.details, Text)
    named = [text.like(f'%"{name}": {key}{end}%') for name in NAMING for end in (",", "}")]
    own = [EventRow.action.startswith(f"{each}.") & (EventRow.subject == str(key)) for each in OF_PEOPLE]
    return or_(*named, *own)


def is_there(session: Session, *, by: str, action: str, subject: str, since: datetime, until: datetime) -> bool:
    """Whether this was done to this by this one in since < at <= until."""
    query = select(EventRow.seq).where(
        EventRow.subject == subject,
        EventRow.action == action,
        EventRow.by == by,
        EventRow.at > since,
        EventRow.at <= until,
    )
    return session.execute(query.limit(1)).first() is not None


def actors(session: Session) -> list[str]:
    """Everybody who has done anything, by name."""
    return list(session.scalars(select(EventRow.by).distinct().order_by(EventRow.by)))


def lacking(session: Session, due: Iterable[Due]) -> list[Told]:
    """What the log does not tell of, though it should; of several alike as many as are missing.

    What was entered before entries were let go by a rule, nobody needs to tell of any more.
    """
    since = chain.purged_before(session)
    wanted = Counter(told for told, entered in due if entered >= since)
    actions = sorted({action for action, _ in wanted})
    query = select(EventRow.action, EventRow.subject).where(EventRow.action.in_(actions), EventRow.at >= since)
    told = Counter((row[0], row[1]) for row in session.execute(query)) if actions else Counter[Told]()
    return list((wanted - told).elements())


def concerning(
    session: Session,
    keys: Collection[int],
    marks: Collection[str],
    sightings: Collection[int],
    excuses: Collection[int] = (),
    rules: Collection[int] = (),
    sessions: Collection[int] = (),
) -> list[Event]:
    """The log in order, as far as it is of a person of these internal ids, or of these records of theirs.

    Of ``sessions`` it is who has looked at what their marks rest on, theirs among them.
    """
    about: dict[str, Collection[int | str]] = {
        **dict.fromkeys(OF_PEOPLE, keys),
        "mark": marks,
        "sighting": sightings,
        "excuse": excuses,
        "rule": rules,
        "approval": {*marks, *map(excuse_subject, excuses)},
        "evidence": {
            *(f"mark {each}" for each in marks),
            *(f"sighting {each}" for each in sightings),
            *(f"session {each}" for each in sessions),
        },
    }
    subjects = sorted({str(subject) for each in about.values() for subject in each})
    text = type_coerce(EventRow.details, Text)
    told: list[Any] = [or_(*(text.like(f"%: {key}{end}%") for key in sorted(keys) for end in (",", "}")))]
    told += [EventRow.subject.in_(some) for some in in_batches(subjects)]
    rows = {row.seq: row for each in told for row in session.scalars(select(EventRow).where(each))}
    found = (_event(rows[seq]) for seq in sorted(rows))
    return [each for each in found if _concerns(each, keys, about.get(each.action.partition(".")[0], ()))]


def _concerns(event: Event, keys: Collection[int], subjects: Collection[int | str]) -> bool:
    return event.subject in set(map(str, subjects)) or any(event.details.get(name) in keys for name in NAMING)


def excuse_subject(number: int) -> str:
    """How the event of an approval names the excuse it is of; one of a mark has the mark's id."""
    return f"excuse {number}"


def _event(row: EventRow) -> Event:
    return Event(row.seq, row.at, row.by, row.action, row.subject, row.details)


def times(session: Session, action: str) -> dict[str, list[datetime]]:
    """When this was done, by subject, in order."""
    found: dict[str, list[datetime]] = {}
    for each in carried.facts(session, action):
        found.setdefault(each.subject, []).append(each.at)
    query = select(EventRow.subject, EventRow.at).where(EventRow.action == action).order_by(EventRow.seq)
    for subject, at in session.execute(query):
        found.setdefault(subject, []).append(at)
    return found


def latest_but(session: Session, beginnings: Collection[str]) -> int:
    """The number of the latest event whose action begins with none of these, 0 where there is none."""
    others = [~EventRow.action.startswith(each, autoescape=True) for each in beginnings]
    return session.scalar(select(EventRow.seq).where(*others).order_by(EventRow.seq.desc()).limit(1)) or 0


def newest(session: Session, until: datetime | None = None) -> datetime | None:
    """The latest instant of the log, of those up to ``until`` where it is given, or None where it is empty."""
    query = select(func.max(EventRow.at))
    return session.scalar(query if until is None else query.where(EventRow.at <= until))


def instants(session: Session, since: datetime | None, until: datetime) -> Iterator[datetime]:
    """In order of time the instants at which something was recorded, from one on (none: from ever) up to another."""
    query = select(EventRow.at).where(EventRow.at <= until).order_by(EventRow.at)
    if since is not None:
        query = query.where(EventRow.at >= since)
    with session.execute(query.execution_options(yield_per=10_000)) as rows:
        for (at,) in rows:
            yield at


def additions(session: Session, keys: Collection[int]) -> dict[int, datetime]:
    """When people of these internal ids were new, as far as the log tells; those of an archive are not in it."""
    enrolled = type_coerce(EventRow.details, Text).like('%"outcome": "enrolled"%')
    new = or_(EventRow.action == PERSON_ADDED, (EventRow.action == PERSON_ENROLLED) & enrolled)
    found = dict[int, datetime]()
    for some in in_batches(sorted(map(str, keys))):
        query = select(EventRow.subject, func.min(EventRow.at)).where(EventRow.subject.in_(some), new)
        found |= {int(row[0]): row[1] for row in session.execute(query.group_by(EventRow.subject))}
    return found


def told_since(session: Session, since: datetime, *, action: str, subject: str, by: str) -> list[Event]:
    """What this actor did of this action and subject since an instant."""
    query = select(EventRow).where(EventRow.action == action, EventRow.subject == subject, EventRow.by == by)
    return [_event(row) for row in session.scalars(query.where(EventRow.at >= since).order_by(EventRow.seq))]


def oldest(session: Session) -> Event | None:
    """The first entry of the log, which no other home has, or None where it is empty."""
    before = carried.first(session)
    if before is not None:
        return before
    row = session.scalars(select(EventRow).order_by(EventRow.seq).limit(1)).first()
    return None if row is None else _event(row)
