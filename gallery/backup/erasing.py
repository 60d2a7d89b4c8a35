"""Erasing again, in a home that is being restored, what was erased since its backup was made."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from gallery.backup.erased import Entry
from gallery.repositories import consents, erase, erasures, events
from gallery.schema import Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gallery.ports import Database, Transaction


def erase_again(
    database: "type[Database]", transaction: "Transaction", entries: Iterable[Entry], *, at: datetime, by: str
) -> "Mapping[str, int]":
    """Erase whom and what the entries name, and remember them; how many people, templates and faces went, by kind.

    Who withdrew their consent since has said no in the restored home, too (words). Somebody else who has the same id is
    left alone: the home has two histories, and its log tells of another beginning. No id that is named is given out
    again.
    """
    told = list(entries)
    added = events.additions(transaction, {each.erasure.person_key for each in told})
    gone = dict.fromkeys(("people", "templates", "faces", "words"), 0)
    highest = 0
    for each in told:
        key = each.erasure.person_key
        there = transaction.get(Person, key) is not None
        if there and each.added is not None and added.get(key, each.added) != each.added:
            continue
        highest = max(highest, key)
        for kind, count in _erased(transaction, each.erasure, at=at, by=by).items():
            gone[kind] += count
    _go_on_after(database, transaction, highest)
    return {kind: count for kind, count in gone.items() if count}


def _erased(transaction: "Transaction", each: erasures.Erasure, *, at: datetime, by: str) -> dict[str, int]:
    person = transaction.get(Person, each.person_key)
    erasures.put(transaction, each)
    if person is None:
        return {}
    if each.what == erasures.PERSON:
        templates, _ = erase.count_of(transaction, person.id)
        erase.erase(transaction, person, at=each.at)
        return {"people": 1, "templates": templates}
    templates, faces, words = consents.drop_again(transaction, each, at=at, by=by)
    return {"templates": templates, "faces": faces, "words": words}


def _go_on_after(database: "type[Database]", transaction: "Transaction", highest: int) -> None:
    counters = database.counters(transaction)
    if highest > counters.get(Person.__tablename__, 0):
        database.set_counters(transaction, counters | {Person.__tablename__: highest})
