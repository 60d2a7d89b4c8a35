"""People: found without doubt, enrolled once, in groups, look-alikes remembered, everything told in the log."""
# ruff: noqa: PT012  what is refused is a step of several statements

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery import (
    Conflict,
    DuplicateId,
    Gallery,
    GalleryError,
    LookalikeUnknown,
    PersonAmbiguous,
    PersonInvalid,
    PersonUnknown,
    history,
)

NAMES = [
    "Ada Lovelace",
    "🙂 Smile",
    "עדה לאבלייס",
    "عمر بن الخطاب",
    "张伟",
    "O'Neil; DROP TABLE person",
    '"quoted", %_',
]


def _log(gallery: Gallery) -> list[tuple[str, str]]:
    with gallery.store.reading() as session:
        return [(event.action, event.subject) for event in history(session)]


@pytest.mark.parametrize("name", NAMES)
def test_any_script_is_a_name(gallery, enrol, name):
    """Emoji, right-to-left text and quotes are names: enrolled, found and listed as they are."""
    enrol(gallery, name, 1)

    assert name == gallery.find(name).name
    assert [name] == [person.name for person in gallery.people()]


@given(st.text(min_size=1, max_size=40))
def test_a_name_is_one_name_in_every_normal_form(name):
    """Composed or decomposed, with blanks around: what is accepted is one and the same name."""
    from gallery.names import clean

    try:
        wanted = clean(name, "name")
    except PersonInvalid:
        return

    assert {wanted} == {clean(f" {unicodedata.normalize(form, name)} ", "name") for form in ("NFC", "NFD")}


def test_a_decomposed_name_finds_the_same_person(gallery, enrol):
    """Enrolled under the composed spelling, found and enrolled again under the decomposed one."""
    enrol(gallery, "Zoë", 1)

    assert gallery.find("Zoë".replace("ë", "e\u0308")).external_id == gallery.find("Zoë").external_id
    assert "added" == enrol(gallery, "Zoe\u0308", 2).outcome


@pytest.mark.parametrize("name", ["", "  ", "\n", "a\nb", "a\x00b", "a\x1b[2J", "x" * 201, "a\u2028b"])
def test_what_is_no_name_is_refused(gallery, enrol, name):
    """Empty, too long, or with control characters: refused, for names, ids and groups."""
    for given_as in ({"name": name}, {"name": "Ada", "external_id": name}, {"name": "Ada", "groups": [name]}):
        with pytest.raises(PersonInvalid):
            enrol(gallery, given_as.pop("name"), 1, **given_as)

    assert [] == gallery.people()
    assert [] == _log(gallery)


def test_a_new_person_gets_an_id(gallery, now):
    """Without an id a person becomes P-<number>; a taken number is passed over."""
    gallery.add_person("first", at=now, by="t", external_id="P-2")
    second = gallery.add_person("second", at=now, by="t")
    third = gallery.add_person("third", at=now, by="t")

    assert ("P-2-2", "P-3") == (second.external_id, third.external_id)


def test_a_person_is_told_in_full(gallery, now):
    """What was given is what is shown."""
    person = gallery.add_person("Ada", at=now, by="t", external_id="E-17", groups=["b", "a", "b"], note="left door")

    assert person == gallery.find("E-17") == gallery.find("Ada") == gallery.find(person.id)
    assert ("E-17", "Ada", ("a", "b"), 0, now, True, "left door") == (
        person.external_id, person.name, person.groups, person.templates, person.created, person.active, person.note,
    )  # fmt: skip


def test_an_id_is_given_once(gallery, now):
    """A second person with the same id is refused and nothing is changed."""
    gallery.add_person("Ada", at=now, by="t", external_id="E-1")
    with pytest.raises(DuplicateId):
        gallery.add_person("Bob", at=now, by="t", external_id="E-1")

    assert ["Ada"] == [person.name for person in gallery.people()]


def test_an_id_goes_before_a_name(gallery, now):
    """Somebody's id is not taken for another one's name; a number given as a number is internal."""
    gallery.add_person("E-2", at=now, by="t", external_id="E-1")
    gallery.add_person("other", at=now, by="t", external_id="E-2")

    assert ("other", "E-2") == (gallery.find("E-2").name, gallery.find(1).name)


