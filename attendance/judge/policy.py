"""The numbers to judge by, from the score model, the size of the gallery and the wanted rate of false alarms."""

from typing import TYPE_CHECKING, Final

from attendance.errors import TooManyPeople
from attendance.judge.decision import Policy
from attendance.settings import Settings

if TYPE_CHECKING:
    from enroll.card import ScoreModel

MOST_FPIR: Final = 0.999


def policy_for(
    model: "ScoreModel",
    settings: Settings,
    gallery_size: int,
    *,
    track: bool = False,
    target_fpir: float | None = None,
) -> Policy:
    """Thresholds from the score model for a gallery of this size, or shifted to the one set by hand.

    The model knows the average pair of strangers. Of two people enrolled, one may happen to look like somebody who
    passes every day, before the same camera; of four hundred the average holds. Hence `guard_people` more.

    A `track` needs the threshold of `target_fpir` divided by `track_factor`, and goes before a person from where a
    photo would: strangers before one camera resemble each other by the camera, and the same ones come again.
    ``target_fpir`` is that of the place, where it has one of its own.

    Raises TooManyPeople where the model says nothing of so low a rate; a threshold set by hand needs no model.
    """
    wanted_fpir = settings.target_fpir if target_fpir is None else target_fpir
    target = wanted_fpir / (settings.track_factor if track else 1.0)
    if settings.match_threshold is None:
        _refuse_beyond(most_people(model, settings, target), gallery_size, target)
    return _policy(model, settings, gallery_size, target, wanted_fpir)


def most_people(model: "ScoreModel", settings: Settings, target: float) -> int:
    """How many people may be searched at a target, that of a track being lower than a photo's."""
    return model.most_people(target) - settings.guard_people


def _refuse_beyond(most: int, gallery_size: int, target: float) -> None:
    if gallery_size > most:
        told = f"{gallery_size:,} people are searched, and the encoder's card tells a threshold for {max(0, most):,}"
        raise TooManyPeople("threshold", f"{told} at most where {100 * target:.3g} % of strangers may pass")


def _policy(model: "ScoreModel", settings: Settings, gallery_size: int, target: float, wanted_fpir: float) -> Policy:
    searched = gallery_size + settings.guard_people
    threshold = model.threshold(searched, target)
    review = model.threshold(searched, min(MOST_FPIR, settings.review_factor * wanted_fpir))
    wanted = threshold if settings.match_threshold is None else settings.match_threshold
    return Policy(
        threshold=wanted,
        review_threshold=min(wanted, review + wanted - threshold),
        margin=settings.margin,
        target_fpir=target,
        gallery_size=gallery_size,
        overridden=settings.match_threshold is not None,
        lookalike_margin=settings.lookalike_margin,
    )


def own_threshold(model: "ScoreModel", settings: Settings, gallery_size: int, templates: int) -> float:
    """The score that a further photo of a person needs against the best of their templates; as a 1:n comparison.

    "Is this whom it is filed under?" is as many comparisons as the person has templates, however many people are
    enrolled: one other person's photo in 1 / `target_fpir` passes. A threshold set by hand shifts it, and it never
    lies above the review threshold. Galleries too large to be searched are not too large for this.
    """
    policy = _policy(model, settings, gallery_size, settings.target_fpir, settings.target_fpir)
    computed = model.threshold(gallery_size + settings.guard_people, settings.target_fpir)
    own = model.threshold(templates, settings.target_fpir) + policy.threshold - computed
    return min(policy.review_threshold, own)
