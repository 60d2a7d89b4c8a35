"""Annotated pictures: readable in any script, clear of each other, never a reason to fail."""

import itertools
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance.live.events import SeenFace
from attendance.records import Decision, PersonRef
from attendance.show import sign as signs
from attendance.show.draw import annotate, draw
from attendance.show.sign import COLORS, Sign, drawable, painted, sign_of, sign_of_face

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
KINDS = ("present", "already", "review", "unknown", "refused")


def decision(kind="present", box=(60.0, 80.0, 50.0, 60.0), name="Ada Lovelace", **more):
    person = PersonRef("P-1", name) if kind in {"present", "already", "review"} else None
    score = None if kind == "refused" else 0.41
    values = {"reasons": ("blurred",) if kind == "refused" else (), **more}
    return Decision("door", NOW, box, kind, 0.158, 0.003, 10, "test", person=person, score=score, **values)


@pytest.fixture
def scene():
    return np.full((240, 320, 3), 128, np.uint8)


def face(**more):
    return SeenFace(1, (60.0, 80.0, 50.0, 60.0), **{"decision": None, "reasons": (), "votes": 3, "needed": 3, **more})


def test_what_somebody_is_asked_to_do_stands_beside_them():
    """Before anything else; a face whose looks agree and is not decided yet is asked to wait a moment."""
    ways = {"left": "slowly to the left", "right": "slowly to the right", "up": "slowly", "straight": "into the camera"}
    for prompt, line in ways.items():
        sign = sign_of_face(face(prompt=prompt, decision=decision()))
        assert ("watching", True, line) == (sign.kind, sign.title.startswith("please "), sign.line)
    assert "one moment" == sign_of_face(face()).title == sign_of_face(face(prompt="nod")).title
    assert ("looking", "2 of 3 frames") == (sign_of_face(face(votes=2)).title, sign_of_face(face(votes=2)).line)
    assert "cannot judge" == sign_of_face(face(reasons=("blurred",))).title
    assert "Ada Lovelace" == sign_of_face(face(decision=decision())).title


def test_a_sign_accuses_nobody():
    """Reasons of a living face stand there in neutral words."""
    reasons = ("liveness_attack", "liveness_unsure", "virtual_camera")
    told = sign_of_face(face(decision=decision("review", reasons=reasons))).line
    assert told.startswith("moves as a picture, living face not told, pictures of a program · 0.41")


# --- pictures --------------------------------------------------------------------------------------------------


def test_the_picture_given_is_left_alone(scene):
    """The result is a new picture of the same size; the one given keeps every pixel."""
    before = scene.copy()
    out = annotate(scene, [decision()])
    assert (before.shape, np.uint8) == (out.shape, out.dtype)
    assert np.array_equal(before, scene)
    assert not np.array_equal(before, out)


def test_nothing_to_draw(scene):
    """Without decisions, or with ones that have no box, the picture comes back as it was."""
    for decisions in ([], [decision(box=None)]):
        assert np.array_equal(scene, annotate(scene, decisions))


@pytest.mark.parametrize("kind", KINDS)
def test_each_decision_shows_its_color(kind):
    """Each decision's own colour is on the picture, and no other's."""
    violet = np.full((240, 320, 3), (120, 0, 200), np.uint8)
    out = annotate(violet, [decision(kind)]).reshape(-1, 3).astype(int)
    shown = {other for other in KINDS if (np.abs(out - COLORS[other]).max(1) <= 2).any()}
    assert {kind} == shown


def grey_icons(kind):
    """The sign without its words, in two tones."""
    picture = painted(kind, "", "", 24).astype(float)
    ground = np.array(COLORS[kind], float)
    return np.abs(picture[..., :3] - ground).max(-1) > 60


def test_decisions_differ_without_colour():
    """Seen without colour, the icons of any two decisions differ by more than a tenth of their ink."""
    for one, other in itertools.combinations(KINDS, 2):
        a, b = grey_icons(one), grey_icons(other)
        assert a.shape == b.shape
        assert (a ^ b).sum() > 0.1 * max(a.sum(), b.sum()), (one, other)


def luminance(color):
    linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("kind", KINDS)
