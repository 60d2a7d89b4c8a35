"""One rule says which text may be a name, in whichever package it is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll.errors import NameInvalid
from enroll.roster import clean_name
from gallery.errors import PersonInvalid
from gallery.names import clean
from refusal import usable_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Ada\u00a0Lovelace", "Ada Lovelace"),
        ("Jose\u0301", "Jos\u00e9"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("山田 太郎", "山田 太郎"),
        ("x" * 200, "x" * 200),
    ],
)
def test_a_name_is_stored_in_one_form(text, name):
    """Spaces are joined and trimmed, letters are composed, and joiners that belong to a name stay."""
    assert name == usable_name(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing visible"),
        (" \u200b ", "nothing visible"),
        ("Ada\nBob", r"U\+000A"),
        ("Ada\x00", r"U\+0000"),
        ("Ada \u202eevoL", r"U\+202E"),
        ("Ada\u2028Bob", r"U\+2028"),
        ("\ud800", r"U\+D800"),
        ("x" * 201, "201 characters, at most 200"),
    ],
)
def test_what_is_no_name_says_why(text, why):
    """Controls, what displays as another name, nothing visible and what is too long are refused with the reason."""
    with pytest.raises(ValueError, match=why):
        usable_name(text)


@given(st.text(max_size=210))
def test_all_packages_agree(text):
    """What enrolment takes for a name the gallery does, too, in the same form; what one refuses so does the other."""
    try:
        expected = usable_name(text)
    except ValueError:
        with pytest.raises(NameInvalid):
            clean_name(text)
        with pytest.raises(PersonInvalid):
            clean(text, "name")
    else:
        assert (expected, expected) == (clean_name(text), clean(text, "name"))
        assert expected == usable_name(expected)
