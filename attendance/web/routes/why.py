"""Why: what a decision or a mark rests on, in words that anybody can follow, and decided once more."""

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from attendance.access import Visitor
from attendance.web.asked import Number
from attendance.web.doors import EvidenceLook
from attendance.web.pages import page
from attendance.web.routes.review import reasons_of, scale_of
from attendance.web.site import site_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attendance.services.reviewdesk import Item
    from attendance.services.why import Replay, Why

router = APIRouter(include_in_schema=False)

RULINGS: Final = {
    "present": "recognised and marked",
    "already": "recognised; a mark was there already",
    "review": "shown to somebody, who has to look before anybody is marked",
    "unknown": "taken for nobody enrolled",
    "refused": "not judged at all, as the picture of the face is not good enough",
}
"""What a ruling means, in words."""
METHODS: Final = {
    "manual": "entered by hand",
    "pin": "made by a PIN",
    "qr": "made by a QR code",
    "badge": "made by a badge",
    "device": "taken over from another device",
}
Check = tuple[bool, str]
"""Whether something a mark needs was met, and what that was."""


@router.get("/why/mark/{mark}")
def of_mark(request: Request, who: EvidenceLook, mark: Annotated[str, Path(max_length=64)]) -> Response:
    """Why there is this mark."""
    return _looked(request, who, site_of(request).app.whys.of_mark(who.groups, mark))


@router.get("/why/{number}")
def of_sighting(request: Request, who: EvidenceLook, number: Number) -> Response:
    """Why a face was decided as it was."""
    return _looked(request, who, site_of(request).app.whys.of(who.groups, number))


def _looked(request: Request, who: EvidenceLook, why: "Why") -> Response:
    """The page, once it stands in the log that somebody looks."""
    site_of(request).app.looks.at_why(who.actor, why)
    return _page(request, who, why)


def _page(request: Request, who: Visitor, why: "Why") -> Response:
    item = why.item
    drawn: dict[str, Any] = {"scale": None, "reasons": [], "checks": [], "strangers": None, "seen": None}
    if item is not None and why.replay is not None:
        seen = item.review.sighting
        drawn = {
            "scale": scale_of(item),
            "reasons": reasons_of(item) if seen.ruling == "review" else [],
            "checks": [*checks(item, why.replay)],
            "strangers": one_in(seen.target_fpir),
            "seen": seen,
        }
    return page(
        request, who, "why/why.html",
        why=why, item=item, replay=why.replay, mark=why.mark, rulings=RULINGS, methods=METHODS,
        site=site_of(request), living=why.living, **drawn,
    )  # fmt: skip


def checks(item: "Item", replay: "Replay") -> "Iterator[Check]":
    """What a mark needs, one after the other, and whether it was met."""
    seen, policy = item.review.sighting, replay.policy
    if seen.ruling == "refused" or seen.score is None:
        return
    if seen.threshold is not None:
        met = seen.score >= seen.threshold
        yield (
            met,
            f"The face scores {seen.score:.3f} with the likest person; a mark needs at least {seen.threshold:.3f}.",
        )
    if seen.margin is None:
        yield True, "Nobody else is enrolled with whom it could be mixed up."
    else:
        least = "" if policy is None else f"; it needs to be {policy.margin:.3f} at least"
        met = "small_lead" not in seen.reasons
        yield met, f"The likest person is ahead of the second by {seen.margin:.3f}{least}."
    if replay.evidence is not None and replay.evidence.alike:
        met = "look_alike" not in seen.reasons
        yield met, "Some of those compared are remembered as hard to tell apart; the lead over them has to be clear."
    if replay.evidence is not None and replay.evidence.beside:
        met = "person_taken" not in seen.reasons
        yield met, "More than one face of the picture was like the same person; only the better one may be them."
    if replay.vote is not None and not replay.vote.switched:
        vote = replay.vote
        told = f"Of {vote.kept} looks at the face kept, {vote.agree} agreed on the person by themselves"
        yield vote.enough, f"{told}; at least {vote.needed} have to, and more than half."
    if replay.vote is not None and replay.vote.switched:
        yield False, "The camera followed the face without a gap, and it turned into somebody else's on the way."


def one_in(share: float | None) -> int | None:
    """Of how many strangers at most one may be taken for somebody; None where that is not known."""
    return None if not share else round(1 / share)
