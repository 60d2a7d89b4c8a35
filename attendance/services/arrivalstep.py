"""One thing that a site did, taken in within a step of the database: see `attendance.services.arrivals`."""

import dataclasses
from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.errors import MonthClosed
from attendance.register.directions import DIRECTION
from attendance.register.evidence import TIME, UNKNOWN
from attendance.register.latecoming import SUPERSEDED, is_superseded, turn
from attendance.register.months import refuse_closed
from attendance.register.review import SHOWN_KIND
from attendance.register.sessions import OPENED, SessionInfo
from attendance.services.overtaken import Gone, overtaken
from attendance.zones import day_bounds, local_day
from gallery.repositories import (
    aliases,
    arrivals,
    consents,
    corrections,
    coverage,
    events,
    places,
    sessions,
    sightings,
)
from gallery.repositories import marks as rows
from gallery.repositories.arrivals import Arrival, Outcome
from gallery.repositories.people import active_of
from gallery.slices import outbox
from gallery.slices.outbox import Checked, Item, Looked, MarkMade, Seen, SessionToldOf, Shown, TakenBack
from gallery.slices.slice import OWN_IDS
from gallery.values import Sighting, StoredMark, StoredSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from attendance.register.marks import Marks
    from gallery import Gallery
    from gallery.ports import Transaction

    AlsoLook = Callable[[Transaction, datetime, datetime], Iterable[date]]

GONE, INACTIVE, WITHDRAWN, CLOSED_MONTH, CLOSED = "gone", "inactive", "withdrawn", "month_closed", "session_closed"
"""Why something is refused; what is refused for what `overtaken` tells is something to look at."""
SIGHTING: Final = "sighting"
"""Under which what is noted of a mark tells the sighting that somebody is to look at instead."""


class Refused(Exception):  # noqa: N818 - it never leaves the arrivals
    """What came is not taken."""

    def __init__(self, why: str, person: int | None = None) -> None:
        super().__init__(why)
        self.why, self.person = why, person


