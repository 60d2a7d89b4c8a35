"""What was found of a living face, in sentences: the ruling, the setting in force, and what each cue said.

Codes become words here and nowhere else. Nobody is called anything: a cue may err, and a stiff neck looks as a print.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

Speaks = Literal["for", "against", "nothing"]

KEPT: Final = "liveness"
"""The key under which a sighting keeps it, beside what else was judged."""
RULINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "live": "A face was seen to move as living faces do.",
        "unsure": "It could not be told that a living face was there.",
        "attack": "What was seen moves, or stands still, as a picture does.",
    }
)
NOTE: Final = "It could not be told that a living face was there."
"""The note of a mark that was made all the same."""
SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "off": "By the setting (liveness = off) this was not asked.",
        "review": "By the setting (liveness = review) what moves as a picture waits for a person; "
        "where nothing can be told, a mark is made with a note.",
        "require": "By the setting (liveness = require) only a face that is seen to live is marked; "
        "all else waits for a person.",
    }
)
DISTRUST: Final[Mapping[str, str]] = MappingProxyType(
    {"virtual_camera": "The pictures came from a program, not from a camera."}
)
SHORT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "liveness_attack": "moves as a picture",
        "liveness_unsure": "living face not told",
        "virtual_camera": "pictures of a program",
    }
)
"""Reasons of decisions in short words, for signs and tables that people read."""
ADVICE: Final = (
    "Nothing is held against anybody by this: a stiff neck or a bright window may look so, too. Compare the face with "
    'the photo, and ask the person. If they were there, "Right" marks them; if not, "A stranger" marks nobody.'
)
"""What whoever looks at such a review does."""
CUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "planar": "How the face turns",
        "surround": "What is beside the face",
        "repeats": "Whether pictures come again",
        "texture": "The grain of the picture",
        "turns": "The turn of the head",
        "challenge": "What was asked for",
        "moments": "The pictures themselves",
        "light": "The light of the screen",
        "printed": "What a small network sees",
    }
)
"""What each cue looks at."""

WORDS: Final[Mapping[tuple[str, str], tuple[str, str]]] = MappingProxyType(
    {
        ("", "too_few_frames"): ("It was in view too briefly to tell", ": {moments:.0f} pictures were looked at"),
        ("", "too_small"): ("The face was too small to tell", ": {face_px:.0f} pixels"),
        ("", "too_dark"): ("It was too dark to tell", ""),
        ("", "not_followed"): ("What is in the face could not be followed from one picture to the next", ""),
        ("", "nothing_stands"): ("Nothing in the picture stood still to compare with", ""),
        ("moments", "other_face"): ("Another face was seen in the same place meanwhile", ""),
        ("", "cue_failed"): ("This look failed, and so it has no say", ""),
        ("planar", "no_motion"): ("The face turned too little to tell", ""),
        ("planar", "between"): ("It turned, and moved neither clearly as a head nor clearly as a picture", ""),
        ("planar", "plane"): (
            "It moved as a flat picture does",
            ", its curve by {curve:.2f} and its nose by {nose:.2f} only",
        ),
        ("planar", "bent_sheet"): ("It moved as a bent sheet does", ", its nose by {nose:.2f} only"),
        ("planar", "parallax"): ("The nose moved against the rest of the face, as a head's does", ", by {nose:.2f}"),
        ("planar", "features_move"): ("Eyes or mouth moved by themselves, as in a face", ", by {features:.2f}"),
        ("planar", "blink"): ("Eyes or mouth moved by themselves for a moment, as in a blink", ""),
        ("printed", "as_a_picture"): ("It looks to the network as a picture of a face does", ": {likely:.0%} likely"),
        ("printed", "as_a_face"): (
            "It does not look to the network as a picture does, which speaks neither way",
            ": {likely:.0%} likely",
        ),
        ("printed", "other_view"): ("The picture was not as the network needs it", ""),
        ("surround", "no_motion"): ("The face was carried too little to compare it with what is beside it", ""),
        ("surround", "moves_with_face"): (
            "What is beside the face moved with it, as the rest of a print does",
            ": {share:.0%} of what could be compared",
        ),
        ("surround", "stands_beside_face"): (
            "What is beside the face did not move with it, which speaks neither way",
            ": {share:.0%} of what could be compared moved with it",
        ),
        ("repeats", "frozen"): (
            "Nothing changed at all, as in a picture that stands",
            ", for {standing_s:.1f} seconds",
        ),
        ("repeats", "loop"): ("The same pictures came again", ", every {period_s:.1f} seconds"),
        ("repeats", "no_repetition"): ("No picture came again, which speaks neither way", ""),
        ("texture", "lines"): ("The picture has fine lines, as that of a screen has", ""),
        ("texture", "no_lines"): ("The picture has no fine lines, which speaks neither way", ""),
        ("turns", "turned"): ("The head was turned as asked", ": {ways}"),
        ("turns", "turn_not_asked"): ("Nobody was asked to turn the head", ""),
        ("turns", "turn_running"): ("What was asked for was not over yet", ": {ways}, {done:.0f} done"),
        ("turns", "no_turn"): ("The turns that were asked for were not seen", ": {ways}, {done:.0f} done"),
        ("turns", "turn_other_face"): ("The face that turned was not plainly the one that was recognised", ""),
        ("turns", "turn_other_order"): ("Turns were seen that were not asked for", ": asked was {ways}"),
        ("light", "too_few_colours"): ("The screen changed its colour too few times to tell", ": {colours:.0f}"),
        ("light", "answers"): (
            "The face took on the colours of the screen, as skin and paper do",
            ": they were {answer:.1%} of its light",
        ),
        ("light", "surround_answers"): ("What is beside the face took on the colours of the screen more than it", ""),
        ("light", "unclear"): ("What the colours of the screen did to the face is not clear", ""),
        ("light", "answers_alike"): ("Face and room took on the colours of the screen alike, which tells nothing", ""),
        ("light", "no_response_possible"): ("The screen's light did not show on the face, and need not here", ""),
        ("light", "too_bright"): ("It was too bright for the screen's light to show", ""),
        ("light", "no_answer"): (
            "The face did not take on the colours of the screen, as faces here do",
            ": they were {answer:.1%} of its light, where {expected:.1%} is usual",
        ),
        ("light", "between"): ("The face took on less of the screen's colours than is usual, and not clearly so", ""),
    }
)
"""By cue ("": any) and code the sentence, and what it measured, left out where that is not kept."""

WAYS: Final[Mapping[str, str]] = MappingProxyType({"1": "left", "2": "right", "3": "up"})
"""How turns are coded."""
NUMBERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "moments": "pictures looked at",
        "face_px": "size of the face, in pixels",
        "pairs": "pairs of pictures compared",
        "moved": "how far the face went, by its own size",
        "nose": "how far the nose moved against the face",
        "error": "how exactly that is known",
        "due": "how far a head's would have moved",
        "key": "what a flat picture's turn adds",
        "curve": "what a curved face's turn adds",
        "left": "what no sheet explains",
        "features": "what no sheet explains around eyes and mouth",
        "noise": "how exactly points were followed",
        "stretch": "how much the turn narrowed the face (1: not at all)",
        "blocks": "parts of the picture that could be compared",
        "share": "share of them that moved with the face",
        "parts": "sides on which most moved with it, of three",
        "standing": "parts of the picture that stood still",
        "standing_s": "longest time without any change, in seconds",
        "places": "pictures that came again",
        "exact_places": "pictures that came again exactly",
        "period_s": "after how many seconds",
        "near_key": "what coming nearer adds",
        "near_curve": "what a curved face's coming nearer adds",
        "rest": "what no sheet explains beside eyes and mouth",
        "skull": "how far the face's curve moved, over all pictures",
        "along": "how far the nose moved with it",
        "agreed": "how well the two agree (-1 to 1)",
        "slope": "how far the nose moved for each part of it",
        "likely": "how likely it is a picture, to the network",
        "grey": "how light the picture is, of 255",
        "peak": "how strong the finest lines are",
        "order": "the turns asked for (1 left, 2 right, 3 up)",
        "tries": "tries",
        "done": "turns that were done",
        "straight_x": "where the nose was straight ahead, across",
        "straight_y": "where the nose was straight ahead, down",
        "asked": "asked after seconds, turn",
        "turned": "turned after seconds, turn",
        "x": "how far the nose went across, turn",
        "y": "how far the nose went down, turn",
        "colours": "colours that the screen showed",
        "answer": "share of the screen's light in that of the face",
        "delay_s": "seconds from the screen to the picture",
        "chance": "share of other orders that explain it as well",
        "around": "share of the screen's light in that of the room",
        "expected": "share that is usual here",
    }
)
"""What a cue's numbers are; lengths without a unit are pixels of a face that is 112 wide."""


