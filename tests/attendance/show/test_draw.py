"""Annotated pictures and films: readable in any script, clear of each other, never a reason to fail."""

import itertools
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from attendance.cameras import VideoReader
from attendance.clock import SystemClock
from attendance.errors import OutputFailed
from attendance.records import Decision, PersonRef
from attendance.show import label as signs
from attendance.show.draw import annotate, draw
from attendance.show.film import SHEET_PICTURES, Film
from attendance.show.label import COLORS, Label, drawable, label_of, sign
from attendance.show.window import why_no_window

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
    picture = sign(kind, "", "", 24).astype(float)
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
    found = label_of(decision(kind, **more), (0, 0, 9, 9))
    assert (kind, title, line) == (found.kind, found.title, found.line)


@pytest.mark.parametrize("name", ["Zoë Ångström", "Łukasz Żółć"])
def test_latin_names_stay_whole(name):
    """Names in Latin letters are drawn as they are, whatever fonts there are."""
    assert name == drawable(name)


def test_what_no_font_knows():
    """Characters without a shape anywhere are left out, and a name of nothing else gives way to the id."""
    nowhere = "\U000f0000\U0010fffd"
    assert "Ada" == drawable(f"Ada{nowhere}")
    assert "P-1" == label_of(decision(name=nowhere), (0, 0, 9, 9)).title


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
    signs.sign.cache_clear()
    try:
        assert "Ada" == drawable("Ada")
        assert "P-1" == label_of(decision(name="عائشة"), (0, 0, 9, 9)).title
        annotate(scene, [decision(name="Zoë"), decision(name="山田")])
    finally:
        signs._fonts.cache_clear()
        signs.sign.cache_clear()


# --- films -----------------------------------------------------------------------------------------------------


def write(path, frames=10, fps=10.0, size=(48, 64), times=None):
    with Film(path, fps) as film:
        for number in range(frames):
            film.add(np.full((*size, 3), 20 * number % 250, np.uint8), number / fps if times is None else times[number])
    return film.path


def count(path):
    with VideoReader(path, SystemClock()) as reader:
        return sum(1 for _ in reader)


@pytest.mark.parametrize("name", ["out.mp4", "out.avi", "out.mkv"])
def test_a_film_has_every_frame(tmp_path, name):
    """Each frame added is in the film, which appears under its name alone."""
    path = write(tmp_path / name)
    assert (tmp_path / name, 10) == (path, count(path))
    assert [name] == [each.name for each in tmp_path.iterdir()]


@pytest.mark.parametrize("size", [(47, 63), (1, 1), (3, 200)])
def test_odd_sizes(tmp_path, size):
    """Pictures whose sides the codec does not take are fitted, not refused."""
    assert 4 == count(write(tmp_path / "out.mp4", 4, size=size))


def test_a_film_keeps_the_pace(tmp_path):
    """Frames of an irregular camera are repeated or left out so that the film runs in real time."""
    path = write(tmp_path / "out.mp4", 4, fps=10.0, times=[0.0, 0.01, 0.02, 1.0])
    assert 11 == count(path)


def test_other_suffixes(tmp_path):
    """A name without a film's suffix gets .mp4, a folder a file inside; missing folders are made."""
    (tmp_path / "there").mkdir()
    names = [write(tmp_path / "new" / "door"), write(tmp_path / "there")]
    assert [tmp_path / "new" / "door.mp4", tmp_path / "there" / "attendance.mp4"] == names


@pytest.mark.parametrize("frames", [1, 5, 12, 13, 100])
def test_a_sheet_of_pictures(tmp_path, frames):
    """A picture's suffix gives one sheet of at most twelve frames, spread over the whole run."""
    path = write(tmp_path / "sheet.png", frames, size=(30, 40))
    with Image.open(path) as sheet:
        tiles = (sheet.width // 40) * (sheet.height // 30)
    assert 1 <= tiles <= SHEET_PICTURES
    if frames >= SHEET_PICTURES:
        assert tiles >= SHEET_PICTURES // 2


def test_without_the_codec_a_sheet(tmp_path, monkeypatch):
    """Where the codec is missing, a sheet takes the film's place."""
    monkeypatch.setattr("attendance.show.film.CODECS", {".mp4": "ZZZZ"})
    assert tmp_path / "out.png" == write(tmp_path / "out.mp4")


def test_a_still(tmp_path):
    """A picture of a moment lies beside the film."""
    with Film(tmp_path / "door.mp4", 10.0) as film:
        path = film.still(np.full((20, 30, 3), 7, np.uint8), "track3-present")
    with Image.open(path) as picture:
        assert ("door-track3-present.png", (30, 20), (7, 7, 7)) == (path.name, picture.size, picture.getpixel((5, 5)))


def test_a_place_that_cannot_be_written(tmp_path):
    """A folder that is a file is output.failed, one line, and nothing is left behind."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputFailed):
        Film(tmp_path / "file" / "out.mp4", 10.0)
    assert ["file"] == [each.name for each in tmp_path.iterdir()]


def test_nothing_added_writes_nothing(tmp_path):
    """A film without frames leaves no file."""
    with Film(tmp_path / "out.mp4", 10.0):
        pass
    assert [] == list(tmp_path.iterdir())


# --- window ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_no_display():
    """Without a display there is a reason, not a crash."""
    assert "there is no display" == why_no_window({})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_a_display_that_does_not_answer():
    """A display that is named but not there, which ends the toolkit's process, is found out before."""
    env = {"DISPLAY": ":87", "PATH": "", "QT_QPA_PLATFORM": "xcb"}
    assert "the display cannot be used" == why_no_window(env)


def test_drawing_imports_no_window_toolkit():
    """Importing the drawing code loads neither OpenCV nor a model."""
    code = (
        "import sys, attendance.show.draw, attendance.show.window\n"
        "print('cv2' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False False" == done.stdout.strip()


def test_labels_of_tracks_under_way(scene):
    """A face that is still being looked at has a sign of its own."""
    out = draw(scene, [Label((60.0, 80.0, 50.0, 60.0), "watching", "looking", "1 of 3 frames")])
    assert not np.array_equal(scene, out)
