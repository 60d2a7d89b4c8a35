"""The files under deploy/ call commands that are there, with options that they have."""

import re
import shlex
from pathlib import Path

import pytest

from attendance.cli.root import parser

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"


def commands(text: str) -> list[list[str]]:
    """The words of each call of `attendance serve` in a file."""
    found = re.findall(r"attendance serve ([^\n#]*)", text)
    listed = re.findall(r'CMD \["attendance", "serve", (.*)\]', text)
    return [shlex.split(each) for each in found] + [re.findall(r'"([^"]*)"', each) for each in listed]


@pytest.mark.parametrize("name", ["attendance.service", "Dockerfile"])
def test_every_option_is_one_of_the_command(name: str) -> None:
    """Each option that the file gives is one of `attendance serve`."""
    serve = parser().commands["serve"]
    known = {option for parameter in serve.params for option in parameter.opts}
    called = commands((DEPLOY / name).read_text(encoding="utf-8"))
    assert [] != called
    assert set() == {word for words in called for word in words if word.startswith("--")} - known


def test_what_the_image_copies_is_there() -> None:
    """Every folder and file that the image is built from is in the repository, all packages among them."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (?!--)(.*)", text, re.MULTILINE) for name in line.split()[:-1]]
    assert [] == [name for name in copied if not (DEPLOY.parent / name).exists()]
    assert {"attendance", "enroll", "gallery", "refusal", "train"} <= set(copied)


def test_the_unit_stops_in_time_and_keeps_its_home() -> None:
    """The unit ends the service by SIGTERM, gives it longer than it needs, and its home is no other's to read."""
    lines = (DEPLOY / "attendance.service").read_text(encoding="utf-8").splitlines()
    told = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert ("SIGTERM", True, "0700") == (
        told["KillSignal"],
        int(told["TimeoutStopSec"]) > 5,
        told["StateDirectoryMode"],
    )
