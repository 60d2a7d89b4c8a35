"""From faces to decisions: search the gallery, apply the policy of the people enrolled now. Marks nothing."""

import math
import threading
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attendance.errors import GroupUnknown
from attendance.judge.crowding import FEWEST_OTHERS, MOST_OTHERS, raised_by
from attendance.judge.decision import Candidate, Compared, LookalikePairs, Policy, Verdict, decide
from attendance.judge.policy import own_threshold, policy_for
from attendance.judge.replay import Evidence, evidence
from attendance.records import Decision, PersonRef, ScoredPerson
from attendance.scope import ANYWHERE, Scope
from attendance.settings import Settings
from enroll.naming import encoder_of
from gallery.errors import SiteUnknown
from gallery.near import close_names, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from enroll.card import ScoreModel
    from enroll.face import Face, Template
    from gallery import Gallery, GalleryIndex, Hit
    from gallery.search.measured import Measured
    from gallery.values import Pipelines

CANDIDATES = 5


class People:
    """Groups and look-alikes as of one generation of the gallery, read when first asked for."""

    def __init__(self, gallery: "Gallery", generation: int) -> None:
        self.generation = generation
        self._gallery = gallery

    def has(self, group: str | None, site: str | None) -> bool:
        """Whether there are such a group and such a site; None is always there."""
        return (group is None or group in self.groups) and (site is None or site in self.sites)

    @cached_property
    def groups(self) -> list[str]:
        """The names of all groups."""
        return self._gallery.groups()

    @cached_property
    def sites(self) -> list[str]:
        """The names of all sites."""
        return self._gallery.sites()

    @cached_property
    def lookalikes(self) -> LookalikePairs:
        """All remembered pairs, each with its score."""
        pairs = self._gallery.lookalikes()
        return {frozenset((pair.first_id, pair.second_id)): pair.score for pair in pairs}


