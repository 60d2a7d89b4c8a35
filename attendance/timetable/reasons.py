"""Why a status is what it is: a code for programs, and a sentence for people."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Reason(StrEnum):
    """The codes, in the order in which a row tells them."""

    NOT_OVER = "not_over"
    NOT_LOOKED = "not_looked"
    GAP = "gap"
    UNRECOGNISABLE = "unrecognisable"
    AWAITS_APPROVAL = "awaits_approval"
    TIME_UNKNOWN = "time_unknown"
    OVERLAP = "overlap"
    BRIDGED = "bridged"
    OUT_BEFORE_IN = "out_before_in"
    NO_CHECKIN = "no_checkin"
    NO_CHECKOUT = "no_checkout"
    AUTO_CLOSED = "auto_closed"
    TOO_SHORT = "too_short"
    HALF_DAY = "half_day"
    EXCUSED_BUT_THERE = "excused_but_there"
    PARTLY_EXCUSED = "partly_excused"
    PARTLY_AWAY = "partly_away"


REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NOT_OVER: "It is not over, so that marks to come can still change this.",
        Reason.NOT_LOOKED: "Nobody looked: no camera, device or person covers that time.",
        Reason.GAP: "Somebody looked, but not all the time that it takes to say that a person was not there.",
        Reason.UNRECOGNISABLE: "Somebody looked, but before the person was enrolled and could be recognised.",
        Reason.AWAITS_APPROVAL: "A mark or an excuse awaits approval and does not count until then.",
        Reason.TIME_UNKNOWN: "A mark says that the person was there on that day, but not when.",
        Reason.OVERLAP: "Times of the timetable overlap, and a mark counts for each of them.",
        Reason.BRIDGED: "The person checked in to one time and out of a later one, so they were there all through.",
        Reason.OUT_BEFORE_IN: "The person checked out before they checked in; perhaps two clocks disagree.",
        Reason.NO_CHECKIN: "The person checked out, but a check-in is missing.",
        Reason.NO_CHECKOUT: "The person checked in, but a check-out is missing, so these hours do not count.",
        Reason.AUTO_CLOSED: "Nobody checked out: closed at the planned end; the hours count once they are marked out.",
        Reason.TOO_SHORT: "The person was there for less than it takes not to be absent.",
        Reason.HALF_DAY: "The person was there for less than it takes to be there for the whole time.",
        Reason.EXCUSED_BUT_THERE: "The person was excused for the whole time, and came all the same.",
        Reason.PARTLY_EXCUSED: "The person was excused for a part; late and early are measured by what is left.",
        Reason.PARTLY_AWAY: "The person belonged for a part only; late and early are measured by that part.",
    }
)
"""What each code means, in one sentence."""

_PLACE = {reason: place for place, reason in enumerate(Reason)}


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Each of them once, in the order of the codes."""
    return tuple(sorted(set(reasons), key=_PLACE.__getitem__))