@dataclass(frozen=True, slots=True)
class CueTold:
    """What one cue said: what it looks at, which way it speaks, in a sentence, and its numbers by what they are.

    ``clear`` is whether it says so strongly enough to be what the ruling rests on.
    """

    name: str
    looks_at: str
    speaks: Speaks
    sentence: str
    numbers: tuple[tuple[str, str], ...]
    clear: bool = True


@dataclass(frozen=True, slots=True)
class LivenessTold:
    """What was found of a living face; ``rule`` is the setting that was in force, ``doubts`` are of the source.

    ``asked`` says what the person was asked to do, "" where nothing.
    """

    ruling: str
    sentence: str
    rule: str
    asked: str
    doubts: tuple[str, ...]
    cues: tuple[CueTold, ...]

    def lines(self) -> Iterator[str]:
        """All of it, a sentence a line, without the numbers."""
        yield self.sentence
        yield from self.doubts
        yield from [self.asked] if self.asked else []
        yield from (f"{each.looks_at}: {each.sentence[0].lower()}{each.sentence[1:]}" for each in self.cues)
        yield self.rule


def told(kept: Mapping[str, Any]) -> LivenessTold:
    """What the evidence of a track says in words; codes that are not known stand as they are."""
    ruling = str(kept.get("ruling", "unsure"))
    return LivenessTold(
        ruling,
        RULINGS.get(ruling, RULINGS["unsure"]),
        SETTINGS.get(str(kept.get("wanted", "off")), SETTINGS["off"]),
        _asked(kept),
        tuple(DISTRUST.get(each, _unknown(each)) for each in kept.get("distrust", ())),
        tuple(_cue(name, said, kept.get("bounds", {})) for name, said in kept.get("cues", {}).items()),
    )