class Judge:
    """Judges faces against a gallery and follows its changes; may be shared by threads."""

    def __init__(self, gallery: "Gallery", index: "GalleryIndex", model: "ScoreModel", settings: Settings) -> None:
        self._gallery = gallery
        self._index = index
        self._model = model
        self._settings = settings
        self._people: People | None = None
        self._raised: dict[tuple[int, str | None, str | None], float] = {}
        self._lock = threading.RLock()
        self.before_refresh: Callable[[], object] | None = None
        """What is asked where the gallery has changed, before it is looked at: it may put another encoder in force."""

    def lenient(self) -> "Judge":
        """One that leaves out templates which do not open, where this one refuses to work: to replace them."""
        return Judge(self._gallery, self._index.lenient(), self._model, self._settings)

    def measure(self, ended: "Callable[[], bool]" = bool) -> "Measured":
        """What searching loses and takes, on the gallery's own templates, with turns for others in between."""
        from gallery.search.measured import measure

        return measure(self._index, alone=self._alone, ended=ended)

    @contextmanager
    def _alone(self) -> "Iterator[None]":
        with self._lock, self._gallery.store.reading():
            yield

    def people(self) -> People:
        """Who is enrolled now; the index follows."""
        with self._lock, self._gallery.store.reading():
            if self.before_refresh is not None and self._gallery.store.generation() != self._index.generation:
                self.before_refresh()
            self._index.refresh()
            if self._people is None or self._people.generation != self._index.generation:
                self._people = People(self._gallery, self._index.generation)
                self._raised.clear()
            return self._people

    def go_by(self, model: "ScoreModel") -> None:
        """Judge by another encoder's scores from now on, and search the templates that the gallery is seen with now."""
        with self._lock:
            self._index, self._model, self._people = self._index.anew(), model, None
            self._raised.clear()

    def refs(self, people: "Iterable[int]") -> dict[int, PersonRef]:
        """The people of these numbers; who was removed is left out."""
        return self._called(set(people))[1]

    def _called(self, people: set[int]) -> tuple[int, dict[int, PersonRef]]:
        """The generation, and the people of these numbers as decisions name them."""
        generation, named = self._gallery.named(people)
        return generation, {number: PersonRef(each.external_id, each.name, number) for number, each in named.items()}

    def policy(self, scope: Scope = ANYWHERE, *, track: bool = False) -> Policy:
        """The numbers to judge by for the people enrolled now, photos or tracks; raises `GroupUnknown`."""
        with self._lock, self._gallery.store.reading():
            self.people()
            self._known(scope.group, self.site_of(scope))
            return self._policy(scope, track=track)

    def site_of(self, scope: Scope) -> str | None:
        """Whose people are looked for: those of the site that this computer works for, else of the place's site."""
        return self._settings.site or scope.site

    def _policy(self, scope: Scope, *, track: bool = False) -> Policy:
        size = self._index.size(scope.group, self.site_of(scope))
        return policy_for(self._model, self._settings, size, track=track, target_fpir=scope.target_fpir)

    def raised(self, person: int, group: str | None = None) -> float:
        """What a mark of this person needs above the policy's threshold, as others of those searched are like them.

        0 with a threshold set by hand, and for whoever cannot be searched. Few in a group: everybody enrolled decides.
        """
        with self._lock, self._gallery.store.reading():
            self.people()
            return self._raised_by(person, group, self._settings.site)

    def _raised_by(self, person: int, group: str | None, site: str | None) -> float:
        if self._settings.match_threshold is not None or not self._index.has(person):
            return 0.0
        if (group, site) != (None, None) and self._index.size(group, site) <= FEWEST_OTHERS:
            group = site = None
        if (person, group, site) not in self._raised:
            scores = self._index.scores_with_others(person, group=group, site=site, most=MOST_OTHERS)
            self._raised[person, group, site] = raised_by(self._model, scores)
        return self._raised[person, group, site]

    def own_threshold(self, templates: int) -> float:
        """The score from which a photo may be filed with a person's own ``templates`` (their number) as it is."""
        with self._lock:
            self.people()
            return own_threshold(self._model, self._settings, self._index.size(), templates)

    def search(
        self,
        templates: "Sequence[Template]",
        *,
        group: str | None = None,
        site: str | None = None,
        people: int = CANDIDATES,
    ) -> "list[list[Hit]]":
        """The nearest people of each template, best first, as of the last look at the gallery.

        One of another pipeline is like nobody.
        """
        import numpy as np

        if not templates:
            return []
        fits = [template.pipeline_id in self._gallery.pipelines for template in templates]
        own = [template for template, fitting in zip(templates, fits, strict=True) if fitting]
        if not own:
            return [[] for _ in templates]
        vectors = np.stack([template.vector for template in own])
        means = np.array([template.cohort_mean for template in own])
        found = iter(self._index.search(vectors, means, people=people, group=group, site=site))
        return [next(found) if fitting else [] for fitting in fits]

    def _asked(
        self,
        templates: "Sequence[Template]",
        *,
        group: str | None = None,
        site: str | None = None,
        people: int = CANDIDATES,
    ) -> "tuple[list[list[Hit]], dict[int, PersonRef], People]":
        """The nearest people of each template, what they are called, and who is enrolled: all of one view.

        Searched first; the statement that asks for the names tells of which generation they are, so that one
        statement does for both. Where the gallery has changed since the last look, it is searched anew.
        """
        known = self._known(group, site)
        found = self.search(templates, group=group, site=site, people=people)
        generation, refs = self._called(_people_in(found))
        if generation != known.generation:
            self.people()
            known = self._known(group, site)
            found = self.search(templates, group=group, site=site, people=people)
            _, refs = self._called(_people_in(found))
        return found, refs, known

    def _known(self, group: str | None, site: str | None = None) -> People:
        """Who was enrolled at the last look, or is now where there was none or it knew no such group or site.

        Raises `GroupUnknown`, `SiteUnknown`.
        """
        known = self._people or self.people()
        if not known.has(group, site):
            known = self.people()
        if group is not None and group not in known.groups:
            raise GroupUnknown.among(group, known.groups)
        if site is not None and site == self._settings.site and site not in known.sites:
            near = did_you_mean(close_names(site, known.sites))
            raise SiteUnknown(site, f"there is no site of this name{near}")
        return known

    def others(self, template: "Template", person: int | None) -> list[ScoredPerson]:
        """The people closest to a template, best first, without the one it belongs to."""
        with self._lock, self._gallery.store.reading():
            (hits,), refs, _ = self._asked([template], people=CANDIDATES + 1)
        near = [ScoredPerson(refs[hit.person_id], hit.score, hit.cosine) for hit in hits if hit.person_id != person]
        return near[:CANDIDATES]

    def closest(self, person: int) -> list[ScoredPerson]:
        """The other people closest to any template of a person, best first."""
        from enroll.face import Template

        own = self._gallery.load_of(person)
        best: dict[int, ScoredPerson] = {}
        for vector, mean in zip(own.vectors, own.cohort_means, strict=True):
            for other in self.others(Template(self._gallery.pipeline_id, vector, float(mean)), person):
                known = best.get(other.person.key)
                best[other.person.key] = other if known is None or other.score > known.score else known
        return sorted(best.values(), key=lambda other: -other.score)[:CANDIDATES]

    def judge(
        self,
        faces: "Sequence[Face]",
        *,
        source: str,
        frame: int | None,
        at: "datetime",
        scope: Scope = ANYWHERE,
        track: bool = False,
    ) -> list[Decision]:
        """One decision a face, in order, all judged together; each face is a photo's, or a ``track``'s joined looks."""
        group, site = scope.group, self.site_of(scope)
        with self._lock, self._gallery.store.reading():
            templates = [face.template for face in faces if face.template is not None]
            found, refs, people = self._asked(templates, group=group, site=site)
            policy, lookalikes = self._policy(scope, track=track), people.lookalikes if found else {}
            near = {hit.person_id for hits in found for hit in hits if hit.score >= policy.review_threshold}
            raised = {person: self._raised_by(person, group, site) for person in near}
            names = self._gallery.pipelines
        hits = iter(found)
        compared = [_compared(face, None if face.template is None else next(hits), raised, names) for face in faces]
        verdicts = decide(compared, policy, lookalikes)
        pipeline = names[0]
        seen_by = {"pipeline": pipeline, "encoder": encoder_of(pipeline)}
        common: dict[str, Any] = {"source": source, "frame": frame, "at": at, **seen_by}
        return [
            _decision(face, seen, verdict, refs, common)
            for face, seen, verdict in zip(faces, evidence(compared, policy, lookalikes), verdicts, strict=True)
        ]


