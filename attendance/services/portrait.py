"""All that is known of one person, for `gallery show`."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attendance.records import PersonRef, ScoredPerson, instant
from attendance.zones import zone
from gallery.standing import NEVER_LEFT

if TYPE_CHECKING:
    from attendance.app import Attendance
    from gallery.values import PersonInfo, TemplateInfo


@dataclass(frozen=True)
class Portrait:
    """A person, the templates, the remembered look-alikes, and the others who come closest."""

    info: "PersonInfo"
    templates: "list[TemplateInfo]"
    lookalikes: list[tuple[PersonRef, float]]
    closest: list[ScoredPerson]
    threshold: float
    away_since: datetime | None = None
    """Since when the person is inactive, in the site's zone; None for somebody active, or where it is not known."""

    def to_dict(self) -> dict[str, Any]:
        """One JSON object."""
        info = self.info
        return {
            "schema": 1,
            "id": info.external_id,
            "name": info.name,
            "groups": list(info.groups),
            "created": instant(info.created),
            "active": info.active,
            "inactive_since": None if self.away_since is None else instant(self.away_since),
            "note": info.note,
            "templates": [_template(each) for each in self.templates],
            "lookalikes": [{**who.to_dict(), "score": round(score, 6)} for who, score in self.lookalikes],
            "closest": [each.to_dict() for each in self.closest],
            "threshold": round(self.threshold, 6),
        }

    def lines(self) -> list[str]:
        """The same for people."""
        info = self.info
        found = [
            f"{info.name} ({info.external_id}){'' if info.active else f', {_standing(info, self.away_since)}'}",
            f"  since     {instant(info.created)}",
            f"  groups    {', '.join(info.groups) or 'none'}",
        ]
        for each in self.templates:
            quality = ", ".join(f"{name} {value}" for name, value in each.quality.items())
            found.append(f"  template  {each.id} of {each.encoder_id}, {instant(each.created)}, {each.source}")
            found.append(f"            {quality}{'' if each.has_crop else '; no crop kept'}")
        found += [f"  look-alike {who.name} ({who.id}), score {score:.3f}" for who, score in self.lookalikes]
        found += [f"  closest   {each.person.name} ({each.person.id}), score {each.score:.3f}" for each in self.closest]
        found.append(f"  a mark needs {self.threshold:.3f}")
        return found


def portrait(app: "Attendance", person: str) -> Portrait:
    """Gather what is known of a person; raises PersonUnknown, PersonAmbiguous."""
    with app.store.reading():
        return _gathered(app, app.gallery.find(person))


def _gathered(app: "Attendance", info: "PersonInfo") -> Portrait:
    pairs = {
        (pair.second_id if pair.first_id == info.id else pair.first_id): pair.score
        for pair in app.gallery.lookalikes()
        if info.id in {pair.first_id, pair.second_id}
    }
    refs = app.judging.refs(pairs)
    lookalikes = [(refs[number], score) for number, score in pairs.items()]
    return Portrait(
        info,
        app.gallery.templates_of(info.id),
        lookalikes,
        app.judging.closest(info.id),
        app.policy().threshold + app.judging.raised(info.id),
        _away_since(app, info),
    )


def standing_of(app: "Attendance", info: "PersonInfo") -> str:
    """In words whether somebody is active, or since when not."""
    return _standing(info, _away_since(app, info))


def _standing(info: "PersonInfo", since: datetime | None) -> str:
    if info.active:
        return "active"
    return "inactive" if since is None else f"inactive since {since:%Y-%m-%d %H:%M}"


def _away_since(app: "Attendance", info: "PersonInfo") -> datetime | None:
    since = app.gallery.standings().get(info.id, NEVER_LEFT).away_since
    return None if since is None else since.astimezone(zone(app.zone))


def _template(info: "TemplateInfo") -> dict[str, Any]:
    return {
        "id": info.id,
        "encoder": info.encoder_id,
        "quality": dict(info.quality),
        "source": info.source,
        "created": instant(info.created),
        "crop": info.has_crop,
    }
