"""Kiosks: a page at the door by which people mark themselves, by face, PIN, QR code or badge, each counting the same.

Nothing is looked at before a page begins to look, and one page of a kiosk looks at a time. What is shown instead of a
face comes as signed and counted entries, so that what a kiosk kept while it was alone is taken once and in order.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from attendance.errors import PlaceRetired
from attendance.live.covering import Covering
from attendance.records import instant
from attendance.register.marks import Wish
from attendance.service_errors import (
    CredentialInvalid,
    KioskFrame,
    KioskUndo,
    LimitReached,
    TokenInvalid,
)
from attendance.services.byhand import Time, refuse_inactive
from attendance.services.credentials import QR_PREFIX
from attendance.services.kioskentries import (
    Entry,
    KioskKeys,
    Moment,
    Posted,
    entry_of,
    moment_of,
    refuse_forged,
    refuse_key,
)
from attendance.services.kioskwatch import KioskWatch, Look, code_in, frame_of
from attendance.services.sealed import secret_of
from attendance.zones import local_day, zone
from gallery.repositories import answers, places, tokens
from gallery.repositories import marks as rows
from gallery.repositories.events import KIOSK_PAIRED, record
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.judge.decision import Policy
    from attendance.live.events import SeenFace
    from attendance.records import Decision
    from attendance.register.marks import Marks
    from attendance.register.sessions import Sessions
    from attendance.services.credentials import Credentials
    from attendance.services.desk import Desk
    from attendance.services.scopes import Scopes
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.servicevalues import CredentialKind, Token
    from gallery.values import PersonInfo, Place

UNDO_S: Final = 5.0
"""How long somebody may take their mark back at the kiosk that made it."""
_GRACE_S: Final = 2.0
"""On top of it: an answer is on its way to the screen, and the wish on its way back."""
NOTE_S: Final = 30.0
MOST_ENTRIES: Final = 500
"""In one message; a kiosk sends the rest with the next."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a kiosk tells somebody: ``state`` is present, already, review, unknown, refused or wait.

    ``at`` is the time of the mark on the clock of the site, None where it is not known; until ``undo_s`` seconds from
    now ``mark`` can be taken back. A name is told where it is beyond doubt, and nowhere else.
    """

    state: str
    method: str
    name: str | None = None
    at: str | None = None
    mark: str | None = None
    undo_s: float = 0.0
    direction: str | None = None
    detail: str = ""
    late: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As the page reads it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told before the camera opens, and what the page needs to work."""

    place: str
    direction: str | None
    target_fpir: float
    by_hand: bool
    gallery_size: int
    keep_review_days: int
    keep_unknown_days: int
    zone: str


@dataclass(slots=True)
class _Here:
    """What is known of a kiosk while the service runs."""

    watch: KioskWatch | None = None
    covering: Covering | None = None
    noted: float = float("-inf")


