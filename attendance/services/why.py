"""Why a face was decided as it was: the numbers that were kept are decided again, and what happened since is told.

Nobody's name is told to whoever may not see that person, and nothing is changed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from attendance.access import may_see
from attendance.errors import MarkUnknown
from attendance.judge.decision import MARK_VOIDED
from attendance.judge.replay import Evidence
from attendance.judge.voting import Vote
from attendance.live.living import LIVENESS
from attendance.live.ruled import Ruled
from attendance.live.vote import VOTE
from attendance.register.marks import info_of
from enroll.naming import encoder_of
from gallery.repositories import approvals, corrections
from gallery.repositories import marks as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attendance.judge.decision import Policy, Verdict
    from attendance.register.marks import MarkInfo
    from attendance.register.sessions import SessionInfo, Sessions
    from attendance.services.reviewdesk import Groups, Item, ReviewDesk
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Approval, Correction, PersonInfo, Sighting

NOT_KEPT: Final = (
    "the threshold for a review, what each person needed more, and what was doubted were not kept at that time"
)


@dataclass(frozen=True, slots=True)
class Replay:
    """A decision decided again; ``lacks`` says what is not there to do so, else ``verdict`` is what it comes to.

    ``same`` is whether ruling, person and reasons are those that were given out. ``vote`` is how the looks at a track
    voted, ``liveness`` what the cues said of a living face. What was found only when it was to be recorded (a mark that
    was there, or was void) is no part of it.
    """

    lacks: str = ""
    evidence: Evidence | None = None
    vote: Vote | None = None
    verdict: "Verdict | None" = None
    same: bool = False
    liveness: Ruled | None = None

    @property
    def policy(self) -> "Policy | None":
        """The numbers it was decided by."""
        return None if self.evidence is None else self.evidence.policy


@dataclass(frozen=True, slots=True)
class Word:
    """Something that was said of the mark or the face afterwards: what, when, by whom and why."""

    what: str
    correction: "Correction | Approval"


@dataclass(frozen=True, slots=True)
class Why:
    """What a mark, or a face that was seen, rests on; ``item`` is None for a mark that no face made.

    ``mark`` is the mark it is about, or that rests on the face; ``words`` are in order of time.
    """

    item: "Item | None"
    replay: Replay | None
    mark: "MarkInfo | None"
    person: "PersonInfo | None"
    session: "SessionInfo | None"
    encoder: str
    words: tuple[Word, ...] = ()


class Whys:
    """What decisions rest on."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", desk: "ReviewDesk") -> None:
        self._gallery, self._sessions, self._desk = gallery, sessions, desk

    def of(self, groups: "Groups", sighting: int) -> Why:
        """Why a face was decided as it was. Raises SightingUnknown, also for what is not theirs to see."""
        with self._gallery.store.reading() as transaction:
            item = self._desk.of(groups, sighting)
            made = rows.of_sighting(transaction, sighting)
            mark = info_of(made[-1]) if made else None
            return self._why(transaction, groups, item, mark)

    def of_mark(self, groups: "Groups", mark: str) -> Why:
        """Why there is a mark. Raises MarkUnknown, also for what is not theirs to see."""
        with self._gallery.store.reading() as transaction:
            found = rows.by_id(transaction, mark)
            if found is None or self._seen(groups, found.person) is None:
                raise MarkUnknown(mark, "there is no mark of this id")
            item = None if found.sighting is None else self._desk.of(groups, found.sighting)
            return self._why(transaction, groups, item, info_of(found))

    def _seen(self, groups: "Groups", person: int) -> "PersonInfo | None":
        who = self._gallery.find(person)
        return who if may_see(groups, who) else None

    def _why(self, transaction: "Transaction", groups: "Groups", item: "Item | None", mark: "MarkInfo | None") -> Why:
        seen = None if item is None else item.review.sighting
        where = mark.session if mark is not None else None if seen is None else seen.session
        person = item.person if mark is None and item is not None else None
        return Why(
            item=item,
            replay=None if seen is None else replayed(seen),
            mark=mark,
            person=person if mark is None else self._seen(groups, mark.person),
            session=None if where is None else self._sessions.numbered(where),
            encoder="" if seen is None else encoder_of(seen.pipeline),
            words=_words(transaction, seen, mark),
        )


def replayed(seen: "Sighting") -> Replay:
    """Decide again what was kept of a face."""
    if not seen.judged:
        return Replay(NOT_KEPT)
    told = {key: value for key, value in seen.judged.items() if key not in {VOTE, LIVENESS}}
    kept = seen.judged.get(LIVENESS)
    evidence, liveness = Evidence.from_dict(told), None if kept is None else Ruled.from_dict(kept)
    if evidence is None or (kept is not None and liveness is None):
        return Replay("the numbers were kept in a form that this version does not know")
    vote = Vote.from_dict(seen.judged[VOTE]) if VOTE in seen.judged else None
    verdict = evidence.verdict() if vote is None else vote.settled(evidence.verdict())
    if liveness is None or kept is None:
        return Replay("", evidence, vote, verdict, _is_same(verdict, seen))
    verdict = liveness.settled(verdict)
    same = _is_same(verdict, seen) and liveness.ruling == kept["ruling"]
    return Replay("", evidence, vote, verdict, same, liveness)


def _is_same(verdict: "Verdict", seen: "Sighting") -> bool:
    reasons = tuple(each for each in seen.reasons if each != MARK_VOIDED)
    ruling = "present" if seen.ruling == "already" or reasons != seen.reasons else seen.ruling
    keys = [each.key for each in seen.candidates]
    best = None if verdict.best is None else verdict.best.person
    return (verdict.ruling, verdict.reasons, best) == (ruling, reasons, keys[0] if keys else None)


_SAID: Final = {
    "void": "declared wrong",
    "restore": "made to count again",
    "confirm": "confirmed",
    "reassign": "given to somebody else",
    "dismiss": "found to be nobody who is marked",
}


def _words(transaction: "Transaction", seen: "Sighting | None", mark: "MarkInfo | None") -> tuple[Word, ...]:
    marks = [] if mark is None else [mark.id]
    number = [] if seen is None or seen.id is None else [seen.id]
    said: Sequence[Correction] = corrections.about(transaction, marks, number)
    found = [Word(_said(each), each) for each in said]
    found += [
        Word("approved" if each.granted else "not approved", each)
        for each in approvals.of_marks(transaction, marks).values()
    ]
    return tuple(sorted(found, key=lambda each: each.correction.at))


def _said(word: "Correction") -> str:
    if word.kind == "restore" and word.sighting is not None:
        return "opened again"
    return _SAID.get(word.kind, word.kind)
