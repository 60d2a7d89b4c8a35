"""Near names: what a mistyped name may mean is offered, the likeliest first, and never taken by itself."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery import Gallery, PersonUnknown
from gallery.near import close_names, did_you_mean, folded

NAMES = ["Ada Lovelace", "Adam Smith", "Zoë Müller", "Grace Hopper", "张伟"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ada lovelace", "Ada Lovelace"),
        ("ADA  LOVELACE ", "Ada Lovelace"),
        ("Zoe Muller", "Zoë Müller"),
        (unicodedata.normalize("NFD", "zoë müller"), "Zoë Müller"),
        ("Lovelace", "Ada Lovelace"),
        ("hopper grace", "Grace Hopper"),
        ("Ada Lovelase", "Ada Lovelace"),
        ("Grcae Hopper", "Grace Hopper"),
    ],
)
def test_meant(typed, meant):
    """Case, accents, blanks, a missing part, another order and a slip of the pen lead to the name."""
    assert meant == close_names(typed, NAMES)[0]


@pytest.mark.parametrize("typed", ["", " ", "Nobody", "xyz", "\0"])
def test_nothing_near(typed):
    """Nothing is offered for what is near to nothing."""
    assert [] == close_names(typed, NAMES)


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=10))
def test_any_names(typed, names):
    """At most three are offered, all of them names, and a name itself comes first."""
    found = close_names(typed, names)
    assert len(found) <= 3
    assert set(found) <= set(names)
    if typed in names and folded(typed):
        assert folded(typed) == folded(found[0])


def test_in_words():
    """The offer ends a sentence as a question."""
    assert ["", "; did you mean A?", "; did you mean A, B or C?"] == [
        did_you_mean(x) for x in ([], ["A"], ["A", "B", "C"])
    ]


def test_people_are_offered(store, now):
    """Somebody not found is asked after by name and id, up to three, those who left among them; nobody is taken."""
    gallery = Gallery(store, "e")
    for number, name in enumerate(("Ada Lovelace", "Ada Lovelace", "Grace Hopper"), 1):
        gallery.add_person(name, at=now, by="t", external_id=f"E-{number}")
    with pytest.raises(PersonUnknown, match=r"did you mean Grace Hopper \(E-3\)\?"):
        gallery.find("grace hopper")
    with pytest.raises(PersonUnknown, match=r"did you mean Ada Lovelace \(E-1\) or Ada Lovelace \(E-2\)\?"):
        gallery.find("ada lovelace")
    with pytest.raises(PersonUnknown, match=r"did you mean Grace Hopper \(E-3\)\?"):
        gallery.find("e-3")
    with pytest.raises(PersonUnknown) as caught:
        gallery.find("Nobody")
    assert "Nobody: nobody has this id or name" == str(caught.value)


def test_many_people(monkeypatch):
    """In a gallery too large to compare letters, case and words still lead to the name."""
    from gallery import near

    monkeypatch.setattr(near, "TOO_MANY", 1)
    assert ["Ada Lovelace"] == close_names("ada lovelace", NAMES)
    assert [] == close_names("Ada Lovelase", NAMES)