class Kiosks:
    """All kiosks of a home; may be shared by threads."""

    def __init__(
        self,
        gallery: "Gallery",
        sessions: "Sessions",
        marks: "Marks",
        desk: "Desk",
        scopes: "Scopes",
        credentials: "Credentials",
        *,
        settings: "Settings",
        clock: "Clock",
    ) -> None:
        self._gallery, self._sessions, self._marks, self._desk = gallery, sessions, marks, desk
        self._scopes, self._credentials = scopes, credentials
        self._settings, self._clock = settings, clock
        self._lock = threading.RLock()
        self._here: dict[int, _Here] = {}
        self._made: dict[str, tuple[int, float]] = {}

    def start(self) -> None:
        """Nothing runs before a page begins to look."""

    def close(self) -> None:
        """End what looks; whoever is in view is reported, and until when it looked is noted."""
        with self._lock:
            here, self._here = list(self._here.values()), {}
        for each in here:
            if each.watch is not None:
                each.watch.close(wait=True)
            if each.covering is not None:
                each.covering.finish()

    # Before anything is looked at

    def notice(self, token: "Token") -> Notice:
        """What is done with pictures at this kiosk. Raises TokenInvalid, PlaceRetired, GroupUnknown."""
        place = self._place(token)
        policy: Policy = self._desk.policy(self._scopes.of(place=place), track=True)
        return Notice(
            place.name,
            place.direction,
            policy.target_fpir,
            policy.overridden,
            policy.gallery_size,
            self._settings.keep_review_days,
            self._settings.keep_unknown_days,
            self._sessions.zone,
        )

    def pair(self, actor: "Actor", token: "Token", public_key: str) -> None:
        """Have what this kiosk sends be signed by a key. Raises RequestInvalid, TokenInvalid, PlaceRetired."""
        refuse_key(public_key)
        place, now = self._place(token), self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            tokens.set_public_key(transaction, token.id, public_key)
            told = {"place": place.id}
            record(transaction, at=now, by=actor.name, action=KIOSK_PAIRED, subject=token.id, details=told)

    def state(self, actor: "Actor", token: "Token", *, ready: bool = False) -> dict[str, Any]:
        """What a page asks when it begins and now and then: the keys and the count, and that all is well.

        A kiosk whose page is ``ready`` for people counts as one that looks. Raises TokenInvalid, PlaceRetired.
        """
        place, now = self._place(token), self._clock.utc()
        keys = self._keys
        with self._gallery.store.reading() as transaction:
            fresh = tokens.numbered(transaction, token.id) or token
        if ready:
            self._cover(actor, token, place, now)
        return {
            "place": place.name,
            "token": token.id,
            "counter": fresh.counter,
            "public_key": fresh.public_key,
            "sealing_key": keys.public,
            "ticket": keys.ticket(token.id, now),
        }

    # By face, and by a code held before the camera

    def begin(self, actor: "Actor", token: "Token") -> str:
        """Begin to look; returns what the frames are to name. Another page of this kiosk looks no longer.

        Raises TokenInvalid, PlaceRetired, GroupUnknown.
        """
        place = self._place(token)
        scope = self._scopes.of(place=place)

        def told(decision: "Decision") -> None:
            self._note_made(token, decision)

        watch = KioskWatch(self._desk.by(actor), scope, place.name, told)
        with self._lock:
            here = self._here.setdefault(token.id, _Here())
            before, here.watch = here.watch, watch
        if before is not None:
            before.close()
        return watch.id

    def end(self, token: "Token", run: str) -> None:
        """Look no longer; whoever was in view is reported. A run that is not that of this kiosk is left alone."""
        with self._lock:
            here = self._here.get(token.id)
            watch = None if here is None else here.watch
        if watch is not None and watch.id == run:
            watch.close()

    def see(
        self, actor: "Actor", token: "Token", run: str, number: int, data: bytes, *, faces: bool = True
    ) -> dict[str, Any]:
        """Take a frame in, and answer what is in view and what was decided since the frame before.

        Without ``faces`` nobody's face is looked at: the frame is searched for a QR code alone. Raises KioskFrame,
        UploadLarge, RequestInvalid, a PhotoError, TokenInvalid, PlaceRetired, and what judging and marking raise.
        """
        watch, place = self._watch(token, run), self._place(token)
        watch.take(number)
        pixels = frame_of(data)
        self._cover(actor, token, place, self._clock.utc())
        by_code = self._by_code(actor, token, place, watch, pixels, always=not faces)
        if not faces:
            return {"faces": [], "results": by_code}
        look = watch.look(pixels, number)
        found = [self._decided(token, place, each) for each in look.decided]
        return {"faces": _faces(look), "results": [*by_code, *(each.to_dict() for each in found)]}

    def _watch(self, token: "Token", run: str) -> KioskWatch:
        with self._lock:
            here = self._here.get(token.id)
            watch = None if here is None else here.watch
        if watch is None or watch.id != run:
            raise KioskFrame("kiosk", "it does not look, or was opened in another window or page")
        return watch

    def _by_code(
        self, actor: "Actor", token: "Token", place: "Place", watch: KioskWatch, pixels: Any, *, always: bool
    ) -> list[dict[str, Any]]:
        if not (always or watch.searches_codes()):
            return []
        text = code_in(pixels)
        if not text or not watch.is_new(text):
            return []
        if not text.startswith(f"{QR_PREFIX}."):
            return [Result("refused", "qr", detail="this is a code of something else").to_dict()] if always else []
        return [self._shown(actor, token, place, "qr", text).to_dict()]

    def _decided(self, token: "Token", place: "Place", decision: "Decision") -> Result:
        """What a decision is to the person before the kiosk; whom it is not sure of it does not name."""
        sure = decision.decision in {"present", "already"} and decision.person is not None
        return Result(
            decision.decision,
            "face",
            name=decision.person.name if sure and decision.person is not None else None,
            at=self._time_of(decision.mark) if sure else None,
            mark=decision.mark if decision.decision == "present" else None,
            undo_s=self._undo_left(token, decision.mark),
            direction=place.direction,
            detail=",".join(decision.reasons),
        )

    # By PIN, QR code and badge

    @staticmethod
    def posted(body: str, signature: str) -> Posted:
        """An entry as it came."""
        return Posted(body, signature)

    def _shown(self, actor: "Actor", token: "Token", place: "Place", kind: "CredentialKind", text: str) -> Result:
        """Mark whoever shows this now; what is refused is told."""
        try:
            moment = Moment(self._clock.utc(), is_known=True, late=False)
            who = self._whose(token, place, kind, text, moment)
            with self._gallery.store.atomic() as transaction:
                return self._mark(transaction, actor, token, place, who, kind, moment, {})
        except LimitReached as error:
            return Result("wait", kind, detail=str(error))
        except CredentialInvalid as error:
            return Result("refused", kind, detail=error.detail)

    def take(
        self, actor: "Actor", token: "Token", posted: Sequence[Posted], *, page: str, seconds: float
    ) -> list[dict[str, Any]]:
        """Take entries in, in their order; each is answered, the same one always alike and by one mark.

        ``page`` sends them, whose monotonic clock has counted ``seconds``. After an entry that must ``wait`` none is
        looked at: all that are not answered are to be sent again. Raises TokenInvalid, PlaceRetired, and where the
        database cannot be used; then those before are taken, and answered alike the next time.
        """
        place, found = self._place(token), list[dict[str, Any]]()
        with self._gallery.store.reading() as transaction:
            key = (tokens.numbered(transaction, token.id) or token).public_key
        for each in posted[:MOST_ENTRIES]:
            told = self._taken(actor, replace(token, public_key=key), place, each, page, seconds)
            found.append(told)
            if told["state"] == "wait":
                break
        return found

    def _taken(
        self, actor: "Actor", token: "Token", place: "Place", posted: Posted, page: str, seconds: float
    ) -> dict[str, Any]:
        try:
            refuse_forged(posted, token.public_key)
            entry = entry_of(posted.body)
        except Refusal as error:
            return {"counter": None, "id": error.id, **Result("refused", "", detail=error.detail).to_dict()}
        told = {"counter": entry.counter}
        try:
            before = self._answered(token, posted, entry)
            return told | (before or self._entered(actor, token, place, posted, entry, page, seconds))
        except LimitReached as error:
            waits = {"retry_after_s": error.retry_after_s}
            return told | Result("wait", entry.kind, detail=error.detail).to_dict() | waits
        except KioskFrame as error:
            return told | {"id": error.id} | Result("refused", entry.kind, detail=error.detail).to_dict()

    def _answered(self, token: "Token", posted: Posted, entry: Entry) -> dict[str, Any] | None:
        """What this entry was answered before. Raises KioskFrame where another one had its number."""
        with self._gallery.store.reading() as transaction:
            kept = answers.found(transaction, self._gallery.sealer, token.id, _key(entry))
        if kept is None:
            return None
        if kept.request != _digest(posted):
            raise KioskFrame(f"entry {entry.counter}", "another entry had this number")
        found: dict[str, Any] = json.loads(kept.body)
        return {**found, "undo_s": self._undo_left(token, found["mark"])}

    def _entered(
        self,
        actor: "Actor",
        token: "Token",
        place: "Place",
        posted: Posted,
        entry: Entry,
        page: str,
        seconds: float,
    ) -> dict[str, Any]:
        """Take an entry that is new: its number, its mark and its answer in one step."""
        keys, now = self._keys, self._clock.utc()
        moment = moment_of(entry, page, seconds, keys.ticketed(token.id, entry.ticket), now)
        text, who, result = keys.opened(entry), None, Result("refused", entry.kind)
        try:
            who = self._whose(token, place, entry.kind, text, moment)
        except CredentialInvalid as error:
            result = replace(result, detail=error.detail, late=moment.late)
        with self._gallery.store.atomic() as transaction:
            if not tokens.advance(transaction, token.id, entry.counter):
                raise KioskFrame(f"entry {entry.counter}", "it, or a later one, was taken before")
            if who is not None:
                result = self._marked(transaction, actor, token, place, who, entry, moment)
            self._keep(transaction, token, posted, entry, who, result)
        return result.to_dict()

    def _marked(
        self,
        transaction: "Transaction",
        actor: "Actor",
        token: "Token",
        place: "Place",
        who: "PersonInfo",
        entry: Entry,
        moment: Moment,
    ) -> Result:
        """As `_mark`; what stands against the mark is told, as nobody at the kiosk can do anything about it."""
        claim = {"late_sync": True, "claimed_at": instant(entry.claimed)} if moment.late else {}
        try:
            return self._mark(transaction, actor, token, place, who, entry.kind, moment, claim)
        except Refusal as error:
            if error.exit_code > 1:
                raise
            return Result("refused", entry.kind, detail=str(error), late=moment.late)

    def _keep(
        self,
        transaction: "Transaction",
        token: "Token",
        posted: Posted,
        entry: Entry,
        who: "PersonInfo | None",
        result: Result,
    ) -> None:
        answers.keep(
            transaction,
            self._gallery.sealer,
            token.id,
            _key(entry),
            request=_digest(posted),
            status=200,
            body=json.dumps(result.to_dict()).encode(),
            person=None if who is None else who.id,
            at=self._clock.utc(),
        )

    def _whose(self, token: "Token", place: "Place", kind: "CredentialKind", text: str, moment: Moment) -> "PersonInfo":
        """Whose it is, and one of those who are looked for here. Raises CredentialInvalid, LimitReached."""
        who = self._credentials.whose(kind, text, where=f"kiosk:{token.id}", pauses=not moment.late)
        if place.group is not None and place.group not in who.groups:
            raise CredentialInvalid(kind, f"this kiosk is for {place.group} alone")
        return who

    def _mark(
        self,
        transaction: "Transaction",
        actor: "Actor",
        token: "Token",
        place: "Place",
        who: "PersonInfo",
        kind: "CredentialKind",
        moment: Moment,
        claim: dict[str, Any],
    ) -> Result:
        now = self._clock.utc()
        day = local_day(moment.at, self._sessions.zone)
        session = self._sessions.by(actor.name).by_hand(day.isoformat(), now)
        at = moment.at if moment.is_known else session.opens
        refuse_inactive(self._gallery, who, session, Time(at, moment.is_known), now)
        details = {"place": place.id, **claim}
        wish = Wish(at, kind, None, details, now, moment.is_known, place.direction)
        made = self._marks.by(actor.name).mark_in(transaction, who.id, session, wish)
        if made.new and not moment.late:
            self._remember(token, made.mark.id)
        mark = made.mark
        return Result(
            "present" if made.new else "already",
            kind,
            name=who.name,
            at=self._wall(mark.at) if mark.time_is_known else None,
            mark=mark.id if made.new else None,
            undo_s=self._undo_left(token, mark.id),
            direction=place.direction,
            late=moment.late,
        )

    # Taking back

    def undo(self, actor: "Actor", token: "Token", mark: str) -> Result:
        """Void a mark that this kiosk made a moment ago. Raises KioskUndo, MarkVoided, MonthClosed."""
        if self._undo_left(token, mark, grace=_GRACE_S) <= 0:
            raise KioskUndo(mark, f"this kiosk has made no such mark in the last {UNDO_S:g} seconds")
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            there = rows.by_id(transaction, mark)
            if there is None:
                raise KioskUndo(mark, "there is no such mark any more")
            session = self._sessions.numbered(there.session)
            marks = self._marks.by(actor.name)
            marks.void_in(transaction, there.person, session, reason="taken back at the kiosk", at=now, mark=mark)
        with self._lock:
            self._made.pop(mark, None)
        return Result("undone", there.method)

    def _note_made(self, token: "Token", decision: "Decision") -> None:
        if decision.decision == "present" and decision.mark is not None:
            self._remember(token, decision.mark)

    def _remember(self, token: "Token", mark: str) -> None:
        now = self._clock.monotonic()
        with self._lock:
            old = [each for each, (_, at) in self._made.items() if now - at > UNDO_S + _GRACE_S]
            for each in old:
                del self._made[each]
            self._made[mark] = token.id, now

    def _undo_left(self, token: "Token", mark: str | None, *, grace: float = 0.0) -> float:
        """For how many seconds the mark may still be taken back at this kiosk."""
        with self._lock:
            owner, at = self._made.get(mark or "", (None, 0.0))
        if owner != token.id:
            return 0.0
        return max(0.0, UNDO_S + grace - (self._clock.monotonic() - at))

    # Small parts

    @property
    def _keys(self) -> KioskKeys:
        return KioskKeys(secret_of(self._gallery, "kiosk"))

    def _place(self, token: "Token") -> "Place":
        """Where the kiosk stands. Raises TokenInvalid, PlaceRetired."""
        with self._gallery.store.reading() as transaction:
            found = next((each for each in places.all_places(transaction) if each.id == token.place), None)
        if found is None or found.kind != "kiosk":
            raise TokenInvalid("kiosk", "its place is not there any more")
        if not found.active:
            raise PlaceRetired(found.name, "this place is out of use")
        return found

    def _cover(self, actor: "Actor", token: "Token", place: "Place", now: datetime) -> None:
        """Note that people could be marked here at that instant: by a page that is ready, or that looks."""
        desk, scope = self._desk.by(actor), self._scopes.of(place=place)
        with self._lock:
            here = self._here.setdefault(token.id, _Here())
            if here.covering is None:
                here.covering = Covering(desk, "camera", scope, place.name)
            here.covering.frame(now)
            due = self._clock.monotonic() - here.noted >= NOTE_S
            if due:
                here.noted = self._clock.monotonic()
        if due:
            desk.note_check("camera", scope)

    def _time_of(self, mark: str | None) -> str | None:
        if mark is None:
            return None
        with self._gallery.store.reading() as transaction:
            there = rows.by_id(transaction, mark)
        return None if there is None or not there.time_is_known else self._wall(there.at)

    def _wall(self, at: datetime) -> str:
        return f"{at.astimezone(zone(self._sessions.zone)):%H:%M}"


def _key(entry: Entry) -> str:
    return f"kiosk entry {entry.counter}"


def _digest(posted: Posted) -> str:
    return sha256(posted.body.encode()).hexdigest()


def _faces(look: Look) -> list[dict[str, Any]]:
    """The faces in view, the largest first, their boxes as shares of the frame; nobody is named."""
    ordered = sorted(look.faces, key=lambda each: -each.box[2] * each.box[3])
    return [_face(each, look.size) for each in ordered]


def _face(each: "SeenFace", size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    x, y, w, h = each.box
    box = [round(x / width, 4), round(y / height, 4), round(w / width, 4), round(h / height, 4)]
    state = "looking" if each.decision is None else each.decision.decision
    return {"box": box, "state": state, "votes": each.votes, "needed": each.needed, "reasons": list(each.reasons)}
