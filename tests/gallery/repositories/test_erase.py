"""Removing and merging: nothing of a removed person stays in any file, nothing of a merged one is lost."""
# ruff: noqa: PT012  what is refused is a step of several statements

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from servers import contents
from sqlalchemy import select, text

from gallery import (
    Conflict,
    Database,
    Gallery,
    GalleryIndex,
    PersonUnknown,
    TemplateAltered,
    history,
    open_database,
    record,
)
from gallery.repositories import (
    accounts,
    aliases,
    answers,
    approvals,
    calendar,
    corrections,
    coverage,
    credentials,
    deliveries,
    excuses,
    foreign_ids,
    groups,
    jobs,
    marks,
    months,
    news,
    receivers,
    rules,
    sightings,
)
from gallery.repositories.events import MARK_ADDED, MARK_VOIDED, SIGHTING_DISMISSED, SIGHTING_REASSIGNED
from gallery.schema import (
    ApprovalRow,
    Crop,
    ExcuseRow,
    ForeignId,
    Group,
    LookalikeRow,
    MarkRow,
    Membership,
    MembershipChange,
    SessionRow,
    SightingCrop,
    Template,
)
from gallery.servicetables import AnswerRow, CredentialRow
from gallery.values import ScoredKey, Sighting, StoredMark

OF_A_PERSON = (ExcuseRow, ApprovalRow, ForeignId, MarkRow, MembershipChange)
NAME, REF, NOTE = "Zoë Unmistakable", "E-4711-unmistakable", "a note found nowhere else"


@pytest.fixture
def day(store, now) -> int:
    """A session to mark people in."""
    return _session(store, now, "first")


def _session(store: Database, now, name: str) -> int:
    with store.atomic() as session:
        row = SessionRow(name=name, kind="named", opens=now, zone="UTC")
        session.add(row)
        session.flush()
        return row.id


def _mark(store: Database, person: int, session_id: int, at, candidates=(), *, void=False, source="x") -> str:
    """A mark by face, compared with these people; with its events."""
    with store.atomic() as session:
        seen = Sighting(at, "file", source, "present", "e", session=session_id, person=person)
        seen = replace(seen, candidates=tuple(ScoredKey(each.id, 0.2, 0.2) for each in candidates))
        (number,) = sightings.add(session, [seen])
        made = marks.add(session, person, session_id, at=at, entered=at, by="t", method="face", sighting=number)
        record(session, at=at, by="t", action=MARK_ADDED, subject=made.id)
        if void:
            corrections.add(session, "void", mark=made.id, at=at, by="t", reason="wrong")
            record(session, at=at, by="t", action=MARK_VOIDED, subject=made.id)
        return made.id


def _review(store: Database, gallery: Gallery, person: int, session_id: int, at, face: bytes = b"") -> int:
    """A review that names the person, with the face kept."""
    with store.atomic() as session:
        (number,) = sightings.add(session, [Sighting(at, "camera", "door", "review", "e", session_id, person)])
        sightings.keep_crops(session, gallery.sealer, {number: face or b"face"})
        return number


def _marks(store: Database, session_id: int) -> dict[str, StoredMark]:
    with store.reading() as session:
        return {mark.id: mark for mark in marks.of_session(session, session_id)}


def _candidates(store: Database, mark: str) -> list[str | None]:
    """How those are called now with whom the face of a mark was compared; None for who is gone."""
    with store.reading() as session:
        seen = sightings.by_id(session, marks.by_id(session, mark).sighting)
        names = aliases.called(session, [each.key for each in seen.candidates])
    return [names[each.key].name if each.key in names else None for each in seen.candidates]