def _people_in(found: "list[list[Hit]]") -> set[int]:
    return {hit.person_id for hits in found for hit in hits}


def _compared(
    face: "Face", hits: "list[Hit] | None", raised: "Mapping[int, float]", pipelines: "Pipelines"
) -> Compared:
    """A face with whom it is like; one whose template was made before another encoder came is not judged."""
    if hits is None or face.template is None or face.template.pipeline_id not in pipelines:
        return Compared(refusals=face.quality.reasons or ("not_judged",))
    found = (Candidate(hit.person_id, hit.score, hit.cosine, raised.get(hit.person_id, 0.0)) for hit in hits)
    return Compared(tuple(found), doubts=face.doubts)


def _decision(
    face: "Face",
    seen: Evidence,
    verdict: Verdict,
    refs: dict[int, PersonRef],
    common: dict[str, Any],
) -> Decision:
    best, policy, compared = verdict.best, seen.policy, seen.face
    named = best is not None and verdict.ruling in {"present", "review"}
    ranked = [] if best is None else sorted(compared.candidates, key=lambda c: (-c.score, c.person))
    return Decision(
        box=face.box if all(map(math.isfinite, face.box)) else None,
        decision=verdict.ruling,
        threshold=policy.threshold + (0.0 if best is None else best.raised),
        target_fpir=policy.target_fpir,
        gallery_size=policy.gallery_size,
        person=refs[best.person] if best is not None and named else None,
        score=None if best is None else best.score,
        cosine=None if best is None else best.cosine,
        margin=verdict.margin,
        candidates=tuple(ScoredPerson(refs[c.person], c.score, c.cosine) for c in ranked),
        quality=face.quality.to_dict(),
        reasons=verdict.reasons,
        judged=seen.to_dict(),
        **common,
    )
