"""What cues of liveness say becomes sentences: every code of every cue has one, with what was measured."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import attendance.liveness
from attendance.liveness import saying
from attendance.liveness.planar import Compared
from attendance.register.cues import CUES, NOTE, NUMBERS, RULINGS, WAYS, WORDS, sentence, told

HERE = Path(attendance.liveness.__file__).parent
UNKNOWN = "no words for"
BAD = re.compile(r"\b(fake|fraud|cheat|spoof|attack|impost)", re.IGNORECASE)


def strings(node: ast.expr, names: dict[str, str]) -> Iterator[str]:
    """The codes that an argument may be: a literal, a constant's name, either side of a condition."""
    match node:
        case ast.Constant(value=str(code)):
            yield code
        case ast.Name(id=name) if name in names:
            yield names[name]
        case ast.IfExp(body=body, orelse=other):
            yield from strings(body, names)
            yield from strings(other, names)


def constants(tree: ast.Module) -> dict[str, str]:
    """The module's constants that are strings."""
    found = [each for each in tree.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
    return {each.target.id: each.value.value for each in found
            if isinstance(each.target, ast.Name) and isinstance(each.value, ast.Constant)
            and isinstance(each.value.value, str)}  # fmt: skip


def cue_of(tree: ast.Module) -> str:
    """The id of the cue that a module holds, "" where it holds none."""
    names = constants(tree)
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=ast.Name(id="id"), value=ast.expr() as value):
                return next(strings(value, names), "")
            case ast.Assign(targets=[ast.Name(id="id")], value=value):
                return next(strings(value, names), "")
    return names.get("ID", "")


def said_in(tree: ast.Module) -> Iterator[str]:
    """Every code that a module's cue can say."""
    names = {**constants(ast.parse((HERE / "saying.py").read_text(encoding="utf-8"))), **constants(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = {"silent": 0, "Said": 2}.get(node.func.id)
            if place is not None and len(node.args) > place:
                yield from strings(node.args[place], names)
    if cue := cue_of(tree):  # and what it hands on before it is said
        yield from (code for code in constants(tree).values() if code != cue and re.fullmatch("[a-z_]+", code))
        returned = [each.value for each in ast.walk(tree) if isinstance(each, ast.Return) and each.value is not None]
        yield from (code for value in returned for code in strings(value, names) if "_" in code)


TREES = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.py"))}
CODES = sorted({(cue_of(tree), code) for tree in TREES.values() for code in said_in(tree)})


def test_the_walk_finds_the_codes():
    """Those that are written out, behind a constant's name and in a condition are among them."""
    assert {("planar", "bent_sheet"), ("planar", saying.NO_MOTION), ("repeats", "loop"), ("", "cue_failed"),
            ("surround", "stands_beside_face")} <= set(CODES)  # fmt: skip


@pytest.mark.parametrize(("cue", "code"), CODES)
def test_every_code_has_a_sentence(cue, code):
    """Nobody reads a code, and every cue says what it looks at."""
    assert UNKNOWN not in sentence(cue, code, {})
    assert not cue or cue in CUES


def test_every_number_is_named():
    """What a cue measures is told by what it is."""
    keys = {key.value for name, tree in TREES.items() if cue_of(tree)
            for node in ast.walk(tree) if isinstance(node, ast.Dict)
            for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}  # fmt: skip
    compared = {each.name for each in fields(Compared)}
    assert set() == (keys | compared) - NUMBERS.keys() - set(WAYS.values())


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
    assert "It turned as a flat picture does: its curve moved by 0.20" in said.cues[0].sentence
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


def test_evidence_of_another_form_is_no_error():
    """What is lacking is told as not known: it could not be told, and it was not asked."""
    assert (RULINGS["unsure"], ()) == (told({}).sentence, told({}).cues)