class Step:
    """One thing taken in, within a step of the database."""

    def __init__(
        self,
        gallery: "Gallery",
        marks: "Marks",
        looks: "AlsoLook",
        transaction: "Transaction",
        now: datetime,
        by: str,
        site: str | None,
        ahead: timedelta,
    ) -> None:
        self._gallery, self._marks, self._looks = gallery, marks, looks
        self._central, self._now, self._by, self._site = transaction, now, by, site
        self._ahead = ahead
        self._told = Counter[Outcome]()

    def take(self, item: Item, face: bytes | None) -> "Counter[Outcome]":
        """Take it; how many things were kept, or there already. Raises Refused, MonthClosed."""
        match item:
            case Seen():
                self._seen(item, face)
            case Shown():
                self._mark(item.mark, None)
            case TakenBack():
                self._taken_back(item)
            case Checked():
                self._checked(item)
            case Looked():
                self._looked(item)
        return self._told

    def refuse(self, item: Item, why: "Refused | MonthClosed") -> "Counter[Outcome]":
        """Note that it was not taken, and the marks that rest on it neither."""
        told = Refused(CLOSED_MONTH) if isinstance(why, MonthClosed) else why
        details = {"why": told.why, **({} if told.person is None else {arrivals.PERSON: told.person})}
        self._told.clear()
        if not arrivals.known(self._central, [item.uid]):
            self._note(item.uid, _kind(item), item.at, "refused", details)
        for mark in item.marks if isinstance(item, Seen) else ():
            self._note(mark.uid, arrivals.MARK, mark.columns["at"], "refused", details)
        return self._told

    def _note(self, uid: str, kind: str, at: datetime, outcome: Outcome, details: dict[str, Any]) -> None:
        arrivals.add(self._central, Arrival(uid, kind, self._site, at, self._now, outcome, details), self._by)
        self._told[outcome] += 1

    # What was seen

    def _seen(self, item: Seen, face: bytes | None) -> None:
        session = None if item.session is None else self._session(item.session)
        if session is not None and session.is_over(self._now):
            refuse_closed(self._central, [session.day])
        seen = self._here(item.sighting, session)
        gone = next((found for each in item.marks if (found := self._overtaken(each)) is not None), None)
        if gone is not None:
            reasons, facts = (*seen.reasons, gone.reason), {**seen.quality, **gone.facts()}
            seen = dataclasses.replace(seen, ruling="review", reasons=reasons, quality=facts)
        (number,) = sightings.add(self._central, [seen], entered=self._now)
        if face is not None and self._may_keep(item.sighting):
            sightings.keep_crops(self._central, self._gallery.sealer, {number: face})
        self._note(item.uid, "sighting", item.at, "kept", {"sighting": number})
        for mark in item.marks:
            self._mark(mark, number)

    def _here(self, seen: Any, session: SessionInfo | None) -> Any:
        """The sighting as it is kept here; who of its candidates is gone is not told of again."""
        heirs = {each.key: self._heir(each.key) for each in seen.candidates}
        left = tuple(each for each in seen.candidates if heirs[each.key] is not None)
        person = None if seen.person is None else self._person(seen.person, face=True)
        changed: dict[str, Any] = {}
        if len(left) < len(seen.candidates):
            best, second, *_ = (*left, None, None)
            changed = {
                "candidates": left,
                "judged": {},
                "score": None if best is None else best.score,
                "cosine": None if best is None else best.cosine,
                "margin": None if best is None or second is None else best.score - second.score,
            }
        place = None if seen.place is None or not places.names(self._central, [seen.place]) else seen.place
        number = None if session is None else session.id
        return dataclasses.replace(
            seen, id=None, person=person, session=number, place=place, site=seen.site or self._site, **changed
        )

    def _may_keep(self, seen: Any) -> bool:
        """Whether the face is kept: not that of somebody who is gone by now, or does not want it."""
        if not seen.candidates:
            return True
        heir = self._heir(seen.candidates[0].key)
        return heir is not None and not consents.refused(self._central, {heir}, "unknown", self._now)

    # Who was there

    def _mark(self, made: MarkMade, sighting: int | None) -> None:
        columns = made.columns
        person = self._person(made.person, face=columns["method"] == "face")
        session = self._session(made.session)
        if session.closes is not None and columns["method"] != "manual" and columns["entered"] >= session.closes:
            raise Refused(CLOSED, person)
        self._marks.refuse_closed(self._central, person, session, columns["at"] if columns["time_known"] else None)
        new = _stored(made, person, session.id, sighting, columns["site"] or self._site)
        if rows.by_id(self._central, made.uid) is not None:
            self._note(made.uid, arrivals.MARK, new.at, "already", {})
            return
        gone = self._overtaken(made)
        if gone is not None:
            self._to_look_at(new, gone)
            return
        outcome: Outcome = "kept" if self._settle(person, session, new) else "already"
        self._note(made.uid, arrivals.MARK, new.at, outcome, {} if outcome == "kept" else _spare(new))

    def _overtaken(self, made: MarkMade) -> Gone | None:
        """What it was made by that had been taken away; None also for one that the database has made already."""
        there = rows.by_id(self._central, made.uid)
        return None if there is not None else overtaken(self._central, made, self._ahead)

    def _to_look_at(self, new: StoredMark, gone: Gone) -> None:
        """Have somebody look instead: at the face that was seen, or at what was shown, of which a sighting is made."""
        number = new.sighting
        if number is None:
            (number,) = sightings.add(self._central, [self._shown_one(new, gone)], entered=self._now)
        details = {"why": gone.reason, arrivals.PERSON: new.person, SIGHTING: number}
        self._note(new.id, arrivals.MARK, new.at, "refused", details)

    def _shown_one(self, new: StoredMark, gone: Gone) -> Sighting:
        told = places.told_in(new.details)
        place = None if told is None else places.names(self._central, [told]).get(told)
        facts = {SHOWN_KIND: new.method, **gone.facts(), **({DIRECTION: new.direction} if new.direction else {})}
        return Sighting(
            at=new.at if new.time_is_known else new.entered,
            means="camera",  # as all that kiosks see
            source=place or new.by,
            ruling="review",
            pipeline="",
            session=new.session,
            person=new.person,
            reasons=(gone.reason,),
            quality=facts | ({} if new.time_is_known else {TIME: UNKNOWN}),
            place=None if place is None else told,
            site=new.site,
        )

    def _settle(self, person: int, session: SessionInfo, new: StoredMark) -> bool:
        """Make the marks that hold, and void those that do not, now that this one is in; whether this one holds."""
        made = rows.of(self._central, person, session.id)
        spare = {each.id: each for each in self._spare(person, session)}
        late = {**spare, new.id: new}
        due = turn(made, list(late.values()), self._marks.again)
        for mark in sorted(due.void):
            self._marks.void_in(self._central, person, session, reason=SUPERSEDED, at=self._now, mark=mark)
        for each in made:
            if each.id in due.restore:
                self._marks.restore_in(self._central, each, session, self._now, "what came before it does not hold")
        for mark in due.make:
            self._made(self._resting(late[mark]))
            if mark in spare:
                arrivals.change(self._central, mark, "kept", {})
        return new.id in due.make

    def _spare(self, person: int, session: SessionInfo) -> "list[StoredMark]":
        begin, end = day_bounds(session.day, session.zone) if session.kind == "day" else (session.opens, self._now)
        keys = aliases.keys_of(self._central, person)
        found = arrivals.spare_marks(self._central, keys, session.id, begin, end)
        return [_from_spare(each, person) for each in found]

    def _resting(self, mark: StoredMark) -> StoredMark:
        """The mark, by the means of its sighting, or without one where that was let go meanwhile."""
        seen = None if mark.sighting is None else sightings.by_id(self._central, mark.sighting)
        return dataclasses.replace(mark, sighting=None) if seen is None else dataclasses.replace(mark, means=seen.means)

    def _made(self, new: StoredMark) -> None:
        place = places.told_in(new.details)
        if new.sighting is not None:
            seen = sightings.by_id(self._central, new.sighting)
            place = None if seen is None else seen.place
        rows.take(self._central, new, place)
        details = {"person": new.person, "session": new.session, "how": new.means or new.method}
        events.record(self._central, at=self._now, by=new.by, action=events.MARK_ADDED, subject=new.id, details=details)

    def _taken_back(self, item: TakenBack) -> None:
        """Void a mark that its person took back there, whether that had come in before or came in now."""
        there = rows.by_id(self._central, item.mark)
        if there is None:
            before = arrivals.known(self._central, [item.mark]).get(item.mark)
            if before is not None and before.outcome == "already":
                arrivals.change(self._central, item.mark, "already", {})  # it is to be made for nobody any more
            if before is not None and SIGHTING in before.details:
                self._nothing_to_look_at(int(before.details[SIGHTING]), item)
            self._note(item.uid, "void", item.at, "already", {})
            return
        wrong = there.is_void and not is_superseded(there)
        found = None if wrong else sessions.numbered(self._central, there.session)
        if found is not None:
            if there.voided is not None:
                self._marks.restore_in(self._central, there, _info(found), self._now, SUPERSEDED)
            by, session = self._marks.by(item.by), _info(found)
            by.void_in(self._central, there.person, session, reason=item.reason, at=self._now, mark=there.id)
        self._note(item.uid, "void", item.at, "already" if found is None else "kept", {})

    def _nothing_to_look_at(self, number: int, item: TakenBack) -> None:
        """Whoever showed what had been taken away has taken that back: nobody is to be marked by it."""
        seen = sightings.by_id(self._central, number)
        if seen is not None and not corrections.of_sighting(self._central, number):
            at, by, action = self._now, item.by, events.SIGHTING_DISMISSED
            corrections.add(self._central, "dismiss", sighting=number, at=at, by=by, reason=item.reason)
            events.record(self._central, at=at, by=by, action=action, subject=number, details={"person": seen.person})

    # When people were looked for

    def _checked(self, item: Checked) -> None:
        session = self._session(item.session)
        refuse_closed(self._central, [session.day])
        events.record(
            self._central, at=item.at, by=item.by, action=outbox.CHECKED, subject=session.id, details=item.details
        )
        self._note(item.uid, "check", item.at, "kept", {})

    def _looked(self, item: Looked) -> None:
        columns = dict(item.columns)
        begins, ends = columns["begins"], columns["ends"]
        before = arrivals.known(self._central, [item.uid]).get(item.uid)
        if before is not None and before.outcome == "refused":
            return
        refuse_closed(self._central, self._looks(self._central, begins, ends))
        if before is not None:
            coverage.extend(self._central, int(before.details["coverage"]), ends)
            return
        place = columns["place_id"]
        known = place is not None and places.names(self._central, [place])
        number = coverage.begin(
            self._central,
            columns["kind"],
            columns["source"],
            begins=begins,
            ends=ends,
            at=columns["entered"],
            by=columns["by"],
            place=place if known else None,
            group_id=self._group(columns["group_id"]),
            reason=columns["reason"],
            site=columns["site"] or self._site,
        )
        self._note(item.uid, "coverage", ends, "kept", {"coverage": number})

    def _group(self, number: int | None) -> int | None:
        from gallery.schema import Group

        if number is not None and self._central.get(Group, number) is None:
            raise Refused(GONE)
        return number

    # Whom and what it is of

    def _heir(self, key: int | None) -> int | None:
        return None if key is None else aliases.heir_of(self._central, key)

    def _person(self, key: int, *, face: bool) -> int:
        """Who that is here, now; raises Refused where nothing may be taken of them."""
        heir = self._heir(key)
        active = None if heir is None else active_of(self._central, heir)
        if heir is None or active is None:
            raise Refused(GONE, key)
        if not active:
            raise Refused(INACTIVE, heir)
        if face and consents.refused(self._central, {heir}, "face", self._now):
            raise Refused(WITHDRAWN, heir)
        return heir

    def _session(self, told: SessionToldOf) -> SessionInfo:
        """The session here: the day's own in its zone, made where it is not there, or the named one."""
        found = None
        if told.day is not None:
            found = sessions.of_day(self._central, told.day, told.zone)
        elif told.id < OWN_IDS:
            found = sessions.numbered(self._central, told.id)
        else:
            found = next(iter(sessions.named(self._central, told.name)), None)
        if found is None and told.day is None:
            raise Refused(GONE)
        if found is None and told.day is not None:
            opens, _ = day_bounds(told.day, told.zone)
            found = sessions.insert(self._central, told.name, told.zone, opens, day=told.day)
            events.record(self._central, at=self._now, by=self._by, action=OPENED, subject=found.id)
        if found is None:
            raise Refused(GONE)
        return _info(found)


