"""What a check will judge by, and what that means: how many strangers would be taken for somebody."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.judge.decision import Policy
    from attendance.judge.judging import Judge
    from attendance.scope import Scope
    from enroll.card import EncoderCard
    from gallery import Gallery


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of strangers the share ``fpir`` would be taken for somebody; as far as mere counting goes, up to ``most``.

    ``why_nobody`` tells why nobody is searched, None where somebody is.
    """

    encoder: str
    policy: "Policy"
    fpir: float
    most: float
    why_nobody: str | None


class Outlooks:
    """Tells what will be judged by before anything is."""

    def __init__(self, gallery: "Gallery", judge: "Judge", card: "Callable[[], EncoderCard]") -> None:
        self._gallery, self._judge, self._card = gallery, judge, card

    def of(self, scope: "Scope") -> Outlook:
        """The outlook of checks in this scope. Raises GroupUnknown."""
        card, policy = self._card(), self._judge.policy(scope)
        fmr = card.score_model.fmr(policy.threshold)
        fpir = 1 - (1 - fmr) ** policy.gallery_size if policy.overridden else policy.target_fpir
        most = 1 - (1 - fpir) ** (card.score_model.highest_fmr(fmr) / fmr)
        why = None if policy.gallery_size else self._why_nobody(scope.group)
        return Outlook(card.id, policy, fpir, most, why)

    def _why_nobody(self, group: str | None) -> str:
        found = self._gallery.stats()
        if group is not None and found.active:
            return f"nobody active in group {group} has a template"
        if found.people and not found.active:
            return "everybody enrolled is inactive ('attendance gallery activate PERSON')"
        others = ", ".join(found.other_encoders)
        hint = (
            f" with this encoder and detector, but with {others}: see 'attendance gallery reembed'"
            if others
            else " yet"
        )
        return f"nobody is enrolled{hint}"
