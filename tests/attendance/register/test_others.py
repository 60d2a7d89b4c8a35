"""Other people are left out of what was typed about somebody, and nothing else is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.register.others import Others
from gallery.values import Named

ADA = Named("E-100", "Ada Byron")
BOB = Named("E-200", "Bob Example")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("it was Bob Example, not Ada Byron", "it was another person, not Ada Byron"),
        ("photos/bob_example-2.jpg", "photos/another person-2.jpg"),
        ("BOB\nEXAMPLE (E-200)", "another person (another person)"),
        ("E-100 beside e 200", "E-100 beside another person"),
        ("Bob's example; Bobby Examples", "Bob's example; Bobby Examples"),
        ("", ""),
        ("IMG_2002.jpg", "IMG_2002.jpg"),
    ],
)
def test_names_and_ids_are_left_out(text, left):
    """Somebody else's whole name or id goes, however it is written; the person's own stays, and other words do."""
    assert left == Others(ADA, [BOB]).left_out(text)


def test_a_name_within_the_own_name_stays_there_alone():
    """Who is called by a part of the person's name is left out where that part stands alone."""
    others = Others(ADA, [Named("E-300", "Byron"), Named("E-400", "Ada")])
    assert "Ada Byron; another person; another person" == others.left_out("Ada Byron; Byron; Ada")


def test_a_name_that_overlaps_the_own_name_goes_whole():
    """Where two names share a word, nothing of the other person's is left."""
    assert "Ada another person" == Others(ADA, [Named("E-300", "Byron Smith")]).left_out("Ada Byron Smith")


def test_names_that_overlap_are_one():
    """Two others whose names share a word go together."""
    others = Others(ADA, [Named("E-300", "Kim Lee"), Named("E-400", "Lee Park")])
    assert "with another person!" == others.left_out("with Kim Lee Park!")


def test_a_namesake_keeps_the_own_name():
    """Somebody else of the same name takes nothing away: it is the person's own, too."""
    assert "Ada Byron" == Others(ADA, [Named("E-300", "Ada Byron")]).left_out("Ada Byron")


def test_a_short_id_is_no_name():
    """An id of one or two letters stands in many a text and is left there; a name of one letter is not."""
    assert "lesson 7, another person" == Others(ADA, [Named("7", "Q")]).left_out("lesson 7, Q")


def test_every_text_of_a_value():
    """Texts within lists and objects are gone through, numbers and nothing stay."""
    value = {"note": "Bob Example", "list": [1, None, ("E-200", True)]}
    assert {"note": "another person", "list": [1, None, ["another person", True]]} == Others(ADA, [BOB]).left_out_of(
        value
    )


@pytest.mark.parametrize("name", ["李明", "Zoë Müller", "O'Brien-Łuk", "Зоя Петрова", "ǰana Strauß"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("written", [str, str.upper, str.lower])
def test_any_script(name, form, written):
    """Names of any script are found, in whichever of its forms Unicode has them, in capitals and not."""
    text = unicodedata.normalize(form, f"1 {written(name)}.jpg")
    assert "1 another person.jpg" == Others(ADA, [Named("E-300", name)]).left_out(text)


WORDS = st.text(st.sampled_from("abxyz"), min_size=1, max_size=3)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


@given(own=NAMES, others=st.lists(NAMES, max_size=4), text=st.lists(WORDS, max_size=9).map(" ".join))
def test_no_name_is_left(own, others, text):
    """Whatever the names and the text: no other person's name is left but within the person's own."""
    left = Others(Named("own-id", own), [Named("an-id", each) for each in others]).left_out(text)
    rest = f" {left.replace('another person', '|')} "
    for _ in range(rest.count(" ")):  # two of them may share the blank between
        rest = rest.replace(f" {own} ", "  ")
    assert [] == [each for each in others if f" {each} " in rest]
