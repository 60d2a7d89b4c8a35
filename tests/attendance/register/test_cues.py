"""What cues of liveness say becomes sentences: every code of every cue has one, with what was measured."""

import ast
import re
from pathlib import Path

import pytest

import attendance.liveness
from attendance.liveness import saying
from attendance.register.cues import CUES, NOTE, NUMBERS, RULINGS, WAYS, WORDS, sentence, told

HERE = Path(attendance.liveness.__file__).parent
UNKNOWN = "no words for"
BAD = re.compile(r"\b(fake|fraud|cheat|spoof|attack|impost)", re.IGNORECASE)


def strings(tree: ast.Module) -> set[str]:
    """Every word of a module that may be a code or the name of a number: no prose, and no part of a longer text."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    found = [each for each in ast.walk(tree) if isinstance(each, ast.Constant) and id(each) not in inside]
    return {each.value for each in found if isinstance(each.value, str) and re.fullmatch("[a-z][a-z_]*", each.value)}


def cue_of(tree: ast.Module) -> str:
    """The id of the cue that a module holds, "" where it holds none."""
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=ast.Name(id="id" | "ID"), value=ast.Constant(value=str(name))):
                return name
            case ast.Assign(targets=[ast.Name(id="id" | "ID")], value=ast.Constant(value=str(name))):
                return name
    return ""


def fields_of(tree: ast.Module, *classes: str) -> set[str]:
    """The fields of these classes of a module."""
    found = [each for each in tree.body if isinstance(each, ast.ClassDef) and each.name in classes]
    inside = [each.target for node in found for each in node.body if isinstance(each, ast.AnnAssign)]
    return {each.id for each in inside if isinstance(each, ast.Name)}


TREES = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.py"))}
CODES = sorted({(cue, word) for tree in TREES.values() if (cue := cue_of(tree)) for word in strings(tree) - {cue}})
OTHERS = {*WAYS.values(), "straight", "inf"}
"""What a person is asked to do, or is endless, is neither a code nor the name of a number."""


def test_the_walk_finds_the_codes():
    """Wherever they stand, and the numbers beside them."""
    assert {("planar", "bent_sheet"), ("planar", "parallax"), ("repeats", "loop"), ("repeats", "standing_s"),
            ("surround", "stands_beside_face")} <= set(CODES)  # fmt: skip


@pytest.mark.parametrize(("cue", "word"), CODES)
def test_every_word_of_a_cue_has_words(cue, word):
    """Nobody reads a code: each has a sentence, each number a name, and every cue says what it looks at."""
    assert word in OTHERS or word in NUMBERS or UNKNOWN not in sentence(cue, word, {})
    assert cue in CUES


@pytest.mark.parametrize("code", ["CUE_FAILED", "TOO_FEW_FRAMES", "TOO_SMALL", "TOO_DARK", "NO_MOTION"])
def test_what_every_cue_may_say_has_words(code):
    """These are said by whichever cue; too little motion has a sentence for each that says it."""
    for cue in ("planar", "surround"):
        assert UNKNOWN not in sentence(cue, getattr(saying, code), {})


def test_every_number_of_a_comparison_is_named():
    """What is measured between pictures stands under its name."""
    compared = set[str]().union(*(fields_of(tree, "Compared", "Together") for tree in TREES.values()))
    assert "nose" in compared
    assert set() == compared - NUMBERS.keys()


def test_a_challenge_is_told_as_it_was_asked():
    """The order in words, what was done of it, and when; numbers of a step by their step."""
    measured = {"order": 121.0, "tries": 2.0, "done": 1.0, "asked_1": 0.5, "turned_1": 1.75}
    assert "The turns that were asked for were not seen: left, right, left, 1 done." == sentence(
        "turns", "no_turn", measured
    )
    turns = {"score": 0.0, "quality": 0.0, "why": "no_turn", "measured": measured}
    said = told({"asked": True, "challenge": "turns", "wanted": "review", "ruling": "unsure", "cues": {"turns": turns}})
    assert ("turned after seconds, turn 1", "1.75") in said.cues[0].numbers
    assert "asked for a turn of the head" in said.asked
    unasked = told({"asked": True, "challenge": "", "wanted": "review", "ruling": "unsure", "cues": {}})
    assert "was to be asked for before a mark, and was not" in unasked.asked


def test_a_sentence_tells_what_was_measured():
    """Numbers stand in the sentence; where they were not kept, the sentence stands without."""
    assert sentence("repeats", "frozen", {"standing_s": 2.25}) == (
        "Nothing changed at all, as in a picture that stands, for 2.2 seconds."
    )
    assert sentence("repeats", "frozen", {}) == "Nothing changed at all, as in a picture that stands."
    assert sentence("surround", "too_small", {"face_px": 27.6}) == "The face was too small to tell: 28 pixels."


def test_nobody_is_called_anything():
    """No word for people accuses: neither of the sentences, nor of the names of what is looked at."""
    every = [*RULINGS.values(), NOTE, *CUES.values(), *NUMBERS.values(), *map("".join, WORDS.values())]
    assert [] == [each for each in every if BAD.search(each)]


def test_evidence_in_words():
    """The ruling, what speaks against the source, each cue with its direction, and the setting in force."""
    said = told(
        {
            "form": 1,
            "wanted": "require",
            "asked": False,
            "distrust": ["virtual_camera"],
            "ruling": "attack",
            "cues": {
                "planar": {"score": -1.0, "quality": 0.9, "why": "plane",
                           "measured": {"curve": 0.2, "nose": 0.1, "due": 1.5}},
                "surround": {"score": 0.0, "quality": 0.0, "why": "no_motion", "measured": {"blocks": 3}},
                "repeats": {"score": 0.0, "quality": 0.0, "why": "not_yet_known", "measured": {}},
            },
        }
    )  # fmt: skip
    assert "What was seen moves, or stands still, as a picture does." == said.sentence
    assert ("The pictures came from a program, not from a camera.",) == said.doubts
    assert ["against", "nothing", "nothing"] == [each.speaks for each in said.cues]
    assert (("parts of the picture that could be compared", "3"),) == said.cues[1].numbers
    assert "It moved as a flat picture does, its curve by 0.20 and its nose by 0.10 only." == said.cues[0].sentence
    assert "not yet known" in said.cues[2].sentence
    assert [
        said.sentence,
        *said.doubts,
        f"How the face turns: i{said.cues[0].sentence[1:]}",
        "What is beside the face: the face was carried too little to compare it with what is beside it.",
        f"Whether pictures come again: a{said.cues[2].sentence[1:]}",
        said.rule,
    ] == list(said.lines())
    assert "liveness = require" in said.rule


@pytest.mark.parametrize(
    ("score", "speaks", "clear"),
    [
        (0.6, "for", True),
        (0.4, "for", False),
        (-0.4, "against", False),
        (-0.6, "against", True),
        (0.0, "nothing", False),
    ],
)
def test_what_is_too_weak_for_the_ruling_is_told_so(score, speaks, clear):
    """By the bounds that were in force; where these were not kept, nothing is called weak."""
    kept = {"cues": {"planar": {"score": score, "quality": 1.0, "why": "features_move"}}}
    (said,) = told(kept | {"bounds": {"live": 0.5, "attack": 0.5, "against": 0.2}}).cues
    assert (speaks, clear) == (said.speaks, said.clear)
    assert told(kept).cues[0].clear


def test_evidence_of_another_form_is_no_error():
    """What is lacking is told as not known: it could not be told, and it was not asked."""
    assert (RULINGS["unsure"], ()) == (told({}).sentence, told({}).cues)
