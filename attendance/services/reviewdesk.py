"""Reviews as pages work through them: only those that somebody may see, beside the photos of whom a face may be.

Whoever sees the people of some groups alone sees the reviews that name one of those, or are of a session or a place of
one of those groups; of other candidates they learn the score and no name. What they may not see is not there.
"""

import io
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from attendance.access import may_see, needs
from attendance.errors import PersonDuplicate, SightingFaceless, SightingSettled, SightingUnknown
from attendance.register.report import local
from attendance.services.admission import Admission
from attendance.services.enrolment import Rules
from attendance.zones import local_day
from enroll.errors import PhotoRefused
from gallery.errors import DuplicateId, PersonUnknown
from gallery.repositories import aliases, places
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.marks import MarkInfo
    from attendance.register.review import Review
    from attendance.register.sessions import Sessions
    from attendance.services.consents import Agreed
    from attendance.services.enrolment import Enrolled, Enroller
    from attendance.services.reviewing import Reviews, Settled
    from enroll.pipeline import Pipeline
    from gallery import Gallery
    from gallery.values import Correction, PersonInfo, Sighting, TemplateInfo

Groups = Collection[str] | None
"""Whose people somebody may see, by their groups; None: everybody."""
Say = Literal["right", "stranger", "void"]
SAYS: Final[tuple[Say, ...]] = ("right", "stranger", "void")
BORDER: Final = 28
"""Pixels around a kept face of 112 without which a detector that knows whole pictures would miss some."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Somebody a face was compared with; ``person`` is None where they are gone, or ``hidden`` from whoever asks.

    ``photo`` is the number of one of their photos whose face is kept.
    """

    person: "PersonInfo | None"
    hidden: bool
    score: float | None
    alike: bool
    photo: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A review with all that somebody needs to settle it; ``mark`` is the named person's mark that counts there.

    ``said`` is what stands of it, None while it waits; it can be taken back, and the face still be enrolled while
    `Review.face` is kept.
    """

    review: "Review"
    person: "PersonInfo | None"
    hidden: bool
    rivals: tuple[Rival, ...]
    mark: "MarkInfo | None"
    said: "Correction | None"
    given: "PersonInfo | None" = None

    @property
    def number(self) -> int:
        """The sighting's number."""
        return self.review.sighting.id or 0

    @property
    def whose(self) -> "PersonInfo | None":
        """Whose face it is by what was said."""
        if self.said is None or self.said.kind == "dismiss":
            return None
        return self.person if self.said.kind == "confirm" else self.given


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of many: what was settled, or why not."""

    number: int
    settled: "Settled | None" = None
    refused: Refusal | None = None


class ReviewDesk:
    """Reviews for one who sees the people of ``groups`` alone, or everybody (None)."""

    def __init__(
        self,
        gallery: "Gallery",
        sessions: "Sessions",
        reviews: "Reviews",
        enroller: "Enroller",
        clock: "Clock",
        load: "Callable[[], Pipeline]",
    ) -> None:
        self._gallery, self._sessions, self._reviews = gallery, sessions, reviews
        self._enroller, self._clock, self._load = enroller, clock, load

    # What there is

    def waiting(self, groups: Groups, session: str | None = None, *, limit: int | None = None) -> list[Item]:
        """The reviews that wait, oldest first, all or the first ones. Raises SessionUnknown."""
        with self._gallery.store.reading():
            view = self._view(groups)
            wanted = None if groups is None else view.sees_face
            return [view.item(each) for each in self._reviews.waiting(session, wanted=wanted, limit=limit)]

    def count(self, groups: Groups) -> int:
        """How many wait."""
        with self._gallery.store.reading():
            if groups is None:
                return self._reviews.count()
            view = self._view(groups)
            return self._reviews.count(view.sees_face)

    def settled(self, groups: Groups, limit: int = 30) -> list[Item]:
        """What was said last, the latest first."""
        with self._gallery.store.reading():
            return self._items(groups, self._reviews.settled(limit))

    def unknown(self, groups: Groups) -> list[Item]:
        """The kept faces of today that were nobody's, newest first."""
        with self._gallery.store.reading():
            today = local_day(self._clock.utc(), self._sessions.zone)
            return self._items(groups, self._reviews.unknown(today))

    def of(self, groups: Groups, number: int) -> Item:
        """One of them, settled or not. Raises SightingUnknown."""
        with self._gallery.store.reading():
            found = self._items(groups, [self._reviews.seen(number)])
        if not found:
            raise SightingUnknown(str(number), "there is no sighting of this number")
        return found[0]

    def face(self, groups: Groups, number: int) -> bytes:
        """The face that was seen, a PNG. Raises SightingUnknown, SightingFaceless, TemplateAltered."""
        self.of(groups, number)
        found = self._reviews.face(number)
        if found is None:
            raise SightingFaceless(str(number), "the face of this review is not kept, or not any more")
        return found

    def people(self, groups: Groups, words: str, limit: int = 8) -> "list[PersonInfo]":
        """Active people whose name or id holds all these words, those whose name begins so first."""
        wanted = words.casefold().split()
        found = [
            each
            for each in self._gallery.people()
            if may_see(groups, each) and all(word in f"{each.name} {each.external_id}".casefold() for word in wanted)
        ]
        first = words.casefold().strip()
        return sorted(found, key=lambda each: not each.name.casefold().startswith(first))[:limit]

    def groups(self, groups: Groups) -> list[str]:
        """Into which groups they may put somebody new."""
        return sorted(self._gallery.groups() if groups is None else groups)

    def told(self, settled: "Settled") -> str:
        """What came of a word, in a sentence for a page."""
        mark, kind = settled.mark, settled.correction.kind
        whose = "" if mark is None else f"{self._gallery.find(mark.person).name}'s mark{self._time(mark)}"
        if kind == "restore":
            return "It waits again." if mark is None else f"It waits again; {whose} {_state(mark)}."
        if kind == "dismiss":
            return "Nobody is marked." if mark is None else f"Nobody is marked; {whose} {_state(mark)}."
        if mark is None:
            return "Nobody is marked anew."
        who = self._gallery.find(mark.person).name
        when = self._time(mark).replace(" of ", " at ")
        return f"{who} is marked{when}." if settled.new else f"{who} was marked before{when}; that stays."

    def _time(self, mark: "MarkInfo") -> str:
        if not mark.time_is_known:
            return " at a time not known"
        return f" of {local(mark.at, self._sessions.numbered(mark.session)):%H:%M}"

    # What is said

    @needs("reviews.settle")
    def settle(self, actor: "Actor", groups: Groups, number: int, say: Say, *, reason: str = "") -> "Settled":
        """It was whom it names, a stranger, or one whose mark is void with it; see `Reviews`."""
        item = self.of(groups, number)
        if say == "stranger":
            return self._reviews.dismiss(actor, number, reason=reason, keep=True)
        if item.hidden:
            raise PersonUnknown(str(number), "whom it names is none of yours; say who it was, or a stranger")
        action = self._reviews.confirm if say == "right" else self._reviews.void
        return action(actor, number, reason=reason, keep=True)

    @needs("reviews.settle")
    def give(self, actor: "Actor", groups: Groups, number: int, person: str | int, *, reason: str = "") -> "Settled":
        """It was somebody else. Raises as `Reviews.reassign`."""
        self.of(groups, number)
        who = self._known(groups, person)
        return self._reviews.reassign(actor, number, who.id, reason=reason, keep=True)

    @needs("reviews.settle")
    def many(self, actor: "Actor", groups: Groups, numbers: Iterable[int], say: Say) -> list[Outcome]:
        """As `settle`, one after the other; one that is refused stops none of the others."""
        found = []
        for number in dict.fromkeys(numbers):
            try:
                found.append(Outcome(number, self.settle(actor, groups, number, say)))
            except Refusal as error:
                found.append(Outcome(number, refused=error))
        return found

    @needs("reviews.settle")
    def undo(self, actor: "Actor", groups: Groups, number: int) -> "Settled":
        """Take back what was said last; see `Reviews.reopen`."""
        self.of(groups, number)
        return self._reviews.reopen(actor, number)

    @needs("reviews.settle")
    def add_photo(self, actor: "Actor", groups: Groups, number: int) -> "Enrolled":
        """File the face as one more photo of whom it was said to be.

        Raises SightingFaceless, SightingUnknown where nobody has said who it is, and as `Enroller.photo`.
        """
        item = self.of(groups, number)
        who = item.whose
        if who is None or not may_see(groups, who):
            raise SightingUnknown(str(number), "nobody has said whose face this is")
        return self._filed(actor, groups, item, who.name, who.external_id, ())

    @needs("reviews.settle")
    def enrol(
        self,
        actor: "Actor",
        groups: Groups,
        number: int,
        name: str,
        external_id: str | None,
        into: Collection[str],
        agreed: "Agreed | None" = None,
    ) -> "Settled":
        """Enrol a face that is nobody's as somebody new, who has agreed to that, and mark them by it.

        Nothing is filed for others. Raises SightingFaceless, SightingSettled, GroupsRefused, NameInvalid,
        DuplicateId where the id, or without one the name, is somebody's, and as `Enroller.photo`.
        """
        item = self.of(groups, number)
        if item.said is not None:
            raise SightingSettled(str(number), "somebody has said already whose face this is")
        Admission.refuse_groups(into, groups)
        if self._gallery.of_photo(name, external_id) is not None:
            told = "id" if external_id is not None else "name"
            raise DuplicateId(external_id or name, f"somebody has this {told}; give an id that is nobody's")
        made = self._filed(actor, groups, item, name, external_id, into, agreed)
        return self._reviews.reassign(actor, number, self._known(groups, made.person.id).id, keep=True)

    def _filed(
        self,
        actor: "Actor",
        groups: Groups,
        item: Item,
        name: str,
        external_id: str | None,
        into: Iterable[str],
        agreed: "Agreed | None" = None,
    ) -> "Enrolled":
        """File the face; whoever sees some groups alone is not told whom else it looks like."""
        face = self._reviews.face(item.number)
        if face is None:
            raise SightingFaceless(str(item.number), "the face of this review is not kept, or not any more")
        self._refuse_poor(item)
        try:
            return self._enroller.photo(
                actor,
                bordered(face),
                name=name,
                external_id=external_id,
                groups=into,
                rules=Rules(multi="largest", agreed=agreed),  # who stood beside them reaches into the edge at most
                source=f"sighting {item.number}",
            )
        except PersonDuplicate as error:
            if groups is None:
                raise
            raise PersonDuplicate(error.where, "the face looks like somebody who is enrolled already") from None

    def _refuse_poor(self, item: Item) -> None:
        """Raise PhotoRefused for a face that was too small in its own picture: what is kept is of one size."""
        limits, quality = self._load().enrol_limits, item.review.sighting.quality
        too_small = quality.get("face_px", limits.min_face_px) < limits.min_face_px
        if too_small or quality.get("score", limits.min_score) < limits.min_score:
            raise PhotoRefused(f"sighting {item.number}", ("face_too_small" if too_small else "low_quality",))

    # Who may be seen

    def _known(self, groups: Groups, person: str | int) -> "PersonInfo":
        who = self._gallery.find(person)
        if not may_see(groups, who):
            raise PersonUnknown(str(person), "nobody of this name or id is enrolled")
        return who

    def _items(self, groups: Groups, found: "Sequence[Review]") -> list[Item]:
        view = self._view(groups)
        return [view.item(each) for each in found if view.sees(each)]

    def _view(self, groups: Groups) -> "_View":
        with self._gallery.store.reading() as transaction:
            return _View(
                groups,
                self._gallery,
                self._reviews,
                {each.id: each for each in self._gallery.people(active=None)},
                aliases.heirs(transaction),
                {each.id: each.group for each in self._sessions.all()},
                {each.id: each.group for each in places.all_places(transaction)},
            )


