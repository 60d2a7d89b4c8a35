"""The base of all errors: a class is whole when it is made, a refusal is one line, and the tree can be walked."""

# ruff: noqa: N818  the base says "error"; the names say which one

import importlib
import inspect
import pickle
import re
import subprocess
import sys

import pytest

import refusal
from refusal import Refusal, counted, drawn, members, named, one_line, sentence

HELP = {"thing.broken": "Mend it.", "thing.lost": "Look for it."}


class ThingError(Refusal, helps=HELP, exit_code=2):
    """The thing cannot be used."""


class ThingBroken(ThingError, id="thing.broken"):
    """The thing is broken."""


class ThingLost(ThingError, id="thing.lost", exit_code=3):
    """The thing is lost."""


class ThingStolen(ThingLost):
    """The thing is lost for good."""

    id = "thing.stolen"
    help = "Ask for it."


def test_a_class_has_what_it_was_given():
    """Id and help come from the class's own words and the tree's table, the exit code from above unless given."""
    facts = [(kind.id, kind.exit_code, kind.help) for kind in (ThingBroken, ThingLost, ThingStolen)]
    assert [("thing.broken", 2, "Mend it."), ("thing.lost", 3, "Look for it."), ("thing.stolen", 3, "Ask for it.")] == (
        facts
    )


def test_an_id_without_help_is_no_class():
    """A class whose id has no row in the table, nor a help in its body, is refused when it is made."""
    with pytest.raises(TypeError, match=r"there is no help for thing\.unheard"):
        type("Unheard", (ThingError,), {}, id="thing.unheard")
    with pytest.raises(TypeError, match=r"there is no help for thing\.unheard"):
        type("Unheard", (ThingError,), {"id": "thing.unheard"})


@pytest.mark.parametrize("facts", [{"help": "Do it."}, {"id": "thing", "help": "Do it."}, {"id": "a.B", "help": "Do."}])
def test_a_help_needs_an_id_of_its_own(facts):
    """A class with a help but no id of the form `word.word` is refused when it is made, below a whole class as well."""
    for base in (ThingError, ThingBroken):
        with pytest.raises(TypeError, match=r"an id such as photo\.truncated was expected"):
            type("Nameless", (base,), facts)


def test_an_id_is_given_once():
    """A second class with an id that is taken is refused when it is made; the same class loaded anew is not."""
    with pytest.raises(TypeError, match=r"thing\.lost is the id of .*ThingLost"):
        type("Doubled", (ThingError,), {}, id="thing.lost")
    again = type("ThingLost", (ThingError,), {"__module__": __name__}, id="thing.lost")
    assert "thing.lost" == again.id


def test_a_misspelt_fact_is_no_class():
    """A class that is given a fact of another name is refused when it is made, by type checkers as well."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'idd'"):
        type("Misspelt", (ThingError,), {}, idd="thing.lost")


@pytest.mark.parametrize("code", [0, 5, 130])
def test_an_exit_code_is_one_of_the_list(code):
    """An exit code that docs/errors.md does not name is refused when the class is made."""
    with pytest.raises(TypeError, match="an exit code from 1 to 4 was expected"):
        type("Odd", (ThingError,), {}, exit_code=code)


def test_a_family_is_not_raised():
    """A class that has no id cannot be raised in place of one of its members."""
    with pytest.raises(TypeError, match="ThingError is a family"):
        ThingError("here", "something")


def test_a_refusal_is_one_line():
    """Whatever where and detail hold, the text is one line, and what would command a terminal is shown escaped."""
    lost = ThingLost("a\nb\x1b[2J\udce4", " it  is\ngone ")
    assert "a b\\x1b[2J\\udce4: it is gone" == str(lost)
    assert "error[thing.lost] a b\\x1b[2J\\udce4: it is gone. Look for it." == lost.line
    assert lost.detail == one_line(lost.detail)


@pytest.mark.parametrize(("text", "told"), [("a", "a."), ("a.", "a."), ("a?", "a?"), ("a? .,", "a?"), ("a…", "a…")])
def test_a_sentence_ends_once(text, told):
    """A text gets one full stop; a question, a call and an ellipsis keep their own mark."""
    assert told == sentence(text)


def test_a_refusal_travels_between_processes():
    """A refusal survives pickling with its class, place, detail and notes."""
    lost = ThingLost("here", "gone")
    lost.add_note("seen at noon")
    there = pickle.loads(pickle.dumps(lost))  # noqa: S301
    assert (ThingLost, "here", "gone", ["seen at noon"]) == (type(there), there.where, there.detail, there.__notes__)


def test_the_tree_is_walked_and_drawn():
    """All classes with an id are found once, sorted by id; the drawing shows which stands below which."""
    kinds = [ThingBroken, ThingLost, ThingStolen]
    assert [ThingLost, ThingStolen] == list(members(ThingLost))
    assert kinds == [kind for kind in named(ThingError, ThingLost) if kind in kinds]
    assert [
        f"{'ThingLost':<32} thing.lost",
        f"{'└── ThingStolen':<32} thing.stolen",
    ] == drawn(ThingLost)


TREES = pytest.mark.parametrize("tree", ["attendance", "enroll", "gallery", "train"])


@TREES
def test_every_error_of_the_packages_is_whole(tree):
    """Each class that nothing stands below has an id of its own and a docstring, and each help of the table is used."""
    module = importlib.import_module(f"{tree}.errors")
    kinds = [kind for kind in vars(module).values() if inspect.isclass(kind) and kind.__module__ == module.__name__]
    assert len(kinds) > 10
    assert [] == [kind for kind in kinds if not kind.__subclasses__() and "id" not in vars(kind)]
    assert [] == [kind for kind in kinds if not issubclass(kind, Refusal) or not kind.__doc__]
    assert set() == set(module.HELP) - {kind.id for kind in kinds if "id" in vars(kind)}


@TREES
def test_every_error_of_the_packages_travels(tree):
    """Each error that is made of where and detail says the same beyond a process border, its help included."""
    kinds = [kind for kind in vars(importlib.import_module(f"{tree}.errors")).values() if inspect.isclass(kind)]
    plain = [kind for kind in kinds if hasattr(kind, "id") and kind.__init__ is Refusal.__init__]
    assert len(plain) > 10
    for kind in plain:
        error = kind("a  b.jpg", "it is\nso")
        there = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (kind, "a b.jpg", "it is so", error.line) == (type(there), there.where, there.detail, there.line)


def test_public_names_are_exact_and_cheap():
    """The package gives out the names it lists, each documented, and loads no other package for them."""
    assert sorted(refusal.__all__) == refusal.__all__
    assert [] == [name for name in refusal.__all__ if not inspect.getdoc(getattr(refusal, name))]
    code = "import refusal, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert [] == re.findall(r"\b(?:attendance|enroll|gallery|train|numpy)\b", loaded)


@pytest.mark.parametrize(
    ("number", "words", "told"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (2, ("row",), "2 rows"),
        (1, ("entry", "entries"), "1 entry"),
        (12_345, ("entry", "entries"), "12,345 entries"),
    ],
)
def test_one_is_told_as_one(number, words, told):
    """How many there are is told as people say it: one of it in the singular, any other number in the plural."""
    assert told == counted(number, *words)
