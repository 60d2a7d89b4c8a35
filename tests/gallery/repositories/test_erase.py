"""Removing and merging: nothing of a removed person stays in any file, nothing of a merged one is lost."""
# ruff: noqa: PT012  what is refused is a step of several statements

import random
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select

from gallery import Conflict, Gallery, GalleryIndex, PersonUnknown, Store, TemplateAltered, history, record
from gallery.repositories.events import MARK_ADDED
from gallery.schema import Crop, Group, LookalikeRow, MarkRow, Membership, SessionRow, Template

NAME, REF, NOTE = "Zoë Unmistakable", "E-4711-unmistakable", "a note found nowhere else"


@pytest.fixture
def day(store, now) -> int:
    """A session to mark people in."""
    return _session(store, now, "first")


def _session(store: Store, now, name: str) -> int:
    with store.atomic() as session:
        row = SessionRow(name=name, kind="named", opens=now, zone="UTC")
        session.add(row)
        session.flush()
        return row.id


def _mark(store: Store, person: int, session_id: int, at, evidence=None, **more) -> str:
    with store.atomic() as session:
        row = MarkRow(person_id=person, session_id=session_id, at=at, how="file", evidence=evidence or {}, **more)
        session.add(row)
        session.flush()
        record(session, at=at, by="t", action=MARK_ADDED, subject=row.id)
        return row.id


def _marks(store: Store) -> dict[str, MarkRow]:
    with store.reading() as session:
        return {mark.id: mark for mark in session.scalars(select(MarkRow))}


def _candidates(*people) -> list[dict]:
    return [{"id": p.external_id, "name": p.name, "score": 0.2} for p in people]


def _everywhere(home) -> bytes:
    """The bytes of every file of the home but the key."""
    return b"".join(path.read_bytes() for path in sorted(home.iterdir()) if path.name != "key")


def test_nothing_of_a_removed_person_is_left(home, store, enrol, now, day):
    """After removal no row and no byte of any file holds name, id, note, template or crop."""
    gallery = Gallery(store, "e")
    others = [enrol(gallery, f"other {n}", n, crop=bytes([n]) * 3000).person for n in range(30)]
    gone = enrol(
        gallery,
        NAME,
        100,
        external_id=REF,
        groups=["their own group"],
        note=NOTE,
        crop=b"c" * 5000,
        source=f"{NAME}.jpg",
    )
    enrol(gallery, NAME, 101, external_id=REF)
    gallery.remember_lookalike(REF, others[0].id, 0.4, at=now, by="t")
    _mark(store, gone.person.id, day, now, {"candidates": _candidates(gone.person, others[0]), "person": {"id": REF}})
    witness = _mark(store, others[0].id, day, now, {"candidates": _candidates(others[0], gone.person)})
    with store.reading() as session:
        sealed = [*session.scalars(select(Template.vector).where(Template.person_id == gone.person.id))]
        sealed += session.scalars(select(Crop.picture).where(Crop.template_id == gone.template_id)).all()
    needles = [
        NAME.encode(),
        b"Unmistakable",
        REF.encode(),
        NOTE.encode(),
        b"their own group",
        *(s[1:29] for s in sealed),
    ]
    before = _everywhere(home)
    told = gallery.remove(NAME, at=now, by="t")
    after = _everywhere(home)

    assert all(needle in before for needle in needles)
    assert [] == [needle for needle in needles if needle in after]
    assert (2, 1, True) == (told.templates, told.marks, told.erased)
    assert _candidates(others[0]) == _marks(store)[witness].evidence["candidates"]
    assert ([], 30, []) == (gallery.lookalikes(), len(gallery.people()), gallery.verify())
    with pytest.raises(PersonUnknown):
        gallery.find(REF)


@pytest.mark.parametrize("seed", range(2))
def test_many_removals_leave_nothing(home, store, enrol, now, seed):
    """Enrolled and removed in random order, with pages splitting and joining: no byte of anybody removed stays."""
    gallery, chance = Gallery(store, "e"), random.Random(seed)  # noqa: S311
    names = {}
    for number in range(60):
        name = f"person-{chance.getrandbits(64):016x}"
        names[name] = enrol(
            gallery, name, number, note="n" * chance.randrange(400), crop=chance.randbytes(chance.randrange(6000))
        )
    with store.reading() as session:
        sealed = {row.person_id: row.vector[1:29] for row in session.scalars(select(Template))}
    gone = chance.sample(sorted(names), 30)
    for name in gone:
        gallery.remove(name, at=now, by="t")
    after = _everywhere(home)

    assert [] == [name for name in gone if name.encode() in after or sealed[names[name].person.id] in after]
    assert all(name.encode() in after for name in names if name not in gone)


