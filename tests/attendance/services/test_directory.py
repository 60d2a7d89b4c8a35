"""People as a list to look through."""

import pytest

from attendance.errors import GroupUnknown
from attendance.services.directory import PAGE, Listed, folded

PEOPLE = (("José Núñez", "7a"), ("Zoë Straße", "7a"), ("Søren Łukasz", "7b"), ("O'Neill, Ada", "7b"))


@pytest.fixture
def filled(app, clock):
    for number, (name, group) in enumerate(PEOPLE, 1):
        app.gallery.add_person(name, external_id=f"S-{number}", groups=[group], at=clock.now, by="tests")
    return app.directory


def names(found) -> list[str]:
    return [each.name for each in found.people]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jose", ["José Núñez"]),
        ("NUNEZ jos", ["José Núñez"]),
        ("zoe strasse", ["Zoë Straße"]),
        ("soren lukasz", ["Søren Łukasz"]),
        ("s-4", ["O'Neill, Ada"]),
        ("jose\u0301", ["José Núñez"]),
        ("nobody", []),
        ("%", []),
    ],
)
def test_words_are_found_without_accents(filled, text, expected) -> None:
    """Every word counts, in any order, of names and ids; accents and capitals do not."""
    assert expected == names(filled.page(Listed(text)))


def test_a_page_holds_so_many_and_the_last_is_shown_beyond(app, clock) -> None:
    """Lists come in pages; who asks for one that is not there gets the last."""
    with app.store.atomic():
        for number in range(PAGE + 3):
            app.gallery.add_person(f"P {number:03}", at=clock.now, by="tests")
    found = app.directory.page(Listed(page=9))
    assert (2, 2, PAGE + 3, 3) == (found.page, found.pages, found.total, len(found.people))


def test_states_are_told_apart(app, clock, draw) -> None:
    """Active, inactive, without a photo, all."""
    app.enroll(draw("ada.png", (7,)), name="Ada")
    app.gallery.add_person("Bob", at=clock.now, by="tests")
    app.gallery.add_person("Cleo", at=clock.now, by="tests")
    app.gallery.set_active("Cleo", active=False, at=clock.now, by="tests")
    listed = {
        state: names(app.directory.page(Listed(state=state))) for state in ("active", "inactive", "no photo", "all")
    }
    assert {
        "active": ["Ada", "Bob"],
        "inactive": ["Cleo"],
        "no photo": ["Bob"],
        "all": ["Ada", "Bob", "Cleo"],
    } == listed


def test_a_face_is_shown_of_those_who_have_one(app, clock, draw) -> None:
    """Of whom no face is kept none is named."""
    ada = app.enroll(draw("ada.png", (7,)), name="Ada")
    app.gallery.add_person("Bob", at=clock.now, by="tests")
    faces = app.directory.page(Listed()).faces
    assert [ada.person.key] == list(faces)
    assert app.gallery.crop(faces[ada.person.key]) is not None


def test_who_sees_some_groups_sees_their_people_alone(filled) -> None:
    """Others are neither listed nor found, and their groups are unknown."""
    assert ["José Núñez", "Zoë Straße"] == names(filled.page(Listed(state="all"), ["7a"]))
    assert [] == names(filled.page(Listed("ada"), ["7a"]))
    assert [] == filled.alike("ada", ["7a"])
    with pytest.raises(GroupUnknown):
        filled.page(Listed(group="7b"), ["7a"])


def test_folding_is_done_once() -> None:
    """What is folded stays as it is when it is folded again."""
    for text in ("İstanbul", "ﬁ", "Ǻ", "ẞ", "ＡＢＣ", "שָׁלוֹם", "日本", "🙂"):  # noqa: RUF001 - odd letters are meant
        assert folded(text) == folded(folded(text))
