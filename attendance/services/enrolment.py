"""One photo enrols a person: the face goes in if it is nobody else's, whole or not at all."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attendance.access import needs
from attendance.clock import Clock
from attendance.errors import PersonDuplicate, PersonUnlike
from attendance.faults import Problem, only_here, problem_of
from attendance.judge.judging import Judge
from attendance.parallel import in_order, worker_count
from attendance.paths import shown_path
from attendance.records import PersonRef, ScoredPerson
from attendance.settings import Settings
from attendance.zones import local_day
from gallery.errors import PersonUnknown

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.services.consents import Agreed, Consents
    from enroll.face import Face, Quality, Template
    from enroll.pipeline import Pipeline
    from enroll.roster import Entry
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import EnrolResult, PersonInfo

BYTES = "bytes"
"""What a photo given as bytes is called where nobody names it."""
UNLIKE_OWN = "resembles the earlier photos of this person little; look whether it is the right one"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What one photo came to; ``outcome`` is enrolled (a new person), added, replaced or unchanged.

    ``lookalikes`` are the people who score in the review range or above, without those whom somebody has told
    apart from this person: a mark of one needs a clear lead over the other. ``quality`` is None when the photo
    was known and not looked at again.
    """

    person: PersonRef
    outcome: str
    source: str
    quality: "Quality | None" = None
    lookalikes: tuple[ScoredPerson, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """One line of ``enroll --json``."""
        return {
            "schema": 1,
            "source": self.source,
            "outcome": self.outcome,
            "id": self.person.id,
            "name": self.person.name,
            "quality": None if self.quality is None else self.quality.to_dict(),
            "lookalikes": [other.to_dict() for other in self.lookalikes],
            "warnings": list(self.warnings),
            "error": None,
            "reasons": [],
        }


@dataclass(frozen=True, slots=True)
class NotEnrolled:
    """A photo of a bulk run that was refused, and why; ``reasons`` are codes, the error's id among them."""

    name: str
    problem: Problem

    @property
    def source(self) -> str:
        """The photo."""
        return self.problem.source

    def to_dict(self) -> dict[str, Any]:
        """One line of ``enroll --json``, as that of `Enrolled`, with the error's id and the reasons."""
        return {
            "schema": 1,
            "source": self.source,
            "outcome": "refused",
            "id": None,
            "name": self.name,
            "quality": None,
            "lookalikes": [],
            "warnings": [],
            "error": self.problem.id,
            "reasons": list(self.problem.reasons),
        }


@dataclass(frozen=True, slots=True)
class Rules:
    """How to treat people and photos that are there already; ``multi`` overrules the setting of this name.

    With ``known`` a photo is filed for somebody who is there, or for nobody: who was removed while it was looked at
    does not come back by it. ``agreed`` is what the people of the photos, or others for them, have agreed to: it is
    noted in the step that files the first photo.
    """

    replace: bool = False
    allow_duplicate: bool = False
    same_person: bool = False
    multi: str | None = None
    known: bool = False
    agreed: "Agreed | None" = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A photo that was looked at: its name in records, the file's sha256 and its one face, with a template."""

    source: str
    sha256: str
    face: "Face"

    @property
    def template(self) -> "Template":
        """The face's template."""
        if self.face.template is None:
            raise ValueError("a face without a template cannot be enrolled")
        return self.face.template


@dataclass(frozen=True, slots=True)
class Sent:
    """A photo that came as bytes, and what it is called."""

    data: bytes
    source: str


Outcome = Enrolled | NotEnrolled
Looked = Enrolled | Prepared | Exception


class Enroller:
    """Enrols photos into a gallery; ``zone`` is the site's, as whoever is there already joins groups on a day."""

    def __init__(
        self,
        gallery: "Gallery",
        judge: Judge,
        clock: Clock,
        settings: Settings,
        load: "Callable[[], Pipeline]",
        zone: str,
        consents: "Consents",
    ) -> None:
        self._consents = consents
        self._gallery = gallery
        self._judge = judge
        self._clock = clock
        self._settings = settings
        self._load = load
        self._zone = zone

    @cached_property
    def _lenient(self) -> Judge:
        return self._judge.lenient()

    def _judge_by(self, rules: Rules) -> Judge:
        """Who replaces somebody's templates is not kept from it by those that do not open, that person's or others'."""
        return self._lenient if rules.replace else self._judge

    @needs("photos.change")
    def photo(
        self,
        actor: "Actor",
        photo: "Path | str | bytes",
        *,
        name: str,
        external_id: str | None = None,
        groups: Iterable[str] = (),
        rules: Rules = Rules(),
        source: str = BYTES,
        insisting: bool = True,
    ) -> Enrolled:
        """Enrol one photo of one person: a file, or its bytes, which ``source`` names in records and errors.

        An id says who it is: a face unlike the person's earlier photos is then filed too, as with ``same_person``,
        unless ``insisting`` is false.
        Raises ConsentMissing before the photo is looked at, PhotoError, FaceError (PhotoRefused with its reasons),
        NameInvalid, PersonDuplicate, PersonUnlike, GalleryError.
        """
        from enroll.roster import Entry, clean_name

        path, sent = (Path(BYTES), _sent(photo, source)) if isinstance(photo, bytes) else (Path(photo), None)
        entry = Entry(path, clean_name(name), external_id, tuple(groups))
        told = replace(rules, same_person=rules.same_person or (insisting and external_id is not None))
        found = self._prepare(entry, told, sent)
        return found if isinstance(found, Enrolled) else self._commit(actor, entry, found, told)

    @needs("photos.change")
    def many(
        self, actor: "Actor", entries: "Iterable[Entry]", rules: Rules, workers: int | None = None
    ) -> Iterator[Outcome]:
        """One outcome an entry, in order; each photo is committed before its outcome comes out.

        Photos of one new person that follow each other are compared among themselves before the first is filed,
        so that somebody else's photo in a person's folder is found also where it comes first.
        """

        def prepare(entry: "Entry") -> Enrolled | Prepared:
            return self._prepare(entry, rules)

        number = worker_count(workers, self._settings.threads)
        looked = ((entry, _result(prepared)) for entry, prepared in in_order(prepare, entries, number))
        for _, run in groupby(looked, key=lambda pair: (pair[0].external_id, pair[0].name)):
            yield from self._run(actor, list(run), rules)

    def _run(self, actor: "Actor", photos: "Sequence[tuple[Entry, Looked]]", rules: Rules) -> Iterator[Outcome]:
        """File the photos of one person."""
        odd, of = self._odd_ones(photos, rules)
        for number, (entry, found) in enumerate(photos):
            if isinstance(found, Enrolled):
                yield found
            elif isinstance(found, Exception):
                yield _refused(entry, found)
            elif number in odd:
                detail = f"the face is not that of the other photos of {entry.name}"
                yield _refused(entry, PersonUnlike(shown_path(entry.photo), detail))
            else:
                yield self._committed(actor, entry, found, rules, vouched=number in of)

    def _committed(self, actor: "Actor", entry: "Entry", found: Prepared, rules: Rules, *, vouched: bool) -> Outcome:
        try:
            return self._commit(actor, entry, found, rules, vouched=vouched)
        except Exception as error:  # noqa: BLE001 - one bad photo never stops the others
            return _refused(entry, error)

    def _odd_ones(self, photos: "Sequence[tuple[Entry, Looked]]", rules: Rules) -> tuple[set[int], set[int]]:
        """Which of a new person's photos show somebody else, and which one and the same; both empty for one photo.

        New is also who has templates of other pipelines alone.
        """
        ready = {
            number: found
            for number, (_, found) in enumerate(photos)
            if isinstance(found, Prepared) and math.isfinite(float(found.template.vector.sum()))
        }
        if len(ready) < 2 or rules.same_person or not self._is_new(photos[0][0]):  # noqa: PLR2004 - a pair
            return set(), set()
        alike = _agreeing([found.template for found in ready.values()], self._judge_by(rules).own_threshold(1))
        numbers = list(ready)
        return {numbers[n] for n in range(len(numbers)) if n not in alike}, {numbers[n] for n in alike}

    def _is_new(self, entry: "Entry") -> bool:
        """Whether nobody under this id or name has a template of this pipeline to compare with.

        A name that several have is told when it is filed.
        """
        from gallery.errors import PersonAmbiguous

        try:
            person = self._existing(entry)
        except PersonAmbiguous:
            return False
        return person is None or not person.templates

    def _prepare(self, entry: "Entry", rules: Rules, sent: Sent | None = None) -> Enrolled | Prepared:
        from enroll.photo import decode_photo, read_photo

        agreed = self._agreed(entry, rules)
        known = None if rules.replace or agreed is not None else self._unchanged(entry, sent)
        if known is not None:
            return known
        if agreed is None or "face" not in agreed.purposes:
            self._refuse_unasked(entry)
        where = shown_path(entry.photo) if sent is None else sent.source
        photo = read_photo(entry.photo) if sent is None else decode_photo(sent.data, sent.source)
        multi: Any = rules.multi or self._settings.multi
        models = self._load()
        with only_here(where):
            return Prepared(where, photo.sha256, models.enrol_face(photo, multi=multi))

    def _refuse_unasked(self, entry: "Entry") -> None:
        """Raise ConsentMissing where nothing may be computed of this face."""
        person = self._existing(entry)
        if person is None:
            self._consents.rule.admits_new(entry.external_id or entry.name)
        else:
            self._gallery.ask(person.id)

    @staticmethod
    def _agreed(entry: "Entry", rules: Rules) -> "Agreed | None":
        """What was told of an entry by its row of a list, else of all."""
        if entry.consent is None:
            return rules.agreed
        from attendance.services.consents import Agreed

        return replace(rules.agreed or Agreed(method="paper"), given_by=entry.consent)

    def _unchanged(self, entry: "Entry", sent: Sent | None) -> Enrolled | None:
        """The outcome of a photo that is filed for this person already; such a one is not decoded."""
        person = self._existing(entry)
        if person is None or not set(entry.groups) <= set(person.groups):
            return None
        sha256 = _digest(entry.photo) if sent is None else hashlib.sha256(sent.data).hexdigest()
        if sha256 is None or self._gallery.find_source(person.id, sha256) is None:
            return None
        return Enrolled(_ref(person), "unchanged", shown_path(entry.photo) if sent is None else sent.source)

    def _existing(self, entry: "Entry") -> "PersonInfo | None":
        """Whom the photo will be filed under, by the gallery's own rule: the id if given, else the only such name."""
        return self._gallery.of_photo(entry.name, entry.external_id)

    def _commit(
        self, actor: "Actor", entry: "Entry", found: Prepared, rules: Rules, *, vouched: bool = False
    ) -> Enrolled:
        """Compare with everybody, refuse or file; one transaction, so that no other program comes between.

        ``vouched``: the photo was compared with the person's other ones already.
        """
        where, judge = found.source, self._judge_by(rules)
        with self._gallery.store.atomic():
            policy = judge.policy()
            person = self._existing(entry)
            if person is None and rules.known:
                raise PersonUnknown(entry.external_id or entry.name, "this person was removed meanwhile")
            others = judge.others(found.template, person.id if person else None)
            rivals = [other for other in others if other.score >= policy.review_threshold]
            own, needed = (None, 0.0) if person is None else self._own_score(judge, found.template, person.id)
            unlike = own is not None and own < policy.review_threshold
            if (own is None or unlike) and not rules.allow_duplicate:
                _refuse_duplicate(where, entry, rivals, policy.threshold)
            if person is not None and own is not None and own < needed and not (rules.same_person or vouched):
                raise PersonUnlike(
                    where,
                    f"the face does not look like the earlier photos of {person.name} ({person.external_id}): "
                    f"score {own:.3f}, needs {needed:.3f}",
                )
            filed = self._file(actor, entry, found, rules)
            alike = self._remember(actor, filed.person.id, rivals)
        warnings = (UNLIKE_OWN,) if unlike and not (rules.replace or vouched) else ()
        return Enrolled(_ref(filed.person), filed.outcome, where, found.face.quality, alike, warnings)

    def _own_score(self, judge: Judge, template: "Template", person: int) -> tuple[float | None, float]:
        """The best score against the person's templates so far (None: there is none to compare), and the least."""
        from enroll.face import scores

        own = self._gallery.load_of(person, active=None)
        needed = judge.own_threshold(len(own.ids))
        if not len(own.ids):
            return None, needed
        alike = scores(own.vectors, own.cohort_means, template.vector[None], template.cohort_mean)
        return float(alike.max()), needed

    def _file(self, actor: "Actor", entry: "Entry", found: Prepared, rules: Rules) -> "EnrolResult":
        template, face, now = found.template, found.face, self._clock.utc()
        agreed = self._agreed(entry, rules)

        def first(transaction: "Transaction", person: int) -> None:
            if agreed is not None:
                self._consents.agree_in(transaction, person, agreed, by=actor.name)

        return self._gallery.enroll(
            entry.name,
            template.vector,
            template.cohort_mean,
            quality=face.quality.to_dict(),
            source=found.source,
            source_sha256=found.sha256,
            **(_kept(face) if self._settings.keep_crops else {}),
            external_id=entry.external_id,
            groups=entry.groups,
            replace=rules.replace,
            at=now,
            by=actor.name,
            from_day=local_day(now, self._zone),
            first=first,
            made_by=template.pipeline_id,
        )

    def _remember(self, actor: "Actor", person: int, rivals: list[ScoredPerson]) -> tuple[ScoredPerson, ...]:
        """Remember the rivals as look-alikes; those who are, that is all but the pairs that somebody has cleared."""
        at, by = self._clock.utc(), actor.name
        remember = self._gallery.remember_lookalike
        return tuple(each for each in rivals if remember(person, each.person.key, each.score, at=at, by=by))


def _sent(data: bytes, source: str) -> Sent:
    """The photo, with a name that can be stored and printed everywhere."""
    return Sent(data, source.encode("utf-8", "backslashreplace").decode() or BYTES)


def _digest(photo: Path) -> str | None:
    """The sha256 of a file of a photo's size; None for what reading the photo will refuse with a reason."""
    from enroll.photolimits import DEFAULT_LIMITS

    try:
        if not photo.is_file() or photo.stat().st_size > DEFAULT_LIMITS.max_bytes:
            return None
        with photo.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _refuse_duplicate(where: str, entry: "Entry", rivals: list[ScoredPerson], threshold: float) -> None:
    if rivals and rivals[0].score >= threshold:
        twin = rivals[0]
        refused = PersonDuplicate(
            where,
            f"{entry.name} looks like {twin.person.name} ({twin.person.id}), who is enrolled already: "
            f"score {twin.score:.3f}, threshold {threshold:.3f}",
        )
        refused.twin = twin.person.key
        raise refused


def _refused(entry: "Entry", error: Exception) -> NotEnrolled:
    return NotEnrolled(entry.name, problem_of(error, shown_path(entry.photo)))


def _result(prepared: "Callable[[], Enrolled | Prepared]") -> Looked:
    """What came of a photo, its error included."""
    try:
        return prepared()
    except Exception as error:  # noqa: BLE001 - raised again where its photo's turn comes
        return error


def _agreeing(templates: "Sequence[Template]", threshold: float) -> set[int]:
    """Numbers of the templates that resemble the one which most of them resemble; of equals the first counts."""
    import numpy as np

    from enroll.face import scores

    vectors = np.stack([template.vector for template in templates])
    means = np.array([template.cohort_mean for template in templates])
    alike = scores(vectors, means, vectors, means) >= threshold
    np.fill_diagonal(alike, val=True)
    return set(np.flatnonzero(alike[int(alike.sum(1).argmax())]).tolist())


def _ref(person: "PersonInfo") -> PersonRef:
    return PersonRef(person.external_id, person.name, person.id)


def _kept(face: "Face") -> dict[str, Any]:
    """What the gallery keeps of a face for a later pipeline: its chip, or without one the aligned crop."""
    from enroll.chips import encoded, encoded_crop

    if face.chip is None:
        return {"crop": encoded_crop(face.crop)}
    return {"crop": encoded(face.chip.pixels), "landmarks": face.chip.landmarks}