def test_removing_needs_no_key(home, store, enrol, now):
    """Somebody can be removed when the key is lost or a template is altered."""
    enrol(Gallery(store, "e"), "Ada", 1)
    (home / "key").unlink()
    gallery = Gallery(store, "e")
    gallery.remove("Ada", at=now, by="t")

    assert [] == gallery.people()


def test_the_log_is_emptied_as_soon_as_readers_allow(home, enrol, now):
    """While another program reads an older state the log stays and is told of; the next start empties it."""
    with (
        Store.open(home, busy_timeout_s=0.1) as store,
        closing(sqlite3.connect(store.path, isolation_level=None)) as reader,
    ):
        gallery = Gallery(store, "e")
        enrol(gallery, NAME, 1)
        enrol(gallery, "other", 2)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM person").fetchone()
        told = gallery.remove(NAME, at=now, by="t")
        problems = [problem.id for problem in gallery.verify()]
        present = NAME.encode() in _everywhere(home)
    with Store.open(home) as later:
        after = Gallery(later, "e").verify()

    assert (False, ["gallery.erasure_pending"], True) == (told.erased, problems, present)
    assert ([], False) == (after, NAME.encode() in _everywhere(home))


def test_a_removal_taken_back_removes_nothing(store, enrol, now):
    """A removal inside a step that fails is taken back with it."""
    gallery = Gallery(store, "e")
    enrol(gallery, "Ada", 1)
    with pytest.raises(ZeroDivisionError), store.atomic():
        gallery.remove("Ada", at=now, by="t")
        _ = 1 / 0

    assert (["Ada"], []) == ([p.name for p in gallery.people()], gallery.verify())


def test_the_removed_persons_id_is_not_reused(store, enrol, now):
    """Somebody enrolled after a removal gets a new internal id, so the log stays true."""
    gallery = Gallery(store, "e")
    first = enrol(gallery, "Ada", 1).person
    gallery.remove("Ada", at=now, by="t")

    assert first.id < enrol(gallery, "Bob", 2).person.id


def test_only_the_persons_own_entries_leave_the_evidence(store, enrol, now, day):
    """A namesake with another id stays among the candidates."""
    gallery = Gallery(store, "e")
    ada, namesake, bob = (
        enrol(gallery, n, s, external_id=i).person for n, s, i in (("Ada", 1, "A"), ("Ada", 2, "B"), ("Bob", 3, "C"))
    )
    mark = _mark(
        store, bob.id, day, now, {"candidates": _candidates(bob, ada, namesake), "best": {"id": "A", "name": "Ada"}}
    )
    gallery.remove("A", at=now, by="t")

    assert {"candidates": _candidates(bob, namesake), "best": None} == _marks(store)[mark].evidence


def test_renaming_reaches_the_evidence(store, enrol, now, day):
    """After a new name, evidence shows it, so that a later removal finds everything."""
    gallery = Gallery(store, "e")
    ada, bob = enrol(gallery, "Ada", 1).person, enrol(gallery, "Bob", 2).person
    mark = _mark(store, bob.id, day, now, {"candidates": _candidates(bob, ada)})
    ada = gallery.rename("Ada", "Ada King", at=now, by="t")

    assert _candidates(bob, ada) == _marks(store)[mark].evidence["candidates"]


# Merging


def test_merging_gives_everything_to_one(store, enrol, now, day):
    """Templates, crops, groups, marks and look-alikes of both are the one's; the other is gone."""
    gallery = Gallery(store, "e")
    ada = enrol(gallery, "Ada", 1, groups=["a", "both"], crop=b"one").person
    twin = enrol(gallery, "Ada L.", 2, groups=["b", "both"], crop=b"two").person
    bob = enrol(gallery, "Bob", 3).person
    gallery.remember_lookalike(twin.id, bob.id, 0.4, at=now, by="t")
    gallery.remember_lookalike(twin.id, ada.id, 0.5, at=now, by="t")
    own = _mark(store, twin.id, day, now, {"candidates": _candidates(twin, bob)})
    merged = gallery.merge("Ada L.", "Ada", at=now, by="t")

    assert (2, ("a", "b", "both")) == (merged.templates, merged.groups)
    assert ([b"one", b"two"], (ada.id,)) == (
        [gallery.crop(1), gallery.crop(2)],
        tuple(set(gallery.load().people[:2].tolist())),
    )
    assert [(ada.id, bob.id)] == [(pair.first_id, pair.second_id) for pair in gallery.lookalikes()]
    assert (ada.id, _candidates(ada, bob)) == (_marks(store)[own].person_id, _marks(store)[own].evidence["candidates"])
    assert (["Ada", "Bob"], []) == ([p.name for p in gallery.people()], gallery.verify())


