"""Where the fonts of printed reports and pictures lie: in packages, and among those the computer comes with.

Noto Sans comes with the extra `reports` (Latin, Greek, Cyrillic, Vietnamese, Devanagari); whoever needs another script
installs a package such as `fontpkg-noto-sans-thai`, or a font with TrueType outlines for all programs.
"""

import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

_PACKAGES: Final = "fontpkg.family"
_USUAL: Final = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansArabic-Regular.ttf", "NotoSansHebrew-Regular.ttf"),
    *("NotoSansDevanagari-Regular.ttf", "NotoSansThai-Regular.ttf", "arial.ttf", "Arial Unicode.ttf", "Nirmala.ttf"),
    *("leelawui.ttf", "msyh.ttc", "simsun.ttc", "YuGothM.ttc", "meiryo.ttc", "malgun.ttf", "ArialHB.ttc"),
    *("Thonburi.ttc", "Kohinoor.ttc", "AppleSDGothicNeo.ttc", "wqy-microhei.ttc", "DroidSansFallbackFull.ttf"),
)
"""Fonts with TrueType outlines that computers come with."""


def font_files() -> list[Path]:
    """The files there are, the same in the same order at each run; none on a computer without any."""
    return [*_packaged(), *_of_computer()]


def _packaged() -> Iterator[Path]:
    """The upright fonts of installed packages, Noto Sans first."""
    packages = sorted(entry_points(group=_PACKAGES), key=lambda each: (each.value != "fontpkg_noto_sans", each.name))
    for package in packages:
        root = files(package.value)
        told: dict[str, Any] = json.loads((root / "metadata.json").read_text(encoding="utf-8"))
        for each in told["files"]:
            if each["style"] == "normal" and each["path"].endswith(".ttf"):
                yield Path(str(root / each["path"]))


def _of_computer() -> Iterator[Path]:
    there: dict[str, Path] = {}
    for folder in _folders():
        for each in sorted(folder.rglob("*.tt[fc]")):
            there.setdefault(each.name.lower(), each)
    yield from (there[name.lower()] for name in _USUAL if name.lower() in there)


def _folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local" / "share" / "fonts"]
