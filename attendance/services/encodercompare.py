"""What another encoder would have decided: of faces that were seen, and of the photos that people were enrolled by.

Faces are kept of reviews, and of strangers where that is set, and of nobody who was marked. So the photos are judged,
too, each as if it were a check's and were not enrolled: who has others must be found by those, who has none by nobody.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from attendance.judge.decision import Candidate, Compared, decide
from attendance.services.encoderside import Side
from gallery.errors import TemplateAltered
from gallery.repositories import sightings
from gallery.search.listing import evenly

if TYPE_CHECKING:
    from attendance.judge.decision import Verdict
    from enroll.face import Face, Pixels, Template, Vector
    from gallery.values import Filed, Sighting


MOST: Final = 10_000
"""How many of the newest sightings, and of the photos, are compared."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an encoder says of a face: the ruling, whom it names (id as people know it), and the best score."""

    ruling: str
    person: str | None
    score: float | None

    @property
    def words(self) -> str:
        """As a report shows it."""
        return self.ruling if self.person is None else f"{self.ruling} {self.person}"


@dataclass(frozen=True, slots=True)
class Change:
    """A face that the two encoders decide differently; ``of`` is "sighting" or "photo", with its number."""

    of: str
    number: int
    old: Said
    new: Said

    def to_dict(self) -> dict[str, Any]:
        """As a row of a report."""
        told = {"of": self.of, "number": self.number, "old": self.old.words, "new": self.new.words}
        return told | {"old_score": self.old.score, "new_score": self.new.score}


@dataclass
class Comparison:
    """Iterate to compare face by face; what came of it so far stands beside.

    ``turns`` counts decisions by source and kind: "same", "other person", "found now", "not found any more", "another
    ruling". ``faceless`` are those of the newest sightings of which no face is kept; ``unread`` are faces that do not
    open, and photos that the new encoder has not embedded.
    """

    old: Side
    new: Side
    most: int = MOST
    turns: Counter[tuple[str, str]] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)
    faceless: int = 0
    unread: int = 0
    compared: int = 0

    def __post_init__(self) -> None:
        with self.old.gallery.store.reading() as session:
            self._sightings, self.faceless = sightings.newest_with_face(session, self.most)
        photos = self.old.gallery.filed()
        self._photos = [photos[at] for at in evenly(len(photos), self.most)]
        self.total = len(self._sightings) + len(self._photos)

    def __iter__(self) -> Iterator[None]:
        for number in self._sightings:
            self._sighting(number)
            yield
        for photo in self._photos:
            self._photo(photo)
            yield

    def _note(self, of: str, number: int, old: Said, new: Said) -> None:
        self.compared += 1
        self.turns[of, _turn(old, new)] += 1
        if (old.ruling, old.person) != (new.ruling, new.person):
            self.changes.append(Change(of, number, old, new))

    def _sighting(self, number: int) -> None:
        """Judge the kept face anew by both, by the people enrolled now; screens of the first look are not asked."""
        try:
            with self.old.gallery.store.reading() as session:
                seen = sightings.by_id(session, number)
                picture = sightings.open_crop(session, self.old.gallery.sealer, number)
        except TemplateAltered:
            seen = picture = None
        if seen is None or picture is None:
            self.unread += 1
            return
        self._note("sighting", number, *(_judged(side, picture, seen) for side in (self.old, self.new)))

    def _photo(self, photo: "Filed") -> None:
        old, new = (_without_itself(side, photo) for side in (self.old, self.new))
        if old is None or new is None:
            self.unread += 1
        else:
            self._note("photo", photo.template, old, new)


def _turn(old: Said, new: Said) -> str:
    if (old.ruling, old.person) == (new.ruling, new.person):
        return "same"
    if old.ruling == new.ruling == "present":
        return "other person"
    if "present" in {old.ruling, new.ruling}:
        return "found now" if new.ruling == "present" else "not found any more"
    return "another ruling"


