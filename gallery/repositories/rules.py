"""The timetable's lines: whom each is for, and its versions, which are appended and never changed."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.names import clean
from gallery.repositories import chain
from gallery.repositories.events import RULE_ADDED, RULE_CHANGED, RULE_ENDED, Told
from gallery.repositories.groups import is_there
from gallery.schema import EventRow, Group, RuleRow, RuleVersionRow
from gallery.timetablevalues import StoredRule, StoredVersion


def all_rules(session: Session) -> list[StoredRule]:
    """Every rule with all its versions, by name; those that have ended, too."""
    return _read(session, None)


def any_rule(session: Session) -> bool:
    """Whether there is a rule at all, also one that has ended."""
    query = select(RuleRow.id).outerjoin(Group, Group.id == RuleRow.group_id).where(is_there(RuleRow.group_id))
    return session.scalar(query.limit(1)) is not None


def named(session: Session, name: str) -> StoredRule | None:
    """The rule of exactly this name, or None."""
    return next(iter(_read(session, RuleRow.name == name)), None)


def of_person(session: Session, person: int) -> list[StoredRule]:
    """Those for this person alone, by name."""
    return _read(session, RuleRow.person_id == person)


def insert(session: Session, name: str, *, at: datetime, group_id: int | None = None, person: int | None = None) -> int:
    """A new rule without a version, for a group, a person, or everybody; its number.

    Raises PersonInvalid for the name, Conflict where there is one of this name.
    """
    row = RuleRow(name=clean(name, "rule"), group_id=group_id, person_id=person, created=at)
    session.add(row)
    session.flush()
    return row.id


def add_version(
    session: Session,
    rule: int,
    *,
    from_day: date,
    spec: Mapping[str, Any] | None,
    at: datetime,
    by: str,
    reason: str = "",
) -> StoredVersion:
    """Append what the rule says from a day on; None ends it."""
    row = RuleVersionRow(rule_id=rule, from_day=from_day.isoformat(), entered=at, by=by, reason=reason)
    row.spec = None if spec is None else dict(spec)
    session.add(row)
    session.flush()
    return _version(row)


def _read(session: Session, which: Any) -> list[StoredRule]:
    """The rules, and their versions in the order in which they were entered: two statements."""
    query: Any = select(RuleRow, Group.name).outerjoin(Group, Group.id == RuleRow.group_id)
    query = query.where(is_there(RuleRow.group_id)).order_by(RuleRow.name)
    versions: Any = select(RuleVersionRow).join(RuleRow, RuleRow.id == RuleVersionRow.rule_id)
    if which is not None:
        query, versions = query.where(which), versions.where(which)
    said = defaultdict[int, list[StoredVersion]](list)
    for row in session.scalars(versions.order_by(RuleVersionRow.id)):
        said[row.rule_id].append(_version(row))
    return [
        StoredRule(row.id, row.name, group, row.person_id, row.created, tuple(said[row.id]))
        for row, group in session.execute(query)
    ]


def unrecorded(session: Session) -> list[Told]:
    """Action and subject of the events that should tell of versions, and are not there: one each.

    Which of them say that a rule was changed, begun or ended is not compared.
    """
    said, told = defaultdict[str, list[Told]](list), Counter[str]()
    since = chain.purged_before(session)
    query = select(RuleVersionRow.rule_id, RuleVersionRow.spec).where(RuleVersionRow.entered >= since)
    for rule, spec in session.execute(query.order_by(RuleVersionRow.id)):
        theirs = said[str(rule)]
        theirs.append((RULE_ENDED if spec is None else RULE_CHANGED if theirs else RULE_ADDED, str(rule)))
    actions = (RULE_ADDED, RULE_CHANGED, RULE_ENDED)
    told.update(session.scalars(select(EventRow.subject).where(EventRow.action.in_(actions), EventRow.at >= since)))
    return [each for subject, theirs in said.items() for each in theirs[told[subject] :]]


def _version(row: RuleVersionRow) -> StoredVersion:
    return StoredVersion(
        row.id, row.rule_id, date.fromisoformat(row.from_day), row.spec, row.entered, row.by, row.reason
    )