@pytest.mark.parametrize(
    ("early", "voided", "kept"),
    [("source", None, "source"), ("into", None, "into"), ("source", "source", "into"), ("into", "into", "source")],
)
def test_of_two_marks_in_a_session_one_stays(store, enrol, now, day, early, voided, kept):
    """Where both were marked, the mark that counts stays, and of two that count the earlier one."""
    gallery = Gallery(store, "e")
    people = {"into": enrol(gallery, "Ada", 1).person.id, "source": enrol(gallery, "Ada L.", 2).person.id}
    void = {"voided_at": now, "void_reason": "wrong", "voided_by": "t"}
    marks = {
        who: _mark(store, person, day, now + timedelta(minutes=who != early), **(void if who == voided else {}))
        for who, person in people.items()
    }
    gallery.merge("Ada L.", "Ada", at=now, by="t")
    left = _marks(store)

    assert {marks[kept]: people["into"]} == {mark.id: mark.person_id for mark in left.values()}


def test_the_same_photo_of_both_is_kept_once(store, enrol, now):
    """Two people enrolled from one photo become one person with one template."""
    gallery = Gallery(store, "e")
    enrol(gallery, "Ada", 1)
    enrol(gallery, "Ada L.", 1)

    assert 1 == gallery.merge("Ada L.", "Ada", at=now, by="t").templates
    assert [] == gallery.verify()


def test_merging_covers_every_encoder(store, enrol, now):
    """Templates of encoders not in use move, too, and open for their new owner."""
    old, new = Gallery(store, "old"), Gallery(store, "new")
    enrol(old, "Ada", 1)
    enrol(old, "Ada L.", 2)
    new.merge("Ada L.", "Ada", at=now, by="t")

    assert ([1, 1], ()) == (old.load().people.tolist(), old.load().altered)


def test_nobody_is_merged_into_oneself(gallery, enrol, now):
    """A merge of one person is refused, and the person is still there."""
    enrol(gallery, "Ada", 1)
    with pytest.raises(Conflict):
        gallery.merge("Ada", "P-1", at=now, by="t")

    assert 1 == gallery.find("Ada").templates


def test_an_altered_template_stops_a_merge(store, enrol, now):
    """A template that does not open is not sealed anew: the merge is refused and both are as before."""
    gallery = Gallery(store, "e")
    enrol(gallery, "Ada", 1)
    enrol(gallery, "Bob", 2)
    with store.atomic() as session:
        row = session.get(Template, 2)
        row.vector = row.vector[:-1] + bytes([row.vector[-1] ^ 1])
    with pytest.raises(TemplateAltered):
        gallery.merge("Bob", "Ada", at=now, by="t")

    assert ["Ada", "Bob"] == [person.name for person in gallery.people()]


def test_the_index_follows_a_merge(store, enrol, now, vector):
    """After a merge the index finds the remaining person by the other one's face."""
    gallery = Gallery(store, "e")
    ada, _ = enrol(gallery, "Ada", 1), enrol(gallery, "Ada L.", 2)
    index = GalleryIndex(gallery)
    index.refresh()
    gallery.merge("Ada L.", "Ada", at=now, by="t")
    index.refresh()

    assert [(ada.person.id, 2)] == [(h.person_id, h.template_id) for h in index.search(vector(2)[None], [0.1])[0]]


def test_no_row_points_to_nobody(store, enrol, now):
    """After removals and merges no membership, look-alike or group is left over."""
    gallery = Gallery(store, "e")
    for seed, name in enumerate(("Ada", "Bob", "Cid")):
        enrol(gallery, name, seed, groups=[name])
    gallery.remember_lookalike("Ada", "Bob", 0.4, at=now, by="t")
    gallery.merge("Ada", "Bob", at=now, by="t")
    gallery.remove("Bob", at=now, by="t")
    gallery.remove("Cid", at=now, by="t")
    with store.reading() as session:
        left = [session.scalars(select(model)).all() for model in (Membership, LookalikeRow, Group, Template)]
        told = [event.action for event in history(session)][-3:]

    assert [[], [], [], []] == left
    assert ["person.merge", "person.remove", "person.remove"] == told