def _everywhere(home) -> bytes:
    """The bytes of every file of the home but the key, and of every row on a server."""
    return b"".join(contents(home).values())


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
    _mark(store, gone.person.id, day, now, [gone.person, others[0]], source=f"/photos/{NAME}.jpg", void=True)
    witness = _mark(store, others[0].id, day, now, [others[0], gone.person])
    review = _review(store, gallery, gone.person.id, day, now, b"f" * 5000)
    with store.atomic() as session:
        corrections.add(session, "dismiss", sighting=review, at=now, by="t", reason=f"{NAME} was not there")
        record(session, at=now, by="t", action=SIGHTING_DISMISSED, subject=review)
    gallery.rename(REF, f"{NAME} again", at=now, by="t")
    with store.reading() as session:
        sealed = [*session.scalars(select(Template.vector).where(Template.person_id == gone.person.id))]
        sealed += session.scalars(select(Crop.picture).where(Crop.template_id == gone.template_id)).all()
        sealed += session.scalars(select(SightingCrop.picture)).all()
    needles = [
        NAME.encode(),
        b"Unmistakable",
        REF.encode(),
        NOTE.encode(),
        b"their own group",
        *(s[1:29] for s in sealed),
    ]
    before = _everywhere(home)
    told = gallery.remove(REF, at=now, by="t")
    after = _everywhere(home)

    assert all(needle in before for needle in needles)
    assert [] == [needle for needle in needles if needle in after]
    assert (2, 1, True) == (told.templates, told.marks, told.erased)
    assert [others[0].name, None] == _candidates(store, witness)
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


