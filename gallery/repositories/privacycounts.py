"""How data protection stands, in counts and dates alone: for the drafts that an officer takes out."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gallery.privacytables import BackupRow, ConsentRow, HoldRow, SecondFactorRow
from gallery.schema import EventRow, Person, SightingCrop, Template
from gallery.servicetables import AccountRow

PURPOSES = ("face", "photo", "unknown")


@dataclass(frozen=True, slots=True)
class PrivacyCounts:
    """Counts of active people and of accounts in use; ``answers`` are how many said yes and no, by purpose."""

    people: int
    with_face: int
    waiting_faces: int
    accounts: dict[str, int]
    admins_with_totp: int
    answers: dict[str, tuple[int, int]]
    holds: int
    backups: int
    last_backup: datetime | None
    last_tested: datetime | None


def counted(session: Session, now: datetime) -> PrivacyCounts:
    """All of them at the instant ``now``, when words may be over."""
    active = select(func.count()).select_from(Person).where(Person.active)
    faces = select(func.count(func.distinct(Template.person_id))).join(Person).where(Person.active)
    roles = select(AccountRow.role, func.count()).where(AccountRow.active).group_by(AccountRow.role)
    second = (
        select(func.count())
        .select_from(SecondFactorRow)
        .join(AccountRow)
        .where(AccountRow.role == "admin", AccountRow.active, SecondFactorRow.confirmed.is_not(None))
    )
    kept = select(func.count(), func.max(BackupRow.at), func.max(BackupRow.tested)).where(BackupRow.gone.is_(None))
    number, last, tested = session.execute(kept).one()
    return PrivacyCounts(
        people=session.scalar(active) or 0,
        with_face=session.scalar(faces) or 0,
        waiting_faces=session.scalar(select(func.count()).select_from(SightingCrop)) or 0,
        accounts={each[0]: each[1] for each in session.execute(roles)},
        admins_with_totp=session.scalar(second) or 0,
        answers=_answers(session, now),
        holds=session.scalar(select(func.count()).select_from(HoldRow).where(HoldRow.lifted.is_(None))) or 0,
        backups=number,
        last_backup=last,
        last_tested=tested,
    )


def _answers(session: Session, now: datetime) -> dict[str, tuple[int, int]]:
    """By purpose how many active people's latest word is yes, and no; one that is over counts as no."""
    latest = select(func.max(ConsentRow.id)).group_by(ConsentRow.person_id, ConsentRow.purpose)
    query = select(ConsentRow.purpose, ConsentRow.granted, ConsentRow.until).join(Person)
    found = {each: [0, 0] for each in PURPOSES}
    for purpose, granted, until in session.execute(query.where(ConsentRow.id.in_(latest), Person.active)):
        found[purpose][0 if granted and (until is None or until > now) else 1] += 1
    return {purpose: (yes, no) for purpose, (yes, no) in found.items()}


def last_done(session: Session, action: str) -> datetime | None:
    """When the log tells last that this was done, or None."""
    return session.scalar(select(func.max(EventRow.at)).where(EventRow.action == action))
