"""Holds as they are stored: which keep somebody, which are over, and what becomes of them when people are merged."""

from gallery import Gallery
from gallery.repositories import holds


def _people(store, enrol) -> list[int]:
    gallery = Gallery(store, "e")
    return [enrol(gallery, name, seed).person.id for seed, name in enumerate(("Ada", "Bob"))]


def test_what_keeps_somebody(store, enrol, now):
    """A person is kept by their own holds and those of the whole home, as long as nobody has lifted them."""
    ada, bob = _people(store, enrol)
    with store.atomic() as session:
        own = holds.add(session, ada, "x", at=now, by="t")
        home = holds.add(session, None, "y", at=now, by="t")
        assert ([own, home], [home]) == (holds.on(session, ada), holds.on(session, bob))
        assert holds.Held(home=True, people=frozenset({ada})) == holds.held(session)
        holds.lift(session, home.id, at=now, by="t")
        holds.lift(session, own.id, at=now, by="u")
        assert ([], holds.NOTHING) == (holds.on(session, ada), holds.held(session))
        assert [(False, "u"), (False, "t")] == [
            (each.active, each.lifted_by) for each in holds.all_holds(session, lifted=True)
        ]
        assert [own.id] == [each.id for each in holds.of_people(session, [ada, bob])]


def test_a_hold_goes_along_in_a_merge(store, enrol, now):
    """What kept somebody keeps whom they were merged into."""
    ada, bob = _people(store, enrol)
    with store.atomic() as session:
        holds.add(session, ada, "x", at=now, by="t")
    Gallery(store, "e").merge("Ada", "Bob", at=now, by="t")
    with store.reading() as session:
        assert [bob] == [each.person for each in holds.all_holds(session)]


def test_a_lifted_hold_goes_with_the_person(store, enrol, now):
    """Of who is erased no hold is left, nor why there was one."""
    ada, _ = _people(store, enrol)
    with store.atomic() as session:
        holds.lift(session, holds.add(session, ada, "x", at=now, by="t").id, at=now, by="t")
    Gallery(store, "e").remove("Ada", at=now, by="t")
    with store.reading() as session:
        assert [] == holds.all_holds(session, lifted=True)
