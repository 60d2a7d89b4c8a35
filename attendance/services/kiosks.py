"""Kiosks: a page at the door by which people mark themselves, by face, PIN, QR code or badge, each counting the same.

Nothing is looked at before a page begins to look, and one page of a kiosk looks at a time. What is shown instead of a
face comes as signed and counted entries, so that what a kiosk kept while it was alone is taken once and in order.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.cameras import is_virtual, shown_label
from attendance.errors import PlaceRetired
from attendance.live.covering import Covering
from attendance.liveness.lighting import Answers
from attendance.service_errors import KioskFrame, TokenInvalid
from attendance.services.credentials import QR_PREFIX
from attendance.services.kioskentries import Posted, refuse_key
from attendance.services.kioskframes import Begun, Nonces, SentFrame
from attendance.services.kiosklight import ScreenLight
from attendance.services.kioskmarks import Kiosk, KioskMarks, Result, Shown
from attendance.services.kiosktaking import Taking
from attendance.services.kioskwatch import KioskWatch, Look, codes_in, frame_of, refuse_large
from attendance.services.virtualcameras import note_program, reasons_of
from gallery.repositories import places, tokens
from gallery.repositories.events import KIOSK_PAIRED, record

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
    from attendance.services.link import LinkedDesk
    from attendance.services.scopes import Scopes
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.servicevalues import Token
    from gallery.values import Place

NOTE_S: Final = 30.0


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
    light: bool


@dataclass(slots=True)
class _Here:
    """What is known of a kiosk while the service runs."""

    watch: KioskWatch | None = None
    nonces: Nonces = field(default_factory=Nonces)
    answers: Answers = field(default_factory=Answers)
    program: str | None = None  # what the camera is called where it is a program, as the log tells; None: not known
    covering: Covering | None = None
    noted: float = float("-inf")


class Kiosks:
    """All kiosks of a home; may be shared by threads."""

    def __init__(
        self,
        gallery: "Gallery",
        sessions: "Sessions",
        marks: "Marks",
        desk: "Desk | LinkedDesk[Any]",
        scopes: "Scopes",
        credentials: "Credentials",
        *,
        settings: "Settings",
        clock: "Clock",
    ) -> None:
        self._gallery, self._desk, self._scopes, self._zone = gallery, desk, scopes, sessions.zone
        self._settings, self._clock = settings, clock
        self._made = KioskMarks(gallery, sessions, marks, credentials, clock)
        self._taking = Taking(gallery, self._made, clock)
        self._lock = threading.RLock()
        self._here: dict[int, _Here] = {}

    def start(self) -> None:
        """Nothing runs before a page begins to look."""

    def go_on_from(self, before: "Kiosks") -> None:
        """Take over what kiosks are doing, from those of another database of this home: pages notice nothing."""
        with before._lock:  # noqa: SLF001 - one of its own kind
            here, before._here = before._here, {}  # noqa: SLF001
        self._made.go_on_from(before._made)  # noqa: SLF001
        with self._lock:
            self._here = {**self._here, **here}

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
            self._zone,
            self._lights,
        )

    @needs("kiosk.act")
    def pair(self, actor: "Actor", token: "Token", public_key: str) -> None:
        """Have what this kiosk sends be signed by a key. Raises RequestInvalid, TokenInvalid, PlaceRetired."""
        refuse_key(public_key)
        place, now = self._place(token), self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            tokens.set_public_key(transaction, token.id, public_key)
            told = {"place": place.id}
            record(transaction, at=now, by=actor.name, action=KIOSK_PAIRED, subject=token.id, details=told)

    @needs("kiosk.act")
    def state(self, actor: "Actor", token: "Token", *, ready: bool = False) -> dict[str, Any]:
        """What a page asks when it begins and now and then: the keys and the count, and that all is well.

        A kiosk whose page is ``ready`` for people counts as one that looks. Raises TokenInvalid, PlaceRetired.
        """
        place, now = self._place(token), self._clock.utc()
        keys = self._taking.keys
        fresh = self._fresh(token)
        if ready:
            self._cover(Kiosk(actor, token, place), now)
        return {
            "place": place.name,
            "token": token.id,
            "counter": fresh.counter,
            "public_key": fresh.public_key,
            "sealing_key": keys.public,
            "ticket": keys.ticket(token.id, now),
        }

    # By face, and by a code held before the camera

    @staticmethod
    def sent(data: bytes, **said: Any) -> SentFrame:
        """A frame as it came."""
        return SentFrame(data=data, **said)

    @needs("kiosk.act")
    def begin(self, actor: "Actor", token: "Token", *, camera: str = "") -> Begun:
        """Begin to look; returns what the first frame is to name. Another page of this kiosk looks no longer.

        ``camera`` is what the browser calls the camera that it looks by: where that is a program, the log tells so.

        Raises TokenInvalid, PlaceRetired, GroupUnknown.
        """
        place = self._place(token)
        scope = self._scopes.of(place=place)

        def told(decision: "Decision") -> None:
            self._made.note(token, decision)

        program = shown_label(camera) if is_virtual(camera) else ""
        self._note_program(Kiosk(actor, token, place), program)
        distrust, nonces = reasons_of(self._settings, program), Nonces()
        with self._lock:
            here = self._here.setdefault(token.id, _Here())
            light = ScreenLight(here.answers, self._clock) if self._lights else None
            watch = KioskWatch(self._desk.by(actor), scope, place.name, told, distrust=distrust, light=light)
            before, here.watch, here.nonces = here.watch, watch, nonces
        if before is not None:
            before.close()
        return Begun(watch.id, nonces.now)

    def _note_program(self, kiosk: Kiosk, program: str) -> None:
        """Have the log tell once that the camera is this program, or a camera again."""
        with self._lock:
            here = self._here.setdefault(kiosk.token.id, _Here())
            if here.program == program:
                return
        note_program(self._gallery, kiosk.actor, self._clock, kiosk.place, program, tablet=kiosk.token.id)
        here.program = program

    def end(self, token: "Token", run: str) -> None:
        """Look no longer; whoever was in view is reported. A run that is not that of this kiosk is left alone."""
        with self._lock:
            here = self._here.get(token.id)
            watch = None if here is None else here.watch
        if watch is not None and watch.id == run:
            watch.close()

    @needs("kiosk.act")
    def see(self, actor: "Actor", token: "Token", sent: SentFrame) -> dict[str, Any]:
        """Take a frame in; what is in view, what was decided since the frame before, and what the next is to answer.

        Where no ``faces`` are looked for the frame is searched for a QR code alone. Raises KioskFrame, UploadLarge,
        RequestInvalid, a PhotoError, TokenInvalid, PlaceRetired, and what judging and marking raise.
        """
        watch, nonces = self._looking(token, sent.run)
        kiosk = self._kiosk(actor, token)
        refuse_large(sent.data)
        nonce = nonces.take(sent, self._fresh(token).public_key)
        watch.take(sent.number)
        pixels = frame_of(sent.data)
        self._cover(kiosk, self._clock.utc())
        by_code = self._by_code(kiosk, watch, pixels, always=not sent.faces)
        if not sent.faces:
            return {"faces": [], "results": by_code, "nonce": nonce}
        look = watch.look(pixels, sent.number, sent.light)
        found = [self._made.decided(kiosk, each) for each in look.decided]
        results = [*by_code, *(each.to_dict() for each in found)]
        lit = {} if look.light is None else {"light": {"name": look.light.name, "colour": look.light.css}}
        return {"faces": _faces(look), "results": results, "nonce": nonce} | lit

    def _looking(self, token: "Token", run: str) -> tuple[KioskWatch, Nonces]:
        """What looks for this kiosk, if that is the run. Raises KioskFrame."""
        with self._lock:
            here = self._here.get(token.id)
            watch, nonces = (None, None) if here is None else (here.watch, here.nonces)
        if watch is None or nonces is None or watch.id != run:
            raise KioskFrame("kiosk", "it does not look, or was opened in another window or page")
        return watch, nonces

    def _by_code(self, kiosk: Kiosk, watch: KioskWatch, pixels: Any, *, always: bool) -> list[dict[str, Any]]:
        if not (always or watch.searches_codes()):
            return []
        texts = [each for each in codes_in(pixels) if watch.is_new(each)]
        ours = [each for each in texts if each.startswith(f"{QR_PREFIX}.")]
        if texts and not ours and always:
            return [Result("refused", "qr", detail="this is a code of something else").to_dict()]
        return [self._made.shown(kiosk, Shown("qr", each, self._made.now())).to_dict() for each in ours]

    # By PIN, QR code and badge

    @staticmethod
    def posted(body: str, signature: str) -> Posted:
        """An entry as it came."""
        return Posted(body, signature)

    @needs("kiosk.act")
    def take(
        self, actor: "Actor", token: "Token", posted: Sequence[Posted], *, page: str, seconds: float
    ) -> list[dict[str, Any]]:
        """Take entries in, in their order; each is answered, the same one always alike and by one mark.

        ``page`` sends them, whose monotonic clock has counted ``seconds``. After an entry that must ``wait`` none is
        looked at: all that are not answered are to be sent again. Raises TokenInvalid, PlaceRetired, and where the
        database cannot be used; then those before are taken, and answered alike the next time.
        """
        return self._taking.take(self._kiosk(actor, token), posted, page=page, seconds=seconds)

    @needs("kiosk.act")
    def undo(self, actor: "Actor", token: "Token", mark: str) -> Result:
        """Void a mark that this kiosk made a moment ago. Raises KioskUndo, MarkVoided, MonthClosed, PlaceRetired."""
        return self._made.undo(self._kiosk(actor, token), mark)

    # Small parts

    @property
    def _lights(self) -> bool:
        """Whether screens change their colour while they look."""
        return self._settings.kiosk_light and self._settings.liveness != "off"

    def _kiosk(self, actor: "Actor", token: "Token") -> Kiosk:
        return Kiosk(actor, token, self._place(token))

    def _fresh(self, token: "Token") -> "Token":
        """The token as it is kept now, with the key that the kiosk signs by."""
        with self._gallery.store.reading() as transaction:
            return tokens.numbered(transaction, token.id) or token

    def _place(self, token: "Token") -> "Place":
        """Where the kiosk stands. Raises TokenInvalid, PlaceRetired."""
        with self._gallery.store.reading() as transaction:
            found = next((each for each in places.all_places(transaction) if each.id == token.place), None)
        if found is None or found.kind != "kiosk":
            raise TokenInvalid("kiosk", "its place is not there any more")
        if not found.active:
            raise PlaceRetired(found.name, "this place is out of use")
        return found

    def _cover(self, kiosk: Kiosk, now: datetime) -> None:
        """Note that people could be marked here at that instant: by a page that is ready, or that looks."""
        desk, scope = self._desk.by(kiosk.actor), self._scopes.of(place=kiosk.place)
        with self._lock:
            here = self._here.setdefault(kiosk.token.id, _Here())
            if here.covering is None:
                here.covering = Covering(desk, "camera", scope, kiosk.place.name)
            here.covering.frame(now)
            due = self._clock.monotonic() - here.noted >= NOTE_S
            if due:
                here.noted = self._clock.monotonic()
        if due:
            desk.note_check("camera", scope)


def _faces(look: Look) -> list[dict[str, Any]]:
    """The faces in view, the largest first, their boxes as shares of the frame; nobody is named.

    Nobody but the largest is asked to do anything.
    """
    ordered = sorted(look.faces, key=lambda each: -each.box[2] * each.box[3])
    found = [_face(each, look.size) for each in ordered]
    for each in found[1:]:
        each["prompt"] = ""
    if found and found[0]["prompt"]:
        found[0]["turns"] = dict(zip(("done", "of", "try"), look.turns, strict=True))
    return found


def _face(each: "SeenFace", size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    x, y, w, h = each.box
    box = [round(x / width, 4), round(y / height, 4), round(w / width, 4), round(h / height, 4)]
    state, reasons = ("looking", each.reasons) if each.decision is None else _told(each.decision)
    counted = {"votes": each.votes, "needed": each.needed}
    return {"box": box, "state": state, "reasons": list(reasons), "prompt": each.prompt, **counted}


def _told(decision: "Decision") -> tuple[str, tuple[str, ...]]:
    """What a decision is, and why somebody must look."""
    return decision.decision, decision.reasons if decision.decision == "review" else ()
