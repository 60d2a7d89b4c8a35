"""From decisions to marks: those of one picture together, and of which time they are when the session's day is over."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from attendance.errors import SessionClosed
from attendance.judge.decision import MARK_VOIDED
from attendance.records import Decision, PersonRef, instant
from attendance.register.marks import ENTERED, TIME, UNKNOWN, Marked, evidence_of, info_of
from attendance.zones import day_bounds, zone
from gallery.errors import PersonUnknown

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.register.marks import How
    from attendance.register.sessions import SessionInfo
    from gallery.values import StoredMark

_EXIF, _TAKEN, _OFFSET = 0x8769, 0x9003, 0x9011  # the Exif folder; DateTimeOriginal and OffsetTimeOriginal (Exif 2.31)


def record(
    app: "Attendance", decisions: Sequence[Decision], session: str | None, how: "How | None", *, note: bool
) -> list[Decision]:
    """Mark the ``present`` decisions of one picture in the session (None: the day's own); see `Attendance.record`.

    The session and the marks that are there already are looked up once, and without the write lock. With ``note``
    the check itself is remembered, even where there is no decision.
    """
    wanted = {each.person.key for each in decisions if each.decision == "present" and each.person is not None}
    if not wanted and not note:
        return list(decisions)
    at = decisions[0].at if decisions else app.clock.utc()
    with app.store.reading():
        found, seen = app.sessions.for_people(session, at, wanted)
        if note:
            app.note(found, how or "file")
    return [_recorded(app, each, found, seen, how) for each in decisions]


def _recorded(
    app: "Attendance", decision: Decision, session: "SessionInfo", seen: "dict[int, StoredMark]", how: "How | None"
) -> Decision:
    if decision.decision != "present" or decision.person is None:
        return decision
    kind = how or ("file" if decision.track is None else "camera")
    at, facts = time_of_mark(decision, session, kind)
    there = seen.get(decision.person.key)
    if there is not None and (there.voided_at is None or kind != "manual"):
        marked = Marked(info_of(there), new=False)
    else:
        evidence = {**evidence_of(decision), **facts}
        try:
            marked = app.marks.mark(
                decision.person.key, session, at=at, how=kind, evidence=evidence, entered=decision.at
            )
        except PersonUnknown:
            return _without(decision, decision.person)
    if not marked.mark.valid:
        reasons = (*decision.reasons, MARK_VOIDED)
        return dataclasses.replace(decision, decision="review", mark=marked.mark.id, reasons=reasons)
    return dataclasses.replace(decision, decision="present" if marked.new else "already", mark=marked.mark.id)


def _without(decision: Decision, gone: PersonRef) -> Decision:
    """The decision as it would be had the person been removed before it: whoever it was is nobody enrolled."""
    others = tuple(each for each in decision.candidates if each.person.key != gone.key)
    best, second, *_ = (*others, None, None)
    return dataclasses.replace(
        decision,
        decision="unknown",
        person=None,
        score=None if best is None else best.score,
        cosine=None if best is None else best.cosine,
        margin=None if best is None or second is None else best.score - second.score,
        candidates=others,
    )


def refuse_past(session: "SessionInfo", at: datetime, how: "How") -> None:
    """Raise SessionClosed for a camera in the own session of a day gone by: what it sees is of the present one."""
    if how == "camera" and session.is_over(at):
        raise SessionClosed(session.name, "this day is over, and a camera sees the present one")


def time_of_mark(decision: Decision, session: "SessionInfo", how: "How") -> tuple[datetime, dict[str, str]]:
    """When the person was there, and what the evidence says of it.

    That is the instant of the decision; in the session of a day gone by the time that the file tells, else it is
    not known and the session's first instant stands for it. Raises SessionClosed for a camera.
    """
    refuse_past(session, decision.at, how)
    if not session.is_over(decision.at):
        return decision.at, {}
    taken = taken_in(decision.source, session)
    facts = {ENTERED: instant(decision.at), TIME: UNKNOWN if taken is None else "file"}
    return taken or session.opens, facts


def taken_in(source: Path | str, session: "SessionInfo") -> datetime | None:
    """The UTC instant at which the picture was taken, where its Exif tells one of the session's day; else None.

    A camera's clock that shows another day is not believed. Videos tell no time that could be relied on: theirs
    may be that of the export, in whatever zone.
    """
    try:
        at = _taken(Path(source), session.zone)
    except Exception:  # noqa: BLE001 - whatever a damaged file does, it tells no time
        return None
    begin, end = day_bounds(session.day, session.zone)
    return at if at is not None and begin <= at < end else None


def _taken(path: Path, zone_name: str) -> datetime | None:
    from PIL import Image

    from enroll.kinds import FORMATS

    with Image.open(path, formats=FORMATS) as picture:
        folder = picture.getexif().get_ifd(_EXIF)
    text, offset = folder.get(_TAKEN), folder.get(_OFFSET)
    if not isinstance(text, str):
        return None
    wall = datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - Exif's own form has no zone
    if isinstance(offset, str) and offset.strip("\0 "):
        return datetime.fromisoformat(wall.isoformat() + offset.strip("\0 ")).astimezone(UTC)
    return wall.replace(tzinfo=zone(zone_name)).astimezone(UTC)