@pytest.mark.sqlite_only("its write-ahead log is a file of the home")
def test_the_log_is_emptied_as_soon_as_readers_allow(home, enrol, now):
    """While another program reads an older state the log stays and is told of; the next start empties it."""
    with (
        open_database(home, busy_timeout_s=0.1) as store,
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
    with open_database(home) as later:
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


def test_a_removed_person_is_a_number_to_others(store, enrol, now, day):
    """Records of others keep the number of who is gone; a namesake is still called by name."""
    gallery = Gallery(store, "e")
    ada, namesake, bob = (
        enrol(gallery, n, s, external_id=i).person for n, s, i in (("Ada", 1, "A"), ("Ada", 2, "B"), ("Bob", 3, "C"))
    )
    mark = _mark(store, bob.id, day, now, [bob, ada, namesake])
    gallery.remove("A", at=now, by="t")

    assert ["Bob", None, "Ada"] == _candidates(store, mark)


def test_a_mark_outlives_the_sighting_of_another(store, enrol, now, day):
    """Where a face taken for Ada was said to be Bob's, Bob's mark stays when Ada is removed, and what was said, too."""
    gallery = Gallery(store, "e")
    ada, bob = enrol(gallery, "Ada", 1).person, enrol(gallery, "Bob", 2).person
    review = _review(store, gallery, ada.id, day, now)
    with store.atomic() as session:
        corrections.add(session, "reassign", sighting=review, person=bob.id, at=now, by="t", reason="r")
        record(session, at=now, by="t", action=SIGHTING_REASSIGNED, subject=review)
        mark = marks.add(session, bob.id, day, at=now, entered=now, by="t", method="face", sighting=review)
        record(session, at=now, by="t", action=MARK_ADDED, subject=mark.id)
    sound = gallery.verify()
    gallery.remove("Ada", at=now, by="t")

    assert ([], None, []) == (sound, _marks(store, day)[mark.id].sighting, gallery.verify())


def test_what_was_said_outlives_whom_it_was_said_of(store, enrol, now, day):
    """Where a face was said to be Bob's and Bob is removed, somebody has looked at it all the same."""
    gallery = Gallery(store, "e")
    ada, bob = enrol(gallery, "Ada", 1).person, enrol(gallery, "Bob", 2).person
    review = _review(store, gallery, ada.id, day, now)
    with store.atomic() as session:
        corrections.add(session, "reassign", sighting=review, person=bob.id, at=now, by="t", reason="r")
        record(session, at=now, by="t", action=SIGHTING_REASSIGNED, subject=review)
    gallery.remove("Bob", at=now, by="t")
    with store.reading() as session:
        (said,), left = corrections.of_sighting(session, review), sightings.waiting(session)

    assert ("reassign", None, []) == (said.kind, said.person, left)


def test_a_new_name_is_shown_and_written_nowhere(store, enrol, now, day):
    """After a new name the records call the person so; none of them was touched."""
    gallery = Gallery(store, "e")
    ada, bob = enrol(gallery, "Ada", 1).person, enrol(gallery, "Bob", 2).person
    mark = _mark(store, bob.id, day, now, [bob, ada])
    with store.reading() as session:
        before = session.execute(text("SELECT * FROM sighting")).all()
    gallery.rename("Ada", "Ada King", at=now, by="t")
    with store.reading() as session:
        after = session.execute(text("SELECT * FROM sighting")).all()

    assert (["Bob", "Ada King"], before) == (_candidates(store, mark), after)


def test_what_was_decided_of_somebody_goes_with_them(home, store, enrol, now, decided):
    """Excuses, approvals, own rules, memberships and ids elsewhere of who is removed leave no row and no byte."""
    gallery = Gallery(store, "e")
    ada = enrol(gallery, "Ada", 1).person
    bob = enrol(gallery, "Bob", 2, groups=["7b"]).person
    decided.decide(gallery, ada.id, now, called=NAME)
    sound, before = gallery.verify(), _everywhere(home)
    gallery.remove(ada.id, at=now, by="t")
    after = _everywhere(home)
    with store.reading() as view:
        left = [view.scalars(select(table)).all() for table in OF_A_PERSON]
        kept = [each.name for each in rules.all_rules(view)], len(calendar.entries(view, withdrawn=True))
        kept += len(months.history(view)), [each.group for each in coverage.within(view, now, now + timedelta(1))]

    assert [] == sound == gallery.verify()
    assert all(text.encode() in before for text in (decided.TEXT, NAME))
    assert decided.TEXT.encode() not in after
    assert [[]] * len(OF_A_PERSON) == left
    assert ([f"{NAME} of the class"], 2, 2, ["7b"]) == kept, "what is for a class or for all stays"
    assert ("7b",) == gallery.find(bob.id).groups


def test_what_the_service_keeps_of_somebody_goes_with_them(home, store, enrol, now, served):
    """Credentials, news, deliveries and answers of who is removed leave no row and no byte; the rest stays."""
    gallery = Gallery(store, "e")
    ada, bob = (enrol(gallery, name, seed, groups=["7b"]).person.id for seed, name in enumerate(("Ada", "Bob")))
    served.serve(gallery, ada, now, group="7b", called="first")
    served.serve(gallery, bob, now, group="7b", called="second")
    with store.reading() as view:
        sealed = view.scalars(select(AnswerRow.body).where(AnswerRow.person_id == ada)).one()
    needles = [sealed[1:29], b"first q", b"first b", b"mark of first"]
    before = _everywhere(home)
    gallery.remove(ada, at=now, by="t")
    after = _everywhere(home)
    with store.reading() as view:
        assert [set(), {bob}] == [
            set(view.scalars(select(CredentialRow.person_id))) - {bob},
            set(view.scalars(select(AnswerRow.person_id))),
        ]
        assert {bob, None} >= {each.person for each in news.after(view, 0)}
        assert {"mark of second"} == {each.news.subject for each in deliveries.due(view, now)}
        assert (2, 2, 2) == tuple(
            map(len, (accounts.all_accounts(view), receivers.all_receivers(view), jobs.all_jobs(view)))
        )

    assert all(needle in before for needle in needles)
    assert [] == [needle for needle in needles if needle in after]
    assert [] == gallery.verify()


def test_a_group_lives_as_long_as_a_rule_is_for_it(store, enrol, now, decided):
    """Who was the only one of a class is removed: the class stays for its rules and its holidays."""
    gallery = Gallery(store, "e")
    decided.decide(gallery, enrol(gallery, "Ada", 1).person.id, now)
    gallery.remove("Ada", at=now, by="t")
    with store.reading() as view:
        assert ["7b"] == [each.group for each in rules.all_rules(view)]
        assert [None, "7b"] == [each.group for each in calendar.entries(view, withdrawn=True)]


# Merging


def test_merging_gives_everything_to_one(store, enrol, now, day):
    """Templates, crops, groups, marks and look-alikes of both are the one's; the other is gone."""
    gallery = Gallery(store, "e")
    ada = enrol(gallery, "Ada", 1, groups=["a", "both"], crop=b"one").person
    twin = enrol(gallery, "Ada L.", 2, groups=["b", "both"], crop=b"two").person
    bob = enrol(gallery, "Bob", 3).person
    gallery.remember_lookalike(twin.id, bob.id, 0.4, at=now, by="t")
    gallery.remember_lookalike(twin.id, ada.id, 0.5, at=now, by="t")
    own = _mark(store, twin.id, day, now, [twin, bob])
    review = _review(store, gallery, twin.id, day, now)
    merged = gallery.merge("Ada L.", "Ada", at=now, by="t")

    assert (2, ("a", "b", "both")) == (merged.templates, merged.groups)
    assert ([b"one", b"two"], (ada.id,)) == (
        [gallery.crop(1), gallery.crop(2)],
        tuple(set(gallery.load().people[:2].tolist())),
    )
    assert [(ada.id, bob.id)] == [(pair.first_id, pair.second_id) for pair in gallery.lookalikes()]
    assert (ada.id, ["Ada", "Bob"]) == (_marks(store, day)[own].person, _candidates(store, own))
    with store.reading() as session:
        assert [(review, ada.id)] == [(each.id, each.person) for each in sightings.waiting(session)]
    assert (["Ada", "Bob"], []) == ([p.name for p in gallery.people()], gallery.verify())


def test_what_was_decided_of_both_is_of_one(store, enrol, now, decided):
    """Excuses with approvals and withdrawals, own rules, ids elsewhere and groups follow into the one; all is sound."""
    gallery = Gallery(store, "e")
    ada, twin = enrol(gallery, "Ada", 1).person, enrol(gallery, "Ada L.", 2).person
    decided.decide(gallery, ada.id, now, called="first")
    decided.decide(gallery, twin.id, now, group="8a", called="second")
    before = _decided(store, ada.id, twin.id)
    gallery.merge(twin.id, ada.id, at=now, by="t")
    after = _decided(store, ada.id)

    assert (6, 2, 2, 2) == tuple(len(each) for each in before)
    assert [
        {replace(each, person=ada.id) for each in before[0]},
        {replace(each, person=ada.id) for each in before[1]},
    ] == [
        set(after[0]),
        set(after[1]),
    ]
    assert before[2:] == after[2:]
    assert ("7b", "8a") == gallery.find(ada.id).groups
    assert [] == gallery.verify()
    with store.reading() as view:
        assert [(ada.id, "7b"), (ada.id, "8a")] == [(each.person, each.group) for each in groups.turns(view)]


def test_what_the_service_keeps_of_both_is_of_one(store, enrol, now, served):
    """Codes, badges, news and answers follow into the one, in their order; of two PINs that of the one stays."""
    gallery = Gallery(store, "e")
    ada, twin = (enrol(gallery, name, seed, groups=["7b"]).person.id for seed, name in enumerate(("Ada", "Ada L.")))
    served.serve(gallery, twin, now, group="7b", called="second")
    served.serve(gallery, ada, now, group="7b", called="first")
    with store.reading() as view:
        numbers = [each.id for each in news.after(view, 0)]
    gallery.merge(twin, ada, at=now, by="t")
    with store.reading() as view:
        kept = credentials.of_person(view, ada)
        assert [
            ("qr", "second q"),
            ("badge", "second b"),
            ("pin", "1002"),
            ("qr", "first q"),
            ("badge", "first b"),
        ] == [(each.kind, each.handle) for each in kept]
        assert kept == credentials.all_credentials(view)
        assert (numbers, {ada}) == (
            [each.id for each in news.of_person(view, ada)][:-1],
            {each.person for each in news.after(view, 0)},
        )
        assert 2 == answers.count_of(view, ada)
        assert ["mark of second", "mark of first", "mark of first"] == [
            each.news.subject
            for each in sorted(
                deliveries.of_receiver(view, 1) + deliveries.of_receiver(view, 2), key=lambda each: each.id
            )
        ]
        assert served.TEXT.encode() == answers.found(view, gallery.sealer, 1, "second").body
    assert [] == gallery.verify()


def test_a_pin_moves_where_there_is_none(store, enrol, now, served):
    """Who had no PIN gets in by that of whom they were merged with."""
    gallery = Gallery(store, "e")
    ada, twin = (enrol(gallery, name, seed, groups=["7b"]).person.id for seed, name in enumerate(("Ada", "Ada L.")))
    served.serve(gallery, twin, now, group="7b")
    gallery.merge(twin, ada, at=now, by="t")
    with store.reading() as view:
        assert (ada, "$argon2id$") == (
            credentials.found(view, "pin", "1001").person,
            credentials.found(view, "pin", "1001").secret,
        )


def _decided(store: Database, *people: int) -> tuple[list, list, set, set]:
    """Their excuses, own rules (without their versions, which hold JSON), ids elsewhere, and what marks await."""
    with store.reading() as view:
        own = [replace(each, versions=()) for person in people for each in rules.of_person(view, person)]
        ids = {each for person in people for each in foreign_ids.of_person(view, person)}
        waiting = {each.id for each in approvals.waiting_marks(view) if each.person in people}
        return excuses.of(view, people, withdrawn=True), own, ids, waiting


def test_marks_of_both_in_a_session_both_stay(store, enrol, now, day):
    """Where both were marked, void or not, all marks stay as they were, those of the other after the one's own."""
    gallery = Gallery(store, "e")
    ada, twin = enrol(gallery, "Ada", 1).person, enrol(gallery, "Ada L.", 2).person
    first = _mark(store, ada.id, day, now + timedelta(minutes=5), void=True)
    second = _mark(store, twin.id, day, now, void=True)
    with store.atomic() as session:
        third = marks.add(session, twin.id, day, at=now, entered=now, by="t", method="manual", unless="valid")
        record(session, at=now, by="t", action=MARK_ADDED, subject=third.id)
    before = _marks(store, day)
    gallery.merge("Ada L.", "Ada", at=now, by="t")
    after = _marks(store, day)

    assert {first: 1, second: 2, third.id: 3} == {mark.id: mark.ordinal for mark in after.values()}
    assert {key: replace(mark, person=ada.id, ordinal=1) for key, mark in before.items()} == {
        key: replace(mark, ordinal=1) for key, mark in after.items()
    }
    assert [] == gallery.verify()


def test_who_was_merged_twice_is_still_known(store, enrol, now, day):
    """Records that name somebody who was merged into somebody who was merged show who that is at last."""
    gallery = Gallery(store, "e")
    ada, twin, third, bob = (enrol(gallery, name, s).person for s, name in enumerate(("Ada", "A.", "A. L.", "Bob")))
    mark = _mark(store, bob.id, day, now, [ada, twin, third])
    gallery.merge("A. L.", "A.", at=now, by="t")
    gallery.merge("A.", "Ada", at=now, by="t")
    known = _candidates(store, mark)
    gallery.remove("Ada", at=now, by="t")

    assert (["Ada"] * 3, [None] * 3) == (known, _candidates(store, mark))


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