@pytest.mark.parametrize("ref", ["nobody", "1", 99, ""])
def test_nobody_is_told(gallery, enrol, ref):
    """A reference to nobody is refused, whatever is asked."""
    enrol(gallery, "Ada", 1)
    with pytest.raises(PersonUnknown):
        gallery.find(ref)


def test_namesakes_must_be_told_apart(gallery, enrol, now):
    """Of two people with one name neither is chosen: the error lists their ids, enrolling by name is refused."""
    for ref in ("E-1", "E-2"):
        gallery.add_person("Ada", at=now, by="t", external_id=ref)
    with pytest.raises(PersonAmbiguous, match="E-1, E-2"):
        gallery.find("Ada")
    with pytest.raises(PersonAmbiguous):
        enrol(gallery, "Ada", 1)

    assert "added" == enrol(gallery, "Ada", 1, external_id="E-2").outcome


# Enrolling


def test_enrolling_says_what_it_did(gallery, enrol):
    """New person, same photo, one more photo, replaced photos: each has its own outcome."""
    told = [enrol(gallery, "Ada", seed, **more) for seed, more in ((1, {}), (1, {}), (2, {}), (3, {"replace": True}))]

    assert ["enrolled", "unchanged", "added", "replaced"] == [result.outcome for result in told]
    assert [1, 1, 2, 1] == [result.person.templates for result in told]
    assert [told[-1].template_id] == gallery.load().ids.tolist()


def test_enrolling_again_changes_nothing(gallery, store, enrol):
    """The same photo again leaves generation and log as they are."""
    enrol(gallery, "Ada", 1, groups=["a"])
    before = store.generation(), _log(gallery)
    enrol(gallery, "Ada", 1, groups=["a"])

    assert before == (store.generation(), _log(gallery))


def test_an_id_decides_who_is_enrolled(gallery, enrol):
    """The same name with another id is somebody else; the same id with another name is refused."""
    first = enrol(gallery, "Ada", 1, external_id="E-1")
    second = enrol(gallery, "Ada", 2, external_id="E-2")
    with pytest.raises(DuplicateId):
        enrol(gallery, "Bob", 3, external_id="E-1")

    assert first.person.id != second.person.id
    assert 2 == len(gallery.people())


def test_enrolling_is_one_step(gallery, enrol, vector):
    """When the template is refused, the person is not there either."""
    enrol(gallery, "Ada", 1)
    before = _log(gallery)
    with pytest.raises(GalleryError):
        enrol(gallery, "Bob", vector=vector(1, 8), groups=["new"])

    assert (["Ada"], [], before) == ([p.name for p in gallery.people()], gallery.groups(), _log(gallery))


def test_replacing_spares_other_encoders(store, enrol, vector):
    """Replaced are the templates of the encoder in use alone."""
    old, new = Gallery(store, "old"), Gallery(store, "new")
    enrol(old, "Ada", 1)
    enrol(new, "Ada", 2, vector=vector(2, 8), replace=True)

    assert (1, 1) == (len(old.load().ids), len(new.load().ids))


# Groups, names, activity


def test_groups_are_lists_of_people(gallery, enrol, now):
    """Members can be listed by group, groups set anew, and a group nobody is in is gone."""
    ada = enrol(gallery, "Ada", 1, groups=["a"]).person
    bob = enrol(gallery, "Bob", 2, groups=["a", "b"]).person
    before = gallery.members("a"), gallery.members("b"), gallery.members("none")
    gallery.set_groups("Bob", ["c"], at=now, by="t")

    assert ({ada.id, bob.id}, {bob.id}, set()) == before
    assert (["a", "c"], {ada.id}) == (gallery.groups(), gallery.members("a"))
    assert ["Bob"] == [person.name for person in gallery.people("c")]


def test_renaming_keeps_the_ids(gallery, enrol, now):
    """A renamed person has the same ids and templates, and is no longer found by the old name."""
    before = enrol(gallery, "Ada", 1).person
    after = gallery.rename("Ada", " Ada King ", at=now, by="t")

    assert (before.id, before.external_id, 1, "Ada King") == (after.id, after.external_id, after.templates, after.name)
    with pytest.raises(PersonUnknown):
        gallery.find("Ada")


