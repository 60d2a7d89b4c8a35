"""One of everything that is decided about somebody, each with its event, for tests of the house around it."""

from datetime import date, timedelta

from gallery import Gallery, record
from gallery.repositories import (
    approvals,
    calendar,
    coverage,
    events,
    excuses,
    foreign_ids,
    groups,
    marks,
    months,
    rules,
    sessions,
)

TEXT = "typed by somebody and found nowhere else"


def decide(gallery: Gallery, person: int, now, *, group: str = "7b", called: str = "x") -> None:
    """Timetable, calendar, excuses, approvals, months, coverage, an id elsewhere, and another group from today on."""
    who = {"at": now, "by": "t"}
    gallery.set_groups(person, [*gallery.find(person).groups, group], **who)
    with gallery.store.atomic() as step:
        number = groups.number_of(step, group)
        _rules(step, person, number, who, called)
        _calendar(step, number, who)
        _excuses(step, person, who)
        _marks(step, person, who)
        for closed, action in ((True, events.MONTH_CLOSED), (False, events.MONTH_OPENED)):
            months.add(step, "2026-02", closed=closed, reason="r", digest="d" * 64 if closed else None, **who)
            record(step, action=action, subject="2026-02", **who)
        coverage.begin(step, "hand", "desk", begins=now, ends=now + timedelta(hours=1), group_id=number, **who)
        foreign_ids.add(step, "register", f"{called}-17 {TEXT}", person)


def _rules(step, person: int, group: int, who, called: str) -> None:
    for name, whom in ((f"{called} {TEXT}", {"person": person}), (f"{called} of the class", {"group_id": group})):
        rule = rules.insert(step, name, at=who["at"], **whom)
        for spec, action in (({"site": name}, events.RULE_ADDED), (None, events.RULE_ENDED)):
            rules.add_version(step, rule, from_day=date(2026, 3, 2), spec=spec, reason=name, **who)
            record(step, action=action, subject=rule, **who)


def _calendar(step, group: int, who) -> None:
    for number in (None, group):
        day = date(2026, 3, 2)
        made = calendar.insert(step, "closed", day, day, name="holiday", source="by hand", group_id=number, **who)
        record(step, action=events.CALENDAR_ADDED, subject=made.id, **who)
    calendar.withdraw(step, made.id, reason="r", **who)
    record(step, action=events.CALENDAR_WITHDRAWN, subject=made.id, **who)


def _excuses(step, person: int, who) -> None:
    about = {"details": {"person": person}, **who}
    made = [
        excuses.insert(
            step, person, who["at"], who["at"] + timedelta(1), reason=TEXT, document="e" * 64, awaits=each, **who
        )
        for each in (True, True, False)
    ]
    for each in made:
        record(step, action=events.EXCUSE_ADDED, subject=each.id, **about)
    approvals.add(step, granted=True, reason=TEXT, excuse=made[0].id, **who)
    record(step, action=events.APPROVED, subject=events.excuse_subject(made[0].id), **about)
    excuses.withdraw(step, made[2].id, reason=TEXT, **who)
    record(step, action=events.EXCUSE_WITHDRAWN, subject=made[2].id, **about)


def _marks(step, person: int, who) -> None:
    about = {"details": {"person": person}, **who}
    session = sessions.insert(step, "Decided", "UTC", who["at"]).id
    for said in (False, None):
        made = marks.add(
            step, person, session, entered=who["at"], method="manual", unless="none", direction="out",
            details={"awaits": "approval", "note": TEXT}, **who,
        )  # fmt: skip
        record(step, action=events.MARK_ADDED, subject=made.id, **about)
        if said is not None:
            approvals.add(step, granted=said, reason=TEXT, mark=made.id, **who)
            record(step, action=events.REFUSED, subject=made.id, **about)