@dataclass(frozen=True, slots=True)
class _View:
    """What is looked up once for many reviews."""

    groups: Groups
    gallery: "Gallery"
    reviews: "Reviews"
    people: "dict[int, PersonInfo]"
    heirs: dict[int, int]
    sessions: dict[int, str | None]
    places: dict[int, str | None]

    def sees(self, review: "Review") -> bool:
        """Whether whoever asks may see it."""
        given = self.people.get(review.said[-1].person or 0) if review.said else None
        return self.sees_face(review.sighting) or self._seen(given) is not None

    def sees_face(self, seen: "Sighting") -> bool:
        """Whether whoever asks may see it whatever was said of it."""
        if self.groups is None:
            return True
        own = {self.sessions.get(seen.session or 0), self.places.get(seen.place or 0)}
        return not own.isdisjoint(self.groups) or self._seen(self.people.get(seen.person or 0)) is not None

    def item(self, review: "Review") -> Item:
        """It, with whom and what it is about."""
        person = self.people.get(review.sighting.person or 0)
        hidden = person is not None and not may_see(self.groups, person)
        last = review.said[-1] if review.said else None
        said = None if last is None or last.kind == "restore" else last
        return Item(
            review=review,
            person=None if hidden else person,
            hidden=hidden,
            rivals=self._rivals(review),
            mark=None if hidden or said is not None else self.reviews.mark_of(review.sighting.id or 0),
            said=said,
            given=None if said is None or said.person is None else self._seen(self.people.get(said.person)),
        )

    def _seen(self, person: "PersonInfo | None") -> "PersonInfo | None":
        return person if person is not None and may_see(self.groups, person) else None

    def _rivals(self, review: "Review") -> tuple[Rival, ...]:
        alike = {each.id for each in review.lookalikes}
        found = []
        for number, each in enumerate(review.sighting.candidates):
            key = each.key or 0
            person = self.people.get(self.heirs.get(key, key))
            shown = self._seen(person)
            photo = None if shown is None or number > 1 else photo_of(self.gallery.templates_of(shown.id))
            near = person is not None and person.external_id in alike
            found.append(Rival(shown, person is not None and shown is None, each.score, near, photo))
        return tuple(found)


def _state(mark: "MarkInfo") -> str:
    return "is void" if mark.is_void else "counts again"


def photo_of(photos: "Sequence[TemplateInfo]") -> int | None:
    """The number of the best photo whose face is kept."""
    kept = [each for each in photos if each.has_crop]
    return max(kept, key=lambda each: (each.quality.get("score", 0), -each.id)).id if kept else None


def bordered(face: bytes) -> bytes:
    """A kept face with more of its edge around it, as a PNG: so that it is found again, and lies as it lay."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(face)) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    wider = Image.fromarray(np.pad(pixels, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), mode="edge"))
    data = io.BytesIO()
    wider.save(data, "PNG", compress_level=1)
    return data.getvalue()
