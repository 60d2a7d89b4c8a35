"""A measurement by films, with the product's own detector, encoder and cues; the films are drawn (SIMULATED)."""

import json

import cv2
import numpy as np
import pytest

from attendance import Attendance
from attendance.cli import run
from attendance.errors import SourceMissing
from attendance.services.livenessfilms import films_in

FPS, SECONDS = 12, 2.5


def draw(studio, path, surface, *, turn, travel):
    """A film of the surface, turned and carried once forth and back."""
    film, scenes = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (640, 480)), studio.scenes
    rng, count = np.random.default_rng(0), round(FPS * SECONDS)
    for number in range(count):
        share = (1 - np.cos(2 * np.pi * number / count)) / 2
        at = 320 + travel * share, 240 + 0.4 * travel * share
        pose = scenes.Pose(4 + turn * share, 0, 0, at, 0.8, scenes.FOCAL / 0.8)
        drawn = scenes.camera(scenes.place(studio.room, surface, pose), rng)
        film.write(np.ascontiguousarray(drawn[..., ::-1]))
    film.release()


@pytest.fixture
def folder(studio, tmp_path):
    """A print and a head that turn, an empty film and notes; and a photo of who is on them."""
    where = tmp_path / "films"
    where.mkdir()
    draw(studio, where / "print-01.mp4", studio.plane(), turn=15, travel=14)
    draw(studio, where / "live-anna-01.mp4", studio.head(), turn=20, travel=14)
    (where / "notes.txt").write_text("held by Anna")
    cv2.imwrite(str(tmp_path / "ada.png"), studio.photo[..., ::-1])
    return where


def test_films_are_measured_by_the_product_itself(folder, home, tmp_path, capsys):
    """A print is recognised without liveness, ruled an attack, and marked by no setting that asks; a head is live."""
    (folder / "phone-01.mp4").write_bytes(b"no film")
    with Attendance.open(home) as app:
        app.enroll(tmp_path / "ada.png", name="Ada", external_id="A")
        app.places.add(app.actor, "Gate", kind="kiosk")
    words = ["liveness", "measure", "--place", "Gate", "--from", str(folder), "--json", "--home", str(home)]
    assert 1 == run(words)  # as one film could not be read
    out, err = capsys.readouterr()
    told = json.loads(out)
    (species,) = told["species"]
    assert ("print", {"live": 0, "unsure": 0, "attack": 1}) == (species["species"], species["rulings"])
    assert {"off": 1, "review": 0, "require": 0} == species["marked"]
    (person,) = told["people"]
    assert ({"live": 1, "unsure": 0, "attack": 0}, 1) == (person["rulings"], person["marked"]["require"])
    assert (False, "films", "Gate") == (told["whole"], told["camera"], told["place"])
    assert "anna" not in out.lower()
    assert "notes.txt" in err
    assert "phone-01.mp4" in err
    assert "print-01.mp4: attack, by 30 pictures; planar -1.00 plane" in err


def test_which_films_are_of_what(tmp_path):
    """Species by name, people by number, in the order of their names; what is no such film is passed over."""
    for name in (
        "print-01.mp4", "Print_2.MOV", "paper-mask-3.mkv", "live-tom-01.mp4", "live-anna-01.mp4", "live-anna-2.mp4",
        "guest-zoe.mp4", "live-07.mp4", "0.mp4", "a b.mp4", "notes.txt", ".print-9.mp4",
    ):  # fmt: skip
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "print").mkdir()
    found = films_in(tmp_path)
    assert {
        "print-01.mp4": ("print", 0), "Print_2.MOV": ("print", 0), "paper-mask-3.mkv": ("paper-mask", 0),
        "guest-zoe.mp4": ("guest", 1), "live-07.mp4": ("live", 2), "live-anna-01.mp4": ("live", 3),
        "live-anna-2.mp4": ("live", 3), "live-tom-01.mp4": ("live", 4),
    } == {each.path.name: (each.species, each.person) for each in found.films}  # fmt: skip
    assert {"0.mp4", "a b.mp4", "notes.txt"} == {each.name for each in found.passed_over}


def test_no_folder_and_no_film(tmp_path):
    """Both are told as a source that is not there."""
    with pytest.raises(SourceMissing, match="no such folder"):
        films_in(tmp_path / "x")
    with pytest.raises(SourceMissing, match="no film such as"):
        films_in(tmp_path)
