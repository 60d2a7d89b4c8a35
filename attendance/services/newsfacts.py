"""What a piece of news rests on, for systems outside: the mark or the decision with its numbers, no picture.

What is told are the numbers of the decision, the share of strangers taken for somebody (``target_fpir``) among them, so
that whoever acts upon it knows how sure it is. It is evidence of presence: nothing that opens a door should rest on it.
"""

from typing import TYPE_CHECKING, Any

from attendance.records import instant
from attendance.register.cues import ruling_of
from gallery.repositories import aliases, marks, sessions, sightings
from gallery.repositories import news as all_news

if TYPE_CHECKING:
    from attendance.services.newsroom import Newsroom
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.servicevalues import News
    from gallery.values import Sighting, StoredMark

OF_MARKS = frozenset({all_news.MARK_MADE, all_news.MARK_VOIDED, all_news.MARK_RESTORED})
OF_SIGHTINGS = frozenset({all_news.REVIEW_WAITING, all_news.REVIEW_SETTLED, all_news.FACE_UNKNOWN})


class NewsFacts:
    """News in full."""

    def __init__(self, gallery: "Gallery", newsroom: "Newsroom") -> None:
        self._gallery, self._newsroom = gallery, newsroom

    def told(self, item: "News") -> dict[str, Any]:
        """As `Newsroom.told`, and what it rests on under ``mark`` and ``decision``, null where that is gone."""
        told = self._newsroom.told(item)
        with self._gallery.store.reading() as transaction:
            mark = marks.by_id(transaction, item.subject) if item.kind in OF_MARKS else None
            seen = _sighting(transaction, item, mark)
            return {**told, "mark": _mark(transaction, mark), "decision": self._decision(transaction, seen)}

    def _decision(self, transaction: "Transaction", seen: "Sighting | None") -> dict[str, Any] | None:
        if seen is None:
            return None
        named = aliases.called(transaction, {seen.person} if seen.person is not None else set())
        who = None if seen.person is None else named.get(seen.person)
        return {
            "sighting": seen.id,
            "at": instant(seen.at),
            "decision": seen.ruling,
            "person": None if who is None else {"id": who.external_id, "name": who.name},
            "score": seen.score,
            "threshold": seen.threshold,
            "margin": seen.margin,
            "target_fpir": seen.target_fpir,
            "gallery_size": seen.gallery_size,
            "reasons": list(seen.reasons),
            "liveness": ruling_of(seen.judged),
        }


def _sighting(transaction: "Transaction", item: "News", mark: "StoredMark | None") -> "Sighting | None":
    if mark is not None:
        return None if mark.sighting is None else sightings.by_id(transaction, mark.sighting)
    if item.kind in OF_SIGHTINGS and item.subject.isdecimal():
        return sightings.by_id(transaction, int(item.subject))
    return None


def _mark(transaction: "Transaction", mark: "StoredMark | None") -> dict[str, Any] | None:
    if mark is None:
        return None
    session = sessions.numbered(transaction, mark.session)
    return {
        "id": mark.id,
        "session": None if session is None else session.name,
        "at": instant(mark.at) if mark.time_is_known else None,
        "method": mark.method,
        "direction": mark.direction,
        "void": mark.is_void,
    }
