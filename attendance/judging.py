"""From faces to decisions: search the gallery, apply the policy of the people enrolled now. Marks nothing."""

import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attendance.decision import Candidate, FaceEvidence, Policy, Verdict, decide
from attendance.errors import GroupUnknown
from attendance.records import Decision, PersonRef, ScoredPerson
from attendance.settings import Settings

if TYPE_CHECKING:
    from enroll.card import ScoreModel
    from enroll.face import Face, Template
    from gallery.index import GalleryIndex, Hit
    from gallery.people import Gallery

CANDIDATES = 5
MOST_FPIR = 0.999


@dataclass(frozen=True)
class People:
    """Who is enrolled, as of one generation of the gallery."""

    generation: int
    refs: dict[int, PersonRef]
    groups: dict[str, frozenset[int]]
    searchable: frozenset[int]
    lookalikes: frozenset[frozenset[int]]


class Judge:
    """Judges faces against a gallery and follows its changes; may be shared by threads."""

    def __init__(self, gallery: "Gallery", index: "GalleryIndex", model: "ScoreModel", settings: Settings) -> None:
        self._gallery = gallery
        self._index = index
        self._model = model
        self._settings = settings
        self._people: People | None = None
        self._lock = threading.RLock()

    def people(self) -> People:
        """Who is enrolled now; the index follows."""
        with self._lock:
            generation = self._gallery.store.generation()
            if self._people is None or self._people.generation != generation:
                self._index.refresh()
                self._people = _read_people(self._gallery, generation)
            return self._people

    def policy(self, group: str | None = None) -> Policy:
        """The numbers to judge by for the people enrolled now; raises `GroupUnknown`."""
        return policy_for(self._model, self._settings, len(self._allowed(group)))

    def search(self, templates: "Sequence[Template]", among: AbstractSet[int]) -> "list[list[Hit]]":
        """The nearest of these people (numbers) to each template, best first."""
        import numpy as np

        if not templates or not among:
            return [[] for _ in templates]
        vectors = np.stack([template.vector for template in templates])
        means = np.array([template.cohort_mean for template in templates], np.float32)
        with self._lock:
            self.people()
            return self._index.search(vectors, means, people=CANDIDATES, allowed=set(among))

    def judge(
        self, faces: "Sequence[Face]", *, source: str, frame: int | None, at: datetime, group: str | None
    ) -> list[Decision]:
        """One decision a face, in order; all faces are judged together."""
        with self._lock:
            people = self.people()
            policy = self.policy(group)
            templates = [face.template for face in faces if face.template is not None]
            hits = iter(self.search(templates, self._allowed(group)))
            found = [None if face.template is None else next(hits) for face in faces]
        evidence = [_evidence(face, hit) for face, hit in zip(faces, found, strict=True)]
        verdicts = decide(evidence, policy, people.lookalikes)
        common: dict[str, Any] = {"source": source, "frame": frame, "at": at, "encoder": self._gallery.encoder_id}
        return [
            _decision(face, seen, verdict, policy, people, common)
            for face, seen, verdict in zip(faces, evidence, verdicts, strict=True)
        ]

    def _allowed(self, group: str | None) -> frozenset[int]:
        people = self.people()
        if group is None:
            return people.searchable
        if group not in people.groups:
            raise GroupUnknown(group, "there is no group of this name")
        return people.searchable & people.groups[group]


def policy_for(model: "ScoreModel", settings: Settings, gallery_size: int) -> Policy:
    """Thresholds from the score model for a gallery of this size, or shifted to the one set by hand."""
    target = settings.target_fpir
    threshold = model.threshold(gallery_size, target)
    review = model.threshold(gallery_size, min(MOST_FPIR, settings.review_factor * target))
    wanted = threshold if settings.match_threshold is None else settings.match_threshold
    return Policy(
        threshold=wanted,
        review_threshold=min(wanted, review + wanted - threshold),
        margin=settings.margin,
        target_fpir=target,
        gallery_size=gallery_size,
        overridden=settings.match_threshold is not None,
    )


def _read_people(gallery: "Gallery", generation: int) -> People:
    found = gallery.people()
    groups: dict[str, set[int]] = {}
    for person in found:
        for name in person.groups:
            groups.setdefault(name, set()).add(person.id)
    return People(
        generation,
        {person.id: PersonRef(person.external_id, person.name, person.id) for person in found},
        {name: frozenset(members) for name, members in groups.items()},
        frozenset(person.id for person in found if person.templates),
        frozenset(frozenset((pair.first_id, pair.second_id)) for pair in gallery.lookalikes()),
    )


def _evidence(face: "Face", hits: "list[Hit] | None") -> FaceEvidence:
    if hits is None:
        return FaceEvidence(refusals=face.quality.reasons or ("not_judged",))
    return FaceEvidence(tuple(Candidate(hit.person_id, float(hit.score), float(hit.cosine)) for hit in hits))


def _decision(
    face: "Face",
    evidence: FaceEvidence,
    verdict: Verdict,
    policy: Policy,
    people: People,
    common: dict[str, Any],
) -> Decision:
    best = verdict.best
    named = best is not None and verdict.ruling in {"present", "review"}
    ranked = [] if best is None else sorted(evidence.candidates, key=lambda c: (-c.score, c.person))
    return Decision(
        box=face.box,
        decision=verdict.ruling,
        threshold=policy.threshold,
        target_fpir=policy.target_fpir,
        gallery_size=policy.gallery_size,
        person=people.refs[best.person] if best is not None and named else None,
        score=None if best is None else best.score,
        cosine=None if best is None else best.cosine,
        margin=verdict.margin,
        candidates=tuple(ScoredPerson(people.refs[c.person], c.score, c.cosine) for c in ranked),
        quality=face.quality.to_dict(),
        reasons=verdict.reasons,
        **common,
    )