def test_lists_are_sorted_by_name(gallery, now):
    """Lists come by name, those who left only when asked for."""
    for name in ("b", "a", "c"):
        gallery.add_person(name, at=now, by="t")
    gallery.set_active("c", False, at=now, by="t")

    assert [["a", "b"], ["c"], ["a", "b", "c"]] == [
        [person.name for person in gallery.people(active=active)] for active in (True, False, None)
    ]


def test_a_long_list_is_as_good_as_a_short_one(gallery, now, monkeypatch):
    """Lists too long to name every id in a query carry groups and counts all the same."""
    monkeypatch.setattr("gallery.repositories.people.A_BATCH", 20)
    with gallery.store.atomic():
        for number in range(40):
            gallery.add_person(f"p{number:04d}", at=now, by="t", groups=["all"] if number % 2 else [])
    found = gallery.people()

    assert 40 == len(found)
    assert [(), ("all",)] == [person.groups for person in found[:2]]


# Look-alikes


def test_lookalikes_are_a_pair_without_order(gallery, enrol, now):
    """A remembered pair is the same either way round, its highest score counts, others are no pair."""
    for seed, name in enumerate(("Ada", "Bob", "Cid")):
        enrol(gallery, name, seed)
    gallery.remember_lookalike("Bob", "Ada", 0.3, at=now, by="t")
    gallery.remember_lookalike("Ada", "Bob", 0.35, at=now, by="t")
    gallery.remember_lookalike("Bob", "Ada", 0.32, at=now, by="t")
    gallery.remember_lookalike("Ada", "Cid", 0.4, at=now, by="t")

    assert [(1, 3, 0.4), (1, 2, 0.35)] == [(p.first_id, p.second_id, p.score) for p in gallery.lookalikes()]
    assert (True, True, False) == (
        gallery.are_lookalikes(1, 2), gallery.are_lookalikes(2, 1), gallery.are_lookalikes(2, 3),
    )  # fmt: skip


def test_nobody_looks_like_oneself(gallery, enrol, now):
    """A pair of one person is refused."""
    enrol(gallery, "Ada", 1)
    with pytest.raises(Conflict):
        gallery.remember_lookalike("Ada", "Ada", 0.3, at=now, by="t")


@pytest.fixture
def trio(gallery, enrol, now):
    """Ada looks like Bob (0.3) and like Cid (0.2)."""
    for seed, name in enumerate(("Ada", "Bob", "Cid")):
        enrol(gallery, name, seed)
    gallery.remember_lookalike("Ada", "Bob", 0.3, at=now, by="t")
    gallery.remember_lookalike("Ada", "Cid", 0.2, at=now, by="t")
    return gallery


def test_a_cleared_pair_is_forgotten(trio, now):
    """Clearing forgets this pair alone, whichever is named first, and hands out what was remembered."""
    gone = trio.clear_lookalike("Bob", "Ada", at=now, by="t")
    assert (1, 2, 0.3, now) == (gone.first_id, gone.second_id, gone.score, gone.created)
    assert [(1, 3)] == [(pair.first_id, pair.second_id) for pair in trio.lookalikes()]
    with pytest.raises(LookalikeUnknown, match="Ada, Bob: these two are not remembered"):
        trio.clear_lookalike("Ada", "Bob", at=now, by="t")


@pytest.mark.parametrize(("score", "remembered"), [(0.2, False), (0.3, False), (0.3005, False), (0.31, True)])
def test_a_cleared_pair_stays_cleared_until_it_comes_closer(trio, now, score, remembered):
    """The score at which somebody looked brings the pair not back, a clearly higher one does."""
    trio.clear_lookalike("Ada", "Bob", at=now, by="t")
    assert remembered is trio.remember_lookalike("Bob", "Ada", score, at=now, by="t")
    assert remembered is trio.are_lookalikes(1, 2)


def test_every_clearing_counts(trio, now):
    """A pair that came closer and was cleared again is remembered from the second score on."""
    trio.clear_lookalike("Ada", "Bob", at=now, by="t")
    trio.remember_lookalike("Ada", "Bob", 0.4, at=now, by="t")
    trio.clear_lookalike("Ada", "Bob", at=now, by="t")
    assert not trio.remember_lookalike("Ada", "Bob", 0.35, at=now, by="t")
    assert trio.remember_lookalike("Ada", "Bob", 0.45, at=now, by="t")


