"""What a mark rests on: what a person has said of it, what was seen, and when and by whom it was entered."""

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from attendance.records import instant
from attendance.register.cues import liveness_in
from attendance.register.directions import DIRECTION
from enroll.naming import encoder_of
from gallery.repositories.credentials import CREDENTIAL
from gallery.repositories.places import told_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gallery.values import Named, ScoredKey, Sighting, StoredMark

PLACE: Final = "place"
"""What tells the place of a mark: in the details of one that no sighting is of its number, in evidence its name."""
TIME, UNKNOWN, ENTERED = "time", "unknown", "entered_at"
"""What the evidence says of a mark that was not made at the time it is of."""


def evidence_of(
    mark: "StoredMark",
    sighting: "Sighting | None",
    names: "Mapping[int, Named]",
    where: "Mapping[int, str]" = MappingProxyType({}),
) -> dict[str, Any]:
    """What a mark rests on, by sorted keys, and at their end the place, where there is one.

    ``names`` holds how the candidates are called now, ``where`` the places.
    """
    facts = dict(mark.details)
    if sighting is not None:
        facts |= facts_of(sighting, names)
    if mark.method == "manual":
        facts |= {"by": mark.by, ENTERED: instant(mark.entered)}
    elif mark.entered != mark.at:
        facts[ENTERED] = instant(mark.entered)
        if sighting is not None and mark.time_is_known and mark.at != sighting.at:
            facts[TIME] = sighting.means
    if not mark.time_is_known:
        facts[TIME] = UNKNOWN
    if mark.direction is not None:
        facts[DIRECTION] = mark.direction
    if mark.approval is not None:
        said = "approved" if mark.approval.granted else "refused"
        facts |= {f"{said}_by": mark.approval.by, f"{said}_at": instant(mark.approval.at)}
    there = place_shown(mark) if sighting is None else sighting.place
    for own in (PLACE, CREDENTIAL):  # numbers that only a program needs
        facts.pop(own, None)
    return dict(sorted(facts.items())) | ({} if there is None else {PLACE: where.get(there)})


def place_shown(mark: "StoredMark") -> int | None:
    """The number of the place at which somebody showed a PIN, a code or a badge; None where the mark tells none."""
    return told_in(mark.details)


def facts_of(sighting: "Sighting", names: "Mapping[int, Named]") -> dict[str, Any]:
    """What a sighting tells of a face and whom it was compared with; who is gone is without a name."""
    return {
        "source": sighting.source,
        "frame": sighting.frame,
        "track": sighting.track,
        "box": None if sighting.box is None else list(sighting.box),
        "score": sighting.score,
        "cosine": sighting.cosine,
        "threshold": sighting.threshold,
        "margin": sighting.margin,
        "target_fpir": sighting.target_fpir,
        "gallery_size": sighting.gallery_size,
        "candidates": [candidate_of(each, names) for each in sighting.candidates],
        "quality": {key: value for key, value in sighting.quality.items() if key != DIRECTION},
        "encoder": encoder_of(sighting.pipeline),
        **liveness_in(sighting.judged),
    }


def candidate_of(each: "ScoredKey", names: "Mapping[int, Named]") -> dict[str, Any]:
    """Somebody a face was compared with, by sorted keys; one who was removed is ``removed``, without id and name."""
    named = None if each.key is None else names.get(each.key)
    if named is None:
        return {"cosine": each.cosine, "id": None, "name": None, "removed": True, "score": each.score}
    return {"cosine": each.cosine, "id": named.external_id, "name": named.name, "score": each.score}
