"""Does a picture that is turned as the kiosk asks pass for a head, by what the product's detector sees?

    PYTHONPATH=.:benchmarks python benchmarks/turning.py --data ../shared/data [--photos 10] [--turn 45] [--near 250]

SIMULATED prints (tests/attendance/liveness/scenes.py): photos of LFW's training people who look ahead, cut out along
the face, flat or bent to a standing cylinder whose radius is a number of face widths, held by a hand that does what is
asked 0.6 s after it. `--near` is the distance in pixels of a frame 640 wide, in which the face is 120 wide: 250 are
about 30 cm. A drawn head with a photo's face is no stand-in for a person here: the landmarks follow the photo.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from liveness import World, scenes
from rich.console import Console
from rich.table import Table

from attendance.liveness.turning import Turning, nose_of
from enroll.face import Pixels

FACE_PX, FPS, REACT_S, SPEED, AHEAD = 120.0, 8, 0.6, 8.0, 0.15
SHEETS = {"flat": None, "bent, radius 2 widths": 2.0, "bent, radius 1.2 widths": 1.2}
ORDER = 2  # left, right, left


@dataclass(frozen=True)
class Seen:
    """A moment, as far as a challenge looks at it."""

    time: float
    landmarks: np.ndarray


@dataclass(frozen=True)
class Shot:
    """How a sheet is shown: by how many degrees it is turned, and from where it is seen."""

    turn: float
    near: float
    room: Pixels


def sheet_of(world: World, seed: int, radius: float | None) -> tuple[scenes.Surface, float] | None:
    """The print of a photo, and its size in the frame; None for a face that does not look ahead."""
    _, photo, face = world.photo(seed)
    nose, width = nose_of(face.landmarks), face.box[2]
    if nose is None or abs(nose[0]) > AHEAD:
        return None
    sheet, centre, _ = scenes.surface_of(
        photo, face.box, face.landmarks.astype(float), "cut", np.random.default_rng(seed)
    )
    if radius is not None:
        tall, wide = sheet.texture.shape[:2]
        across = np.minimum(np.abs(np.arange(wide) - centre[0]), 0.9 * radius * width)
        fall = radius * width - np.sqrt((radius * width) ** 2 - across**2)
        sheet = scenes.Surface(sheet.texture, sheet.alpha, -np.tile(fall, (tall, 1)))
    scale = FACE_PX / width
    return (scenes.shrunk(sheet, scale), 1.0) if scale < 1 else (sheet, scale)


def played(world: World, sheet: scenes.Surface, scale: float, shot: Shot, rng: np.random.Generator) -> tuple[str, int]:
    """What is said of the sheet, and how many turns it did."""
    challenge, told, yaw, time = Turning(lambda _: ORDER), [(0.0, "")], 0.0, 0.0
    challenge.begin(0.0)
    while not challenge.over(time):
        time += 1 / FPS
        if told[-1][1] != challenge.prompt(time):
            told.append((time, challenge.prompt(time)))
        heard = [prompt for at, prompt in told if at + REACT_S <= time]
        aim = {"left": -shot.turn, "right": shot.turn}.get(heard[-1] if heard else "", 0.0)
        yaw += float(np.clip(aim - yaw, -SPEED, SPEED))
        centre = (320 + rng.normal(0, 1), 240.0)
        pose = scenes.Pose(yaw + rng.normal(0, 0.6), rng.normal(0, 0.6), 0.0, centre, scale, shot.near / scale)
        found = world.pipeline.detector.detect(scenes.camera(scenes.place(shot.room, sheet, pose), rng))
        if found:
            face = max(found, key=lambda each: each.box[2])
            challenge.see(Seen(time, np.asarray(face.landmarks, np.float64)))
    return challenge.said(time).why, challenge.progress[0]


def main() -> None:
    """Print one row for each kind of sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--turn", type=float, default=45.0)
    parser.add_argument("--near", type=float, default=250.0)
    given = parser.parse_args()
    world = World(given.data, "develop")
    noise = np.random.default_rng(3).integers(40, 220, (24, 32, 3), dtype=np.uint8)
    shot = Shot(given.turn, given.near, np.asarray(cv2.resize(noise, (640, 480)), np.uint8))
    seeds = [seed for seed in range(4 * given.photos) if sheet_of(world, seed, None) is not None][: given.photos]
    table = Table("sheet", "photos", "passed", "most turns that counted, of 3")
    for name, radius in SHEETS.items():
        said = []
        for seed in seeds:
            sheet, scale = sheet_of(world, seed, radius) or (None, 0.0)
            said.append(played(world, sheet, scale, shot, np.random.default_rng(seed)))
        passed = sum(why == "turned" for why, _ in said)
        table.add_row(name, str(len(said)), str(passed), str(max(done for _, done in said)))
    Console().print(table)


if __name__ == "__main__":
    main()