def test_words_stand_out(kind):
    """Words on a sign have a contrast of 3 to 1 or more (WCAG 2, large text and graphics)."""
    ink = signs.DARK if kind in {"review", "watching"} else signs.LIGHT
    light, dark = sorted((luminance(ink), luminance(COLORS[kind])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_signs_and_faces_keep_clear():
    """Two faces side by side: neither sign lies on the other face or on the other sign."""
    big = np.full((480, 640, 3), 128, np.uint8)
    boxes = [(200.0, 200.0, 60.0, 80.0), (300.0, 200.0, 60.0, 80.0)]
    out = [annotate(big, [decision("present", boxes[0]), decision("unknown", boxes[1])]) for _ in range(2)]
    assert np.array_equal(*out)
    for x, y, w, h in boxes:
        inside = out[0][int(y) + 8 : int(y + h) - 8, int(x) + 20 : int(x + w) - 20]
        assert (inside == 128).mean() > 0.95


SIDE = st.floats(allow_nan=True, allow_infinity=True, width=32) | st.floats(-900, 900)


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.lists(st.tuples(SIDE, SIDE, SIDE, SIDE), max_size=4),
    st.text(max_size=80),
    st.sampled_from(KINDS),
)
def test_any_box_and_any_name(size, boxes, name, kind):
    """Whatever the box, the name and the picture's size, drawing never fails."""
    picture = np.zeros((*size, 3), np.uint8)
    out = annotate(picture, [decision(kind, box, name) for box in boxes])
    assert picture.shape == out.shape


def test_read_only_and_sliced_pictures(scene):
    """A picture that cannot be written to, or is a view with strides, is drawn on all the same."""
    scene.setflags(write=False)
    assert annotate(scene[::2, ::-1], [decision()]).shape == (120, 320, 3)


# --- words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "more", "title", "line"),
    [
        ("present", {}, "Ada Lovelace", "present · 0.41, needs 0.16"),
        ("already", {}, "Ada Lovelace", "already marked · 0.41, needs 0.16"),
        ("review", {"reasons": ("few_frames",)}, "Ada Lovelace?", "few frames · 0.41, needs 0.16"),
        ("unknown", {}, "unknown", "best 0.41, needs 0.16"),
        ("refused", {"reasons": ("too_dark", "blurred")}, "cannot judge", "too dark, blurred"),
    ],
)
def test_what_a_sign_says(kind, more, title, line):
    """A sign says who, what, and the score beside the threshold."""
    found = sign_of(decision(kind, **more), (0, 0, 9, 9))
    assert (kind, title, line) == (found.kind, found.title, found.line)


@pytest.mark.parametrize("name", ["Zoë Ångström", "Łukasz Żółć"])
def test_latin_names_stay_whole(name):
    """Names in Latin letters are drawn as they are, whatever fonts there are."""
    assert name == drawable(name)


def test_what_no_font_knows():
    """Characters without a shape anywhere are left out, and a name of nothing else gives way to the id."""
    nowhere = "\U000f0000\U0010fffd"
    assert "Ada" == drawable(f"Ada{nowhere}")
    assert "P-1" == sign_of(decision(name=nowhere), (0, 0, 9, 9)).title


def test_control_characters_do_no_harm():
    """Line breaks, tabs and direction overrides in a name are not drawn."""
    assert "Ada L" == drawable("A\u202eda\n\t  L\x07")


def test_long_names_are_shortened():
    """A very long name ends in an ellipsis."""
    assert "x" * 31 + "…" == drawable("x" * 500)


def test_without_any_font_installed(monkeypatch, scene):
    """On a computer without fonts, Pillow's own draws; letters it lacks become plain ones or give way to the id."""
    monkeypatch.setattr(signs, "FONTS", ())
    signs._fonts.cache_clear()
    signs.painted.cache_clear()
    try:
        assert "Ada" == drawable("Ada")
        assert "P-1" == sign_of(decision(name="عائشة"), (0, 0, 9, 9)).title
        annotate(scene, [decision(name="Zoë"), decision(name="山田")])
    finally:
        signs._fonts.cache_clear()
        signs.painted.cache_clear()


def test_drawing_imports_no_window_toolkit():
    """Importing the drawing code loads neither OpenCV nor a model."""
    code = (
        "import sys, attendance.show.draw, attendance.show.window\n"
        "print('cv2' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False False" == done.stdout.strip()


def test_signs_of_tracks_under_way(scene):
    """A face that is still being looked at has a sign of its own."""
    out = draw(scene, [Sign((60.0, 80.0, 50.0, 60.0), "watching", "looking", "1 of 3 frames")])
    assert not np.array_equal(scene, out)
