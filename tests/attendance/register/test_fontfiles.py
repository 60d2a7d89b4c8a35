"""Fonts: the same in the same order, Noto Sans first where it is installed, and no need of any."""

from importlib.util import find_spec

import pytest

from attendance.register import fontfiles
from attendance.register.fontfiles import font_files
from attendance.register.heatpicture import Letters


def test_same_order():
    """Two looks find the same files, each of which is there."""
    assert font_files() == font_files()
    assert all(each.is_file() for each in font_files())


@pytest.mark.skipif(find_spec("fontpkg_noto_sans") is None, reason="needs the package fontpkg-noto-sans")
def test_noto_first():
    """The font that comes with the extra goes before those of the computer, so that pages look alike everywhere."""
    assert "NotoSans[wdth,wght].ttf" == font_files()[0].name


def test_without_any_font(monkeypatch):
    """On a computer without a font texts are measured and drawn all the same."""
    monkeypatch.setattr("attendance.register.heatpicture.font_files", list)
    letters = Letters()
    assert 0 < letters("Ada", 11) < letters("Ada Lovelace", 11)
    assert "Ada" == letters.shown("Ada")


def test_folders_that_are_not_there(monkeypatch, tmp_path):
    """Folders of fonts that a computer does not have are passed over."""
    monkeypatch.setattr(fontfiles, "_folders", lambda: [tmp_path / "none"])
    assert all("fontpkg" in str(each) for each in font_files())