def _info(found: StoredSession) -> SessionInfo:
    day = found.day or local_day(found.opens, found.zone)
    return SessionInfo(found.id, found.name, found.kind, day, found.zone, found.opens, found.closes, found.group)


def _kind(item: Item) -> str:
    kinds = {Seen: "sighting", Shown: arrivals.MARK, TakenBack: "void", Checked: "check", Looked: "coverage"}
    return kinds[type(item)]


def _stored(made: MarkMade, person: int, session: int, sighting: int | None, site: str | None) -> StoredMark:
    told = made.columns
    return StoredMark(
        id=made.uid,
        person=person,
        session=session,
        ordinal=0,
        at=told["at"],
        time_is_known=told["time_known"],
        entered=told["entered"],
        by=told["by"],
        method=told["method"],
        sighting=sighting,
        details=told["details"],
        direction=told["direction"],
        awaits=rows.awaits(told["details"]),
        site=site,
    )


_TOLD = ("by", "method", "sighting", "details", "direction", "site")


def _spare(mark: StoredMark) -> dict[str, Any]:
    """What an arrival keeps of a mark that was not needed: should an older one turn out wrong, it may be yet."""
    said = {"entered": mark.entered.isoformat(), **{each: getattr(mark, each) for each in _TOLD}}
    return {arrivals.PERSON: mark.person, arrivals.SESSION: mark.session, arrivals.SAYS: said}


def _from_spare(each: Arrival, person: int) -> StoredMark:
    said = dict(each.details[arrivals.SAYS])
    entered = datetime.fromisoformat(said.pop("entered"))
    return StoredMark(
        id=each.uid,
        person=person,
        session=each.details[arrivals.SESSION],
        ordinal=0,
        at=each.at,
        time_is_known=True,
        entered=entered,
        **said,
    )
