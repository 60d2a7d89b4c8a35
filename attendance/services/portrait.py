"""All that is known of one person, for `gallery show`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attendance.records import PersonRef, ScoredPerson, instant
from enroll.naming import encoder_of

if TYPE_CHECKING:
    from attendance.judge.judging import Judge
    from attendance.services.leaving import Leaving, Stands
    from gallery import Gallery
    from gallery.values import TemplateInfo


@dataclass(frozen=True)
class Portrait:
    """A person, the templates, the remembered look-alikes, and the others who come closest."""

    stands: "Stands"
    templates: "list[TemplateInfo]"
    lookalikes: list[tuple[PersonRef, float]]
    closest: list[ScoredPerson]
    threshold: float

    def to_dict(self) -> dict[str, Any]:
        """One JSON object."""
        info, since = self.stands.person, self.stands.since
        return {
            "schema": 1,
            "id": info.external_id,
            "name": info.name,
            "groups": list(info.groups),
            "created": instant(info.created),
            "active": info.active,
            "inactive_since": None if since is None else instant(since),
            "note": info.note,
            "templates": [_template(each) for each in self.templates],
            "lookalikes": [{**who.to_dict(), "score": round(score, 6)} for who, score in self.lookalikes],
            "closest": [each.to_dict() for each in self.closest],
            "threshold": round(self.threshold, 6),
        }

    def lines(self) -> list[str]:
        """The same for people."""
        info = self.stands.person
        found = [
            f"{info.name} ({info.external_id}){'' if info.active else f', {self.stands.words}'}",
            f"  since     {instant(info.created)}",
            f"  groups    {', '.join(info.groups) or 'none'}",
        ]
        for each in self.templates:
            quality = ", ".join(f"{name} {value}" for name, value in each.quality.items())
            found.append(f"  template  {each.id} of {each.pipeline_id}, {instant(each.created)}, {each.source}")
            found.append(f"            {quality}{'' if each.has_crop else '; no crop kept'}")
        found += [f"  look-alike {who.name} ({who.id}), score {score:.3f}" for who, score in self.lookalikes]
        found += [f"  closest   {each.person.name} ({each.person.id}), score {each.score:.3f}" for each in self.closest]
        found.append(f"  a mark needs {self.threshold:.3f}")
        return found


class Portraits:
    """Gathers what is known of a person, whom they resemble, and what a mark of theirs needs."""

    def __init__(self, gallery: "Gallery", judge: "Judge", leaving: "Leaving") -> None:
        self._gallery = gallery
        self._judge = judge
        self._leaving = leaving

    def of(self, person: str | int) -> Portrait:
        """Everything of one moment; raises PersonUnknown, PersonAmbiguous."""
        with self._gallery.store.reading():
            return self._gathered(self._leaving.of(person))

    def _gathered(self, stands: "Stands") -> Portrait:
        number = stands.person.id
        pairs = {
            (pair.second_id if pair.first_id == number else pair.first_id): pair.score
            for pair in self._gallery.lookalikes()
            if number in {pair.first_id, pair.second_id}
        }
        refs = self._judge.refs(pairs)
        return Portrait(
            stands,
            self._gallery.templates_of(number),
            [(refs[other], score) for other, score in pairs.items()],
            self._judge.closest(number),
            self._judge.policy().threshold + self._judge.raised(number),
        )


def _template(info: "TemplateInfo") -> dict[str, Any]:
    return {
        "id": info.id,
        "encoder": encoder_of(info.pipeline_id),
        "pipeline": info.pipeline_id,
        "quality": dict(info.quality),
        "source": info.source,
        "created": instant(info.created),
        "crop": info.has_crop,
    }
