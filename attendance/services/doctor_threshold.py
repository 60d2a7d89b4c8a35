"""Whether the encoder's card tells a threshold for as many people as there are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attendance.errors import TooManyPeople
from attendance.judge.policy import most_people
from attendance.services.doctor_finding import Finding
from refusal import counted

if TYPE_CHECKING:
    from attendance.settings import Settings
    from enroll.card import ScoreModel
    from gallery import Gallery

SITE = "attendance config set site NAME"


def threshold_findings(gallery: "Gallery", model: "ScoreModel", settings: "Settings") -> Iterator[Finding]:
    """Of how many people photos and tracks may be judged; nothing where they are set by hand, or nobody comes near."""
    if settings.match_threshold is not None:
        return
    people, target = gallery.reached().have, settings.target_fpir
    photos = most_people(model, settings, target)
    tracks = most_people(model, settings, target / settings.track_factor)
    most = f"photos are judged among {max(0, photos):,} at most, tracks among {max(0, tracks):,}"
    told = f"{counted(people, 'person', 'people')}; {most}"
    if people > min(photos, tracks):
        repair = f"search fewer at a time: {SITE}"
        yield Finding("threshold", told, TooManyPeople.id, repair, 1)
    elif people * 2 > min(photos, tracks):
        yield Finding("threshold", told)