def ruling_of(judged: Mapping[str, Any]) -> str | None:
    """What the evidence of a sighting tells of a living face: live, unsure or attack; None where it was not asked."""
    kept = judged.get(KEPT)
    return None if kept is None else str(kept["ruling"])


def liveness_in(judged: Mapping[str, Any]) -> dict[str, str]:
    """The same as an entry of evidence; none where it was not asked, so that evidence of before stays as it was."""
    found = ruling_of(judged)
    return {} if found is None else {KEPT: found}


def in_short(code: str) -> str:
    """A reason of a decision in short words."""
    return SHORT.get(code, code.replace("_", " "))


def advice(reasons: Collection[str]) -> str:
    """What to do with a review of these reasons; empty where none of them is of a living face."""
    return "" if SHORT.keys().isdisjoint(reasons) else ADVICE


def sentence(cue: str, code: str, measured: Mapping[str, float]) -> str:
    """What a cue's code says, with what it measured where that is kept."""
    words = WORDS.get((cue, code)) or WORDS.get(("", code))
    if words is None:
        return _unknown(code)
    try:
        return f"{words[0]}{words[1].format_map({**measured, **_ways(measured)})}."
    except (KeyError, ValueError, TypeError):
        return f"{words[0]}."


def _asked(kept: Mapping[str, Any]) -> str:
    if not kept.get("asked"):
        return ""
    if not kept.get("challenge"):
        return "A turn of the head was to be asked for before a mark, and was not."
    return "The person was asked for a turn of the head; whoever is asked is marked only if they are seen to turn."


def _cue(name: str, said: Mapping[str, Any], bounds: Mapping[str, float]) -> CueTold:
    measured = said.get("measured", {})
    weight = said["score"] * said["quality"]
    speaks: Speaks = "for" if weight > 0 else "against" if weight < 0 else "nothing"
    clear = abs(weight) >= bounds.get("live" if weight > 0 else "attack", 0.0)
    numbers = tuple((_named(key), f"{value:.4g}") for key, value in measured.items())
    return CueTold(name, CUES.get(name, name), speaks, sentence(name, said["why"], measured), numbers, clear)


def _ways(measured: Mapping[str, float]) -> dict[str, str]:
    """The turns that were asked for, in their order."""
    order = measured.get("order")
    return {} if order is None else {"ways": ", ".join(WAYS[each] for each in f"{order:.0f}")}


def _named(number: str) -> str:
    """What a number is; those of a step end with its number."""
    name, _, step = number.rpartition("_")
    if step.isdecimal() and name in NUMBERS:
        return f"{NUMBERS[name]} {step}"
    return NUMBERS.get(number, number.replace("_", " "))


def _unknown(code: str) -> str:
    return f"A reason that this version has no words for: {code.replace('_', ' ')}."