def test_clearing_is_told_and_raises_the_generation(trio, store, now):
    """The log says who cleared which pair at which score, and programs that run notice."""
    before = store.generation()
    trio.clear_lookalike("Ada", "Bob", at=now, by="somebody")
    with store.reading() as session:
        (event,) = history(session, action="lookalike.clear")
    assert ("somebody", now, "1", {"other": 2, "score": 0.3}) == (event.by, event.at, event.subject, event.details)
    assert store.generation() > before


# The log


def test_every_change_is_told_without_names(gallery, enrol, now):
    """Each change leaves one event with who and when; no event holds a name, an id people use, or a file name."""
    enrol(gallery, "Ada Secret", 1, external_id="E-17", groups=["Sekte"], source="Ada Secret.jpg", note="private")
    enrol(gallery, "Bob Secret", 2, external_id="E-18")
    gallery.rename("E-17", "Ada King Secret", at=now, by="t")
    gallery.set_groups("E-17", ["Secret group"], at=now, by="t")
    gallery.set_active("E-18", False, at=now, by="t")
    gallery.remember_lookalike("E-17", "E-18", 0.3, at=now, by="t")
    gallery.add_person("Cid Secret", at=now, by="t", external_id="E-19")
    gallery.merge("E-18", "E-17", at=now, by="t")
    gallery.remove("E-17", at=now, by="t")
    with gallery.store.reading() as session:
        found = history(session)
    actions = "enroll enroll rename groups active lookalike.add add merge remove".split()  # noqa: SIM905

    assert [a if "." in a else f"person.{a}" for a in actions] == [event.action for event in found]
    assert {("tester", now), ("t", now)} == {(event.by, event.at) for event in found}
    assert not any(word in str(found) for word in ("Secret", "E-1", "Sekte", "jpg", "private"))
    assert list(range(1, 10)) == [event.seq for event in found]


def test_changes_raise_the_generation(gallery, store, enrol, now):
    """Every change of people, templates or groups raises the generation; reading does not."""
    steps = [
        lambda: enrol(gallery, "Ada", 1),
        lambda: enrol(gallery, "Bob", 2),
        lambda: gallery.add_person("Cid", at=now, by="t"),
        lambda: gallery.rename("Cid", "Dan", at=now, by="t"),
        lambda: gallery.set_groups("Dan", ["x"], at=now, by="t"),
        lambda: gallery.set_active("Dan", False, at=now, by="t"),
        lambda: gallery.merge("Dan", "Bob", at=now, by="t"),
        lambda: gallery.remove("Bob", at=now, by="t"),
    ]
    seen = [store.generation()]
    for step in steps:
        step()
        seen.append(store.generation())
        gallery.people(), gallery.stats(), gallery.verify(), gallery.load()
        assert seen[-1] == store.generation()

    assert sorted(set(seen)) == seen


def test_several_changes_can_be_one(gallery, store, now):
    """Inside store.atomic() several calls happen together or not at all."""
    with pytest.raises(DuplicateId), store.atomic():
        gallery.add_person("Ada", at=now, by="t", external_id="E-1")
        gallery.add_person("Bob", at=now, by="t", external_id="E-1")

    assert ([], []) == (gallery.people(active=None), _log(gallery))


def test_one_photo_goes_and_the_others_stay(gallery, enrol, now):
    """A template that is taken away is out of the gallery and out of the file; one of somebody else stays."""
    first = enrol(gallery, "Ada", 1, crop=b"a crop that is kept")
    second = enrol(gallery, "Ada", 2)
    other = enrol(gallery, "Alan", 3)
    before = gallery.store.generation()

    assert not gallery.drop_template(first.person.id, other.template_id, at=now, by="tests")
    assert gallery.drop_template(first.person.id, first.template_id, at=now, by="tests")
    assert not gallery.drop_template(first.person.id, first.template_id, at=now, by="tests")
    assert [second.template_id] == [each.id for each in gallery.templates_of(first.person.id)]
    assert [other.template_id] == [each.id for each in gallery.templates_of(other.person.id)]
    assert None is gallery.crop(first.template_id)
    assert before < gallery.store.generation()
    assert ("template.remove", str(first.person.id)) in _log(gallery)
    assert None is gallery.store.unerased()
    assert [] == gallery.verify()
