"""Following a gallery: after whatever happens there, an index that followed equals one that is read from scratch."""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select, update

from gallery import Gallery, GalleryIndex, TemplateAltered, open_database
from gallery.repositories import changes, consents
from gallery.schema import Person, Template
from gallery.search import follower
from gallery.sitetables import TemplateChange

AT = datetime(2026, 3, 2, tzinfo=UTC)
PLANS = ("exact", "exact8")
OLD, NEW = "old", "new"


def unit(values) -> np.ndarray:
    return (values / np.linalg.norm(values)).astype(np.float32)


def told(index: GalleryIndex) -> list[tuple[int, int]]:
    """Template and person of each row."""
    return [] if index._index is None else sorted(zip(*map(np.ndarray.tolist, index._index.owners), strict=True))


class FollowsWhateverHappens(RuleBasedStateMachine):
    """Two programs change a gallery in every way that there is; followers of each plan are as if they began now."""

    def __init__(self, homes) -> None:
        super().__init__()
        self.homes = homes

    @initialize(seed=st.integers(0, 1000))
    def open(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        home = self.homes.new(filled=True)
        self.stores = [open_database(home), open_database(home)]
        self.galleries = [Gallery(store, NEW) for store in self.stores]
        self.former = Gallery(self.stores[1], OLD)
        self.indices = [GalleryIndex(self.galleries[0], plan=plan) for plan in PLANS]
        self.count = 0

    def _people(self) -> list[int]:
        return [each.id for each in self.galleries[0].people(active=None)]

    def _pick(self) -> int:
        return int(self.chance.choice(self._people()))

    def _enrol(self, gallery: Gallery, name: str, **more) -> None:
        self.count += 1
        digest = hashlib.sha256(bytes([self.count])).hexdigest()
        given = {"quality": {}, "source": "x", "source_sha256": digest, "at": AT, "by": "t"}
        gallery.enroll(name, unit(self.chance.normal(size=6)), 0.25, **given, **more)

    @rule(former=st.booleans(), replace=st.booleans(), program=st.integers(0, 1))
    def enrol_somebody(self, former: bool, replace: bool, program: int) -> None:
        known = [each.name for each in self.galleries[0].people()]
        again = known and self.chance.random() < 0.5
        name = str(self.chance.choice(known)) if again else f"p{self.count}"
        self._enrol(self.former if former else self.galleries[program], name, replace=replace)

    @precondition(lambda self: self._people())
    @rule(program=st.integers(0, 1))
    def remove(self, program: int) -> None:
        self.galleries[program].remove(self._pick(), at=AT, by="t")

    @precondition(lambda self: len(self._people()) > 1)
    @rule(program=st.integers(0, 1))
    def merge(self, program: int) -> None:
        source, into = (int(each) for each in self.chance.choice(self._people(), 2, replace=False))
        self.galleries[program].merge(source, into, at=AT, by="t")

    @precondition(lambda self: self._people())
    @rule(program=st.integers(0, 1), active=st.booleans())
    def leave_or_return(self, program: int, active: bool) -> None:
        self.galleries[program].set_active(self._pick(), active, at=AT, by="t")

    @precondition(lambda self: self._people())
    @rule(program=st.integers(0, 1))
    def drop_a_template(self, program: int) -> None:
        person = self._pick()
        for each in self.galleries[program].templates_of(person)[:1]:
            self.galleries[program].drop_template(person, each.id, at=AT, by="t")

    @precondition(lambda self: self._people())
    @rule()
    def withdraw(self) -> None:
        with self.stores[1].atomic() as transaction:
            consents.drop_face(transaction, self._pick(), AT)
            self.stores[1].bump(transaction)

    @rule()
    def adopt_the_former(self) -> None:
        self.galleries[1].adopt(OLD, NEW, at=AT, by="t")

    @rule(which=st.sampled_from([OLD, NEW]))
    def drop_a_pipeline(self, which: str) -> None:
        self.galleries[1].drop_pipeline(which, at=AT, by="t")

    @rule()
    def rotate_the_key(self) -> None:
        self.galleries[1].vault.rotate(at=AT, by="t")

    @precondition(lambda self: self._people())
    @rule()
    def change_it_without_a_word(self) -> None:
        with self.stores[1].atomic() as transaction:
            transaction.execute(update(Person).values(active=Person.active), {"active": True})
            transaction.execute(delete(Template).where(Template.person_id == self._pick()))
            self.stores[1].bump(transaction)

    @precondition(lambda self: self._people())
    @rule()
    def undo_a_step(self) -> None:
        with suppress(ZeroDivisionError), self.stores[1].atomic():
            self._enrol(self.galleries[1], "nobody")
            raise ZeroDivisionError

    @rule()
    def forget_old_changes(self) -> None:
        with self.stores[1].atomic() as transaction:
            transaction.execute(delete(TemplateChange).where(TemplateChange.seq < changes.last(transaction)))

    @rule()
    def look(self) -> None:
        for index in self.indices:
            index.refresh()

    @invariant()
    def followers_are_as_if_they_began_now(self) -> None:
        if self.chance.random() < 0.4:  # so that several changes come between two looks
            return
        probe = unit(self.chance.normal(size=6))[np.newaxis]
        scratch = GalleryIndex(self.galleries[1], plan="exact")
        scratch.refresh()
        expected = scratch.search(probe, [0.1], people=4)
        for index in self.indices:
            index.refresh()
            assert told(scratch) == told(index)
            assert expected == index.search(probe, [0.1], people=4)
            assert scratch.size() == index.size() == len(index.people())
            assert not index.refresh()

    def teardown(self) -> None:
        for store in self.stores:
            store.close()


def test_whatever_happens_is_followed(homes):
    """After any history, by two programs and either engine, followers equal an index read from scratch."""
    run_state_machine_as_test(
        lambda: FollowsWhateverHappens(homes),
        settings=settings(max_examples=8, stateful_step_count=20, deadline=None),
    )


def _noted(store) -> list[int | None]:
    with store.reading() as transaction:
        return list(transaction.scalars(select(TemplateChange.person_id).order_by(TemplateChange.seq)))


def test_one_person_more_is_one_row_to_read(store, enrol, monkeypatch):
    """Of whoever did not change nothing is compared or opened, and a change that is no template's costs nothing."""
    gallery = Gallery(store, "e")
    for seed in range(6):
        enrol(gallery, f"p{seed}", seed)
    index = GalleryIndex(gallery)
    index.refresh()
    asked = []
    among = follower.templates.owners_among
    monkeypatch.setattr(
        follower.templates, "owners_among", lambda t, p, people: asked.append(people) or among(t, p, people)
    )
    monkeypatch.setattr(follower.templates, "owner_arrays", None)
    person = enrol(Gallery(store, "e"), "new", 9).person.id
    index.refresh()
    gallery.rename("new", "New", at=AT, by="t")

    assert (True, 7, [{person}, set()]) == (index.refresh(), index.size(), asked)


def test_a_step_that_says_nothing_is_everybodys(store, enrol):
    """Templates that go, or somebody who becomes inactive, past what tells of it: told of as everybody's."""
    gallery = Gallery(store, "e")
    first, second = (enrol(gallery, f"p{seed}", seed).person.id for seed in range(2))
    with store.atomic() as transaction:
        transaction.execute(delete(Template).where(Template.person_id == first))
    with store.atomic() as transaction:
        transaction.get(Person, second).active = False
    with store.atomic() as transaction:
        transaction.get(Person, second).note = "moved"

    assert [first, second, None, None] == _noted(store)


def test_each_change_says_whose_it_is(store, enrol, now):
    """Who is enrolled, merged, set inactive, or loses a template, is named by the step; a new key changes nobody."""
    gallery = Gallery(store, "e")
    ada, bob, cyd = (enrol(gallery, name, seed).person.id for seed, name in enumerate(("Ada", "Bob", "Cyd")))
    known = len(_noted(store))
    gallery.set_active("Cyd", False, at=now, by="t")
    gallery.merge("Bob", "Ada", at=now, by="t")
    gallery.drop_template("Ada", 1, at=now, by="t")
    gallery.vault.rotate(at=now, by="t")
    gallery.remove("Cyd", at=now, by="t")

    said = _noted(store)[known:]
    assert cyd == said[0]
    assert {ada, bob, cyd} == set(said)
    assert None not in said


def test_changes_that_are_gone_are_not_guessed(store):
    """Whoever comes from before the first that is left, or after the last, or with too many, must read everything."""
    with store.atomic() as transaction:
        before = changes.since(transaction, 0, 10)
        for person in (5, 6, 7, 6):
            changes.note(transaction, [person])
        last = changes.last(transaction)
        asked = [changes.since(transaction, last - back, 10) for back in range(5)]
        beyond = changes.since(transaction, last + 1, 10), changes.since(transaction, last - 4, 3)
        transaction.execute(delete(TemplateChange).where(TemplateChange.seq == last - 3))
        late = changes.since(transaction, last - 4, 10), changes.since(transaction, last - 3, 10)
        changes.note(transaction, None)

        assert set() == before
        assert [set(), {6}, {6, 7}, {6, 7}, {5, 6, 7}] == asked
        assert ((None, None), (None, {6, 7})) == (beyond, late)
        assert changes.since(transaction, last, 10) is None
        assert [None] == list(
            transaction.scalars(select(TemplateChange.person_id).where(TemplateChange.seq == last + 1))
        )


def test_old_changes_go(store, monkeypatch):
    """As many as are kept stay, the latest."""
    monkeypatch.setattr(changes, "KEPT", 3)
    with store.atomic() as transaction:
        for person in range(8):
            changes.note(transaction, [person])
        gone = changes.forget_old(transaction)

    assert (5, [5, 6, 7]) == (gone, _noted(store))


def test_very_many_at_once_are_everybody(store, monkeypatch):
    """A step that changes more people than is worth listing says that it is everybody's."""
    monkeypatch.setattr(changes, "_MANY", 2)
    with store.atomic() as transaction:
        changes.note(transaction, {1, 2})
        changes.note(transaction, {1, 2, 3})

    assert [1, 2, None] == _noted(store)


def test_what_does_not_open_is_remembered_while_others_change(store, enrol):
    """A lenient index names an altered template until its person is mended, whatever comes in between."""
    gallery = Gallery(store, "e")
    for seed in range(3):
        enrol(gallery, f"p{seed}", seed)
    with store.atomic() as transaction:
        row = transaction.get(Template, 2)
        row.vector = row.vector[:-1] + bytes([row.vector[-1] ^ 1])
        store.bump(transaction)
    index = GalleryIndex(gallery, strict=False)
    index.refresh()
    enrol(gallery, "late", 8)
    index.refresh()
    between = index.altered, index.size()
    gallery.remove("p1", at=AT, by="t")
    index.refresh()

    assert (((2,), 3), ((), 3)) == (between, (index.altered, index.size()))


def test_a_strict_follower_is_as_before_where_something_does_not_open(store, enrol, vector):
    """A template that does not open stops the look with its number, each time; who was there is found as before."""
    gallery = Gallery(store, "e")
    enrol(gallery, "Ada", 1)
    index = GalleryIndex(gallery)
    index.refresh()
    enrol(gallery, "Bob", 2)
    with store.atomic() as transaction:
        row = transaction.get(Template, 2)
        row.vector = row.vector[:-1] + bytes([row.vector[-1] ^ 1])
    for _ in range(2):
        with pytest.raises(TemplateAltered, match="do not open: 2"):
            index.refresh()

    assert (1, 1) == (index.size(), index.search(vector(1)[np.newaxis], [0.1])[0][0].person_id)


def test_galleries_are_read_in_parts(store, enrol, vector, monkeypatch):
    """However many parts it is read in, everybody is in the index, and so it is when very many come at once."""
    monkeypatch.setattr("gallery.repositories.templates.A_PART", 3)
    monkeypatch.setattr(follower, "FOLLOWED", 4)
    gallery = Gallery(store, "e")
    for seed in range(8):
        enrol(gallery, f"p{seed}", seed)
    index = GalleryIndex(gallery)
    index.refresh()
    first = index.size()
    for seed in range(8, 16):
        enrol(gallery, f"p{seed}", seed)
    index.refresh()

    assert (8, 16, 16) == (first, index.size(), len(gallery.load().ids))
    assert list(range(1, 17)) == [index.search(vector(n)[np.newaxis], [0.1])[0][0].person_id for n in range(16)]
