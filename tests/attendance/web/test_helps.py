"""What pages say about a refusal is for people without a terminal."""

import pytest

import attendance.service_errors  # noqa: F401 - its classes are looked at
import enroll.errors  # noqa: F401
import gallery.errors  # noqa: F401
from attendance.errors import MarkTime, SessionUnknown
from attendance.web.helps import COMMAND, HERE, help_here, said_here, spoken, told_here
from refusal import Refusal
from refusal.tree import named

ALL = {each.id: each for each in named(Refusal) if each.__module__.split(".")[0] in {"attendance", "enroll", "gallery"}}


@pytest.mark.parametrize("known", sorted(ALL))
def test_no_page_names_a_command(known):
    """Whatever is refused, what a page advises can be done without a terminal."""
    assert None is COMMAND.search(help_here(ALL[known]))


def test_every_sentence_is_of_an_error_that_there_is():
    """No id is misspelt in the table, so that each sentence is found when it is needed."""
    assert set() == set(HERE) - set(ALL)


def test_a_refusal_is_told_in_sentences():
    """A form says what is wrong and what to do, as sentences."""
    told = told_here(SessionUnknown("Choir", "there is no session of this name"))
    assert "There is no session of this name. The page Sessions lists all of them." == told


def test_the_page_of_what_is_not_there_says_where_to_look(signed_in):
    """Who follows an old link to a session is told the page that lists them, in no command."""
    answer = signed_in().get("/sessions/99999")
    assert 404 == answer.status_code
    assert "The page Sessions lists all of them." in answer.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("there is no timetable yet: 'attendance timetable add' enters a rule", "there is no timetable yet"),
        (
            "nobody is expected (Art begins on 2 May; 'attendance timetable change' moves it)",
            "nobody is expected (Art begins on 2 May)",
        ),
        ("everybody is inactive ('attendance gallery activate PERSON')", "everybody is inactive"),
        ("but with others: see 'attendance gallery reembed'", "but with others"),
        ("a plain one, with a comma: and more", "a plain one, with a comma: and more"),
    ],
)
def test_parts_of_sentences_that_name_commands_are_left_out(text, told):
    """What a command line would add to a sentence does not stand on a page."""
    assert told == spoken(text)


@pytest.mark.parametrize("where", ["config set", "--at", "--from, --to"])
def test_what_is_wrong_begins_with_no_part_of_a_command(where):
    """Neither a command nor an option stands before what is wrong."""
    assert "12:00 has not come yet" == said_here(MarkTime(where, "12:00 has not come yet"), "/home/of/it")
