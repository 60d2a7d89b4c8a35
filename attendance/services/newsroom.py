"""`Newsroom`: what has happened, as pages, programs and other systems are told of it."""

from typing import TYPE_CHECKING, Any

from attendance.records import instant
from gallery.repositories import groups as belonging
from gallery.repositories import news, people, places

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from gallery import Gallery
    from gallery.servicevalues import News
    from gallery.values import Named


class Newsroom:
    """The news of a home, in the order in which it was written."""

    def __init__(self, gallery: "Gallery") -> None:
        self._gallery = gallery

    def after(self, number: int, limit: int = 200) -> "list[News]":
        """What came after the news of this number, at most ``limit`` pieces."""
        with self._gallery.store.reading() as transaction:
            return news.after(transaction, number, limit=limit)

    def latest(self) -> int:
        """The number of the newest piece, 0 where there is none."""
        with self._gallery.store.reading() as transaction:
            return news.latest(transaction)

    def oldest(self) -> int:
        """The number of the oldest piece that is kept, 0 where there is none."""
        with self._gallery.store.reading() as transaction:
            return news.oldest(transaction)

    def told(self, item: "News") -> dict[str, Any]:
        """One piece as whoever is told of it reads it: people and places by name; null is whatever is gone."""
        return self.all_told([item])[0]

    def all_told(self, items: "Sequence[News]") -> list[dict[str, Any]]:
        """As `told`, of several."""
        with self._gallery.store.reading() as transaction:
            _, named = people.named(transaction, {each.person for each in items if each.person is not None})
            where = places.names(transaction, {each.place for each in items if each.place is not None})
        return [_told(each, named, where) for each in items]

    def wanted(self, groups: "Collection[str] | None") -> "Callable[[News], bool]":
        """Whether a piece is for one who sees the people of these groups (None: of all).

        What names a person is for whoever sees them; what names a place alone is for whoever sees its group.
        """
        if groups is None:
            return lambda _: True
        seen = frozenset(groups)
        return lambda item: self._concerns(item, seen)

    def _concerns(self, item: "News", groups: frozenset[str]) -> bool:
        if item.person is None and item.place is None:
            return False
        with self._gallery.store.reading() as transaction:
            if item.person is not None:
                return not groups.isdisjoint(belonging.of_people(transaction, [item.person]).get(item.person, ()))
            found = places.all_places(transaction)
        return any(each.id == item.place and each.group in groups for each in found)


def _told(item: "News", named: "Mapping[int, Named]", where: "Mapping[int, str]") -> dict[str, Any]:
    person = None if item.person is None else named.get(item.person)
    return {
        "id": item.id,
        "at": instant(item.at),
        "kind": item.kind,
        "subject": item.subject,
        "person": None if person is None else {"id": person.external_id, "name": person.name},
        "place": None if item.place is None else where.get(item.place),
    }