def _judged(side: Side, picture: bytes, seen: "Sighting") -> Said:
    from attendance.scope import Scope
    from enroll.chips import decoded_crop

    pixels = decoded_crop(picture, side.load().encoder.crop_size)
    track, target = seen.track is not None, seen.target_fpir
    if track and target is not None:
        target *= side.track_factor  # it was divided by that
    (found,) = side.judge.judge(
        [_face(side, pixels)], source=seen.source, frame=None, at=seen.at, scope=Scope(target_fpir=target), track=track
    )
    return Said(found.decision, None if found.person is None else found.person.id, found.score)


def _face(side: Side, pixels: "Pixels") -> "Face":
    """The face of an aligned crop (S, S, 3), as good as any: what was kept passed the screens."""
    from enroll.face import Detection, Face, Quality, Template
    from enroll.geometry import TEMPLATE_112

    pipeline, edge = side.load(), float(len(pixels))
    vectors = pipeline.encoder.embed(pixels[None])
    template = Template(pipeline.id, vectors[0], float(pipeline.encoder.cohort_means(vectors)[0]))
    landmarks = np.asarray(TEMPLATE_112 * edge / 112, np.float32)
    quality = Quality(100, len(pixels) // 2, 100, 50, 0.0, 0.0, 0.0, 1.0, ())
    return Face(Detection((0.0, 0.0, edge, edge), landmarks, 1.0), quality, pixels, template)


def _without_itself(side: Side, photo: "Filed") -> Said | None:
    """What a check would say of an enrolled photo if it were not enrolled; None where this encoder has not embedded it.

    The person's own best score is that with their other photos.
    """
    from attendance.judge.judging import CANDIDATES
    from enroll.face import Template

    own = side.gallery.load_of(photo.person)
    here = own.ids == side.gallery.find_source(photo.person, photo.sha256)
    if not here.any():
        return None
    template = Template(side.gallery.pipeline_id, own.vectors[here][0], float(own.cohort_means[here][0]))
    policy, judge = side.judge.policy(), side.judge
    (hits,) = judge.search([template], people=CANDIDATES + 1)
    found = [Candidate(hit.person_id, hit.score, hit.cosine) for hit in hits if hit.person_id != photo.person]
    found += _by_others(photo.person, template, own.vectors[~here], own.cohort_means[~here])
    ranked = sorted((replace(each, raised=judge.raised(each.person)) for each in found), key=lambda each: -each.score)
    (verdict,) = decide([Compared(tuple(ranked[:CANDIDATES]))], policy, judge.people().lookalikes)
    return _said(side, verdict)


def _by_others(person: int, template: "Template", vectors: "Vector", means: "Vector") -> Iterator[Candidate]:
    """The person as a candidate by their other templates, (n, d) and (n,); none where they have no others."""
    from enroll.face import scores

    if len(vectors):
        alike = scores(vectors, means, template.vector[None], template.cohort_mean)
        yield Candidate(person, float(alike.max()), float((vectors @ template.vector).max()))


def _said(side: Side, verdict: "Verdict") -> Said:
    best = verdict.best
    if best is None:
        return Said(verdict.ruling, None, None)
    named = verdict.ruling in {"present", "review"}
    refs = side.judge.refs([best.person]) if named else {}
    return Said(verdict.ruling, refs[best.person].id if best.person in refs else None, best.score)


def summary(found: Comparison) -> Iterator[str]:
    """The report in words, one line each."""
    for of, words in (("sighting", "kept faces of sightings"), ("photo", "enrolled photos, each without itself")):
        counts = {turn: count for (source, turn), count in sorted(found.turns.items()) if source == of}
        told = ", ".join(f"{count} {turn}" for turn, count in counts.items()) or "none"
        yield f"{words}: {told}"
    if found.faceless:
        yield f"no face is kept of {found.faceless} of the newest sightings, so that nothing is said of them"
    if found.unread:
        yield f"not to be compared, as they do not open or are not embedded by both: {found.unread}"


def rows(found: Comparison) -> list[dict[str, Any]]:
    """The decisions that would change."""
    return [change.to_dict() for change in found.changes]
