"""Which cue of liveness finds which attack, and how often is a genuine track called one?

    PYTHONPATH=. python benchmarks/liveness.py --data ../shared/data [--part report] [--each 12] [--jobs 2] [--net FILE]

Genuine tracks are those of the data folder's films, found by the product's own detector. All attacks are SIMULATED
(tests/attendance/liveness/scenes.py): a photo or a film as a textured surface before frames of a genuine film, by true
perspective, with a camera's blur, noise and JPEG. No figure here speaks of real prints, phones or masks.

Thresholds were chosen on `--part develop`: persons 1 and 2 of the sign-language clips, the class room, photos of LFW's
training people. `--part report` has other people, films and photos: persons 3 to 5, the three other films, LFW's test
people. Intervals are exact (Clopper and Pearson), 95 %. Tracks of one person, and what is made of one track, are no
independent witnesses: intervals that count them are too narrow, and say so by the number of people beside them.
"""

import argparse
import importlib.util
import io
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path
from types import ModuleType

import cv2
import liveness_kiosk
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from scipy.stats import beta

from attendance.live.watcher import CALM_LOOK_S, EAGER_LOOKS, LOOK_S
from attendance.liveness import CUES, Cue, Moment, TextureCue, Track, Verdict, ask, moment_of
from attendance.liveness.printed import PrintedCue
from attendance.liveness.saying import ATTACK_FROM
from enroll.face import Detection, Pixels
from enroll.geometry import iou
from enroll.pipeline import Pipeline, open_pipeline
from enroll.telemetry import onnx_runtime

CLIPS = {
    "develop": ("again.mkv", "brother.mkv", "bird.mkv", "milk.mkv", "classroom.gif"),
    "report": (
        "book.mkv", "learn.mkv", "eat.mkv", "night.mkv", "hungry.mkv", "want.mkv", "face_noface.mov",
        "head-pose-face-detection-female-and-male.gif", "face-demographics-walking.gif",
    ),
}  # fmt: skip
PEOPLE = {
    "again": 1,
    "brother": 1,
    "bird": 2,
    "milk": 2,
    "book": 3,
    "learn": 3,
    "eat": 4,
    "night": 4,
    "hungry": 5,
    "want": 5,
}
PHOTOS = {"develop": ("scenes.zip", "lfw/"), "report": ("lfw_test.zip", "")}
TURNS = (0, 4, 8, 15, 25)
SECONDS, FPS = 3.2, 30.0
PART = 320  # pixels of the frame that a scene is drawn into
WITHIN = (0.5, 1.0, 1.5, 2.0, 3.0)
FEWEST = 6  # moments of a genuine track that counts
ASKED_AT = (6, 10, 13)  # moments of a track after which a run asks while a mark waits
HEADS = ("genuine", "SIMULATED", "kiosk: calm", "kiosk: stiff")
ASKED = (*CUES, TextureCue())  # texture is no part of the verdict, but has its column


def load_scenes() -> ModuleType:
    """The drawn scenes of the tests."""
    path = Path(__file__).resolve().parents[1] / "tests" / "attendance" / "liveness" / "scenes.py"
    spec = importlib.util.spec_from_file_location("liveness_scenes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


scenes = load_scenes()


@dataclass(frozen=True)
class Job:
    """One track to make and to judge: of which row, from what, how moved, with which random numbers."""

    row: str
    kind: str
    source: str
    turn: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Judged:
    """A track's row, who is in it, and what was said."""

    row: str
    person: str
    moments: int
    verdict: Verdict
    texture: float
    early: tuple[str, ...] = ()  # what was ruled by the track's first `WITHIN` seconds
    net: float | None = None


@dataclass(frozen=True)
class Clip:
    """A film's frames and what the detector found in each."""

    fps: float
    frames: list[Pixels]
    found: list[list[Detection]]


class World:
    """The data of one part, read and searched when they are asked for; `net` is a file of `attendance train export`."""

    def __init__(self, data: Path, part: str, net: Path | None = None) -> None:
        self.data, self.part, self.net = data, part, net

    @property
    @lru_cache(maxsize=1)  # noqa: B019 - one world a process
    def pipeline(self) -> Pipeline:
        """The product's own, on one thread."""
        cv2.setNumThreads(1)
        return open_pipeline(threads=1)

    @lru_cache(maxsize=16)  # noqa: B019
    def clip(self, name: str) -> Clip:
        """A film, up to the first cut to a picture without faces."""
        film = cv2.VideoCapture(str(self.data / "videos" / name))
        frames, found = list[Pixels](), list[list[Detection]]()
        while len(frames) < 120:
            good, frame = film.read()
            if not good:
                break
            frames.append(np.ascontiguousarray(frame[..., ::-1]))
            found.append(self.pipeline.detector.detect(frames[-1]))
            if found[-1] == [] and len(frames) > 60:
                break
        return Clip(film.get(cv2.CAP_PROP_FPS), frames, found)

    @lru_cache(maxsize=64)  # noqa: B019
    def photo(self, seed: int) -> tuple[str, Pixels, Detection]:
        """A photo with a large face, and its person."""
        archive, start = PHOTOS[self.part]
        with zipfile.ZipFile(self.data / archive) as opened:
            names = sorted(
                each for each in opened.namelist() if each.startswith(start) and each.endswith(("webp", "jpg"))
            )
            for place in np.random.default_rng(seed).permutation(len(names)):
                picture = Image.open(io.BytesIO(opened.read(names[place]))).convert("RGB")
                pixels = np.asarray(picture)
                found = self.pipeline.detector.detect(pixels)
                if found and max(found[0].box[2:]) > 60:
                    return names[place].split("/")[-2], pixels, found[0]
        raise SystemExit("no photo has a large face")


def tracks_of(fps: float, frames: Sequence[Pixels], found: Sequence[Sequence[Detection]]) -> list[list[Moment]]:
    """The tracks of a film, by place alone, each cut where it is full."""
    tracks: list[Track] = []
    last: dict[int, tuple[float, Detection]] = {}
    for number, (frame, faces) in enumerate(zip(frames, found, strict=True)):
        now = number / fps
        for face in faces:
            near = [key for key, (seen, old) in last.items() if now - seen < 1 and iou(old.box, face.box) > 0.3]
            key = max(near, key=lambda each: iou(last[each][1].box, face.box), default=len(tracks))
            if key == len(tracks) or len(tracks[key]) == 24:
                last.pop(key, None)
                key = len(tracks)
                tracks.append(Track())
            last[key] = now, face
            if tracks[key].wants(now):
                tracks[key].add(moment_of(frame, face, now))
    return [list(each) for each in tracks if len(each) >= FEWEST]


# Genuine films as they are, and as other cameras might have given them.
def changed(clip: Clip, kind: str, world: World) -> tuple[float, list[Pixels], list[list[Detection]]]:
    """The film of a worse camera, searched anew."""
    rng = np.random.default_rng(1)
    frames = clip.frames
    if kind == "noisy":
        frames = [scenes.camera(each, rng, 4.0, 50) for each in frames]
    elif kind == "small":
        frames = [cv2.resize(each, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA) for each in frames]
    elif kind == "repeating":  # a slow camera behind a fast stream
        places = [number // 5 * 5 for number in range(len(frames))]
        return clip.fps, [frames[place] for place in places], [clip.found[place] for place in places]
    return clip.fps, frames, [world.pipeline.detector.detect(each) for each in frames]


def shown(world: World, job: Job) -> list[Moment]:
    """The moments of a simulated attack: the surface moved by a hand before a genuine film."""
    rng = np.random.default_rng([job.seed, len(job.row)])
    behind = world.clip(job.source)
    film = world.clip(CLIPS[world.part][1 + job.seed % 3]) if job.kind == "screen" else None
    if film is None:
        _, photo, face = world.photo(job.seed % 24)
    else:
        photo, face = cut_out(film, 0)
    pixels = rng.uniform(60, 90)
    bend = rng.integers(1 << 30)
    yaw, pitch = rng.uniform(-10, 10, 2)
    angle = rng.uniform(0, 2 * np.pi)
    hand = [scenes.sway(rng, SECONDS) for _ in range(6)]
    noise, quality = rng.uniform(1, 4), int(rng.uniform(70, 95))
    light = scenes.Light(rng, pixels / face.box[2])
    frames, spot = stage_of(behind, pixels)
    track = Track()
    still = job.row.endswith("standing")
    for number in range(int(SECONDS * FPS)):
        now = number / FPS
        if not track.wants(now):
            continue
        if film is not None:
            photo, _ = cut_out(film, number)
        surface, centre, width = scenes.surface_of(
            photo, face.box, face.landmarks, job.kind, np.random.default_rng(bend)
        )
        scale = pixels / width
        if scale < 0.9:
            factor = max(1.2 * scale, 0.2)
            surface, centre, width, scale = (
                scenes.shrunk(surface, factor),
                centre * factor,
                width * factor,
                scale / factor,
            )
        swing = (hand[0](now) + 1) / 2
        little = 0.0 if still else 1.0
        middle = (np.array(surface.texture.shape[1::-1]) - 1) / 2
        at = spot + little * np.array([12 * hand[5](now), 8 * hand[2](now)]) - (centre - middle) * scale
        pose = scenes.Pose(
            yaw + job.turn * np.cos(angle) * swing + little * (job.turn > 0) * hand[2](now),
            pitch + job.turn * np.sin(angle) * swing + little * (job.turn > 0) * hand[3](now),
            4 * little * hand[4](now), (float(at[0]), float(at[1])),
            scale * (1 + 0.05 * little * hand[3](now)), scenes.FOCAL / scale,
        )  # fmt: skip
        frame = frames[number % len(frames)]
        drawn = scenes.place(frame, surface, pose, light.shine if film is not None else None)
        drawn = light.banded(drawn, now) if film is not None else drawn
        seen = scenes.camera(drawn, rng, noise, quality)
        wanted = (spot[0] - pixels / 2, spot[1] - 0.62 * pixels, pixels, 1.25 * pixels)
        near = [each for each in world.pipeline.detector.detect(seen) if iou(each.box, wanted) > 0.15]
        if near:
            track.add(moment_of(seen, max(near, key=lambda each: iou(each.box, wanted)), now))
    return list(track)


def cut_out(film: Clip, number: int) -> tuple[Pixels, Detection]:
    """What of a film is shown on the screen: its first face and around, at twice its size, and where the face is."""
    (face, *_) = film.found[0]
    x, y, width, height = face.box
    left, top = (int(max(0, value)) for value in (x - 0.8 * width, y - 0.6 * height))
    part = film.frames[number % len(film.frames)][top : int(y + 1.9 * height), left : int(x + 1.8 * width)]
    moved = (np.array(face.landmarks, np.float32) - (left, top)) * 2
    box = (2 * (x - left), 2 * (y - top), 2 * width, 2 * height)
    return cv2.resize(part, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), Detection(box, moved, face.confidence)


def stage_of(behind: Clip, pixels: float) -> tuple[list[Pixels], np.ndarray]:
    """The part of a film that a scene is drawn into, and where in it the shown face goes: before the person's own."""
    x, y, width, height = behind.found[0][0].box
    tall, wide = behind.frames[0].shape[:2]
    left = int(np.clip(x + width / 2 - PART / 2, 0, max(0, wide - PART)))
    top = int(np.clip(y + height / 2 - 140, 0, max(0, tall - PART)))
    frames = [np.ascontiguousarray(each[top : top + PART, left : left + PART]) for each in behind.frames]
    spot = np.array([x + width / 2 - left, y + height / 2 + 10 - top])
    low, high = np.array([1.3, 1.2]) * pixels, np.array(frames[0].shape[1::-1]) - np.array([1.3, 1.5]) * pixels
    return frames, np.clip(spot, low, np.maximum(low, high))


def injected(world: World, job: Job) -> list[Moment]:
    """A film that a stream gives in place of a camera: one picture, or a second and more, again and again."""
    clip = world.clip(job.source)
    length = 1 if job.kind.startswith("frozen") else 31 + 3 * job.seed
    rng = np.random.default_rng(job.seed)
    track = Track()
    for number in range(int(SECONDS * FPS)):
        now, place = number / FPS, 5 + number % length
        if not track.wants(now) or place >= len(clip.frames) or not clip.found[place]:
            continue
        frame, face = clip.frames[place], clip.found[place][0]
        if job.kind.endswith("recompressed"):
            frame = scenes.camera(frame, rng, 0.0, int(rng.integers(75, 95)))
            face = next(iter(world.pipeline.detector.detect(frame)), face)
        track.add(moment_of(frame, face, now))
    return list(track)


def jobs_of(part: str, each: int) -> list[Job]:
    """All that is measured."""
    clips = [name for name in CLIPS[part] if name.endswith(("mkv", "mov"))][:6]
    jobs = [Job("genuine: as filmed", "as filmed", name) for name in CLIPS[part]]
    jobs += [Job(f"genuine, {kind}", kind, name) for kind in ("noisy", "small", "repeating") for name in CLIPS[part]]
    kinds = {
        "head": "SIMULATED rigid head",
        "print": "print with border",
        "cutout": "cut-out print",
        "bent": "bent cut-out",
    }
    for kind, title in kinds.items():
        for turn in TURNS:
            count = each if kind != "head" else max(4, each // 2)
            jobs += [Job(f"{title}, {turn:2d} deg", kind, clips[n % len(clips)], turn, n) for n in range(count)]
    for turn in (0, 8, 15):
        jobs += [
            Job(f"print fills the view, {turn:2d} deg", "filling", clips[n % len(clips)], turn, n)
            for n in range(each // 2)
        ]
    for turn, title in ((0, "film on a screen, standing"), (6, "film on a screen, held,  6 deg")):
        jobs += [Job(title, "screen", clips[n % len(clips)], turn, n) for n in range(each)]
    jobs += kiosk_jobs(each)
    for kind in ("frozen", "frozen, recompressed", "loop", "loop, recompressed"):
        jobs += [Job(f"injected: {kind}", kind, clips[n % len(clips)], 0, n) for n in range(len(clips))]
    return jobs


def kiosk_jobs(each: int) -> list[Job]:
    """Who and what stands before a kiosk: each head another photo."""
    kinds = (
        ("calm", "calm head", (1, 2, 4, 8), 3 * each),
        ("stiff", "stiff head", (2, 4, 8), each),
        ("print", "print", (2, 8, 15), each // 2),
        ("cutout", "cut-out", (2, 8, 15), each // 2),
        ("bent", "bent cut-out", (2, 8, 15), each // 2),
        ("waved", "waved print", (4, 12), 3 * each // 2),
    )
    return [
        Job(f"kiosk: {title}, {turn:2d} deg", kind, "", turn, 1000 * place + n)
        for kind, title, turns, count in kinds
        for place, turn in enumerate(turns)
        for n in range(count)
    ]


EARLY = {
    "genuine films, changed ones too": ("genuine",),
    "stiff heads": ("SIMULATED rigid head",),
    "prints with a border, turned >= 8 deg": ("print with border",),
    "cut-outs, turned >= 8 deg": ("cut-out",),
    "bent cut-outs, turned >= 8 deg": ("bent",),
    "kiosk: calm and stiff heads": ("kiosk: calm", "kiosk: stiff"),
    "kiosk: prints and cut-outs, turned >= 8 deg": ("kiosk: print", "kiosk: cut-out"),
    "kiosk: bent cut-outs, turned >= 8 deg": ("kiosk: bent",),
    "kiosk: waved prints": ("kiosk: waved",),
}
WORLDS: list[World] = []


def prepare(data: Path, part: str, net: Path | None = None) -> None:
    """One world for each process."""
    WORLDS[:] = [World(data, part, net)]


def tracks_for(world: World, job: Job) -> list[list[Moment]]:
    """What a job is about."""
    if job.row.startswith("genuine"):
        clip = world.clip(job.source)
        return tracks_of(
            *((clip.fps, clip.frames, clip.found) if job.kind == "as filmed" else changed(clip, job.kind, world))
        )
    if job.row.startswith("kiosk"):
        _, photo, face = world.photo(1000 + job.seed)
        sitter = liveness_kiosk.Sitter(photo, face, job.kind, job.turn, job.seed)
        return [liveness_kiosk.sitting(scenes, sitter, world.pipeline.detector.detect)]
    return [injected(world, job) if job.row.startswith("injected") else shown(world, job)]


def judge(job: Job) -> list[Judged]:
    """Make a job's tracks and ask all cues."""
    return [judged(job, moments) for moments in tracks_for(WORLDS[0], job)]


def judged(job: Job, moments: Sequence[Moment]) -> Judged:
    """Ask all cues, of the whole track and of its beginnings."""
    counts = [len(beginning(moments, seconds)) for seconds in WITHIN]
    said = {count: ask(CUES, moments[:count]) for count in {*counts, len(moments)}}
    early = tuple(said[count].ruling for count in counts)
    person, verdict = person_in(job, moments), said[len(moments)]
    return Judged(job.row, person, len(moments), verdict, texture_of(moments), early, net_of(moments))


def beginning(moments: Sequence[Moment], seconds: float) -> list[Moment]:
    """The moments of a track's first seconds."""
    return [each for each in moments if each.time - moments[0].time <= seconds + 1e-6]


def net_of(moments: Sequence[Moment]) -> float | None:
    """The weight of the network's cue, which has no say, either; None without a network."""
    net = WORLDS[0].net
    return ask((opened(net),), moments).said["printed"].weight if net else None


@lru_cache(maxsize=1)
def opened(net: Path) -> PrintedCue:
    """The cue of a file of `attendance train export`, on one thread."""
    runtime = onnx_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(net.read_bytes(), options, providers=["CPUExecutionProvider"])
    return PrintedCue(lambda views: session.run(None, {"crops": views})[0])


def texture_of(moments: Sequence[Moment]) -> float:
    """The weight of the cue that has no say."""
    return ask((TextureCue(),), moments).said["texture"].weight


def person_in(job: Job, moments: Sequence[Moment]) -> str:
    """Who is seen; in films of several people, who stands on which side."""
    if job.row.startswith("kiosk"):
        return WORLDS[0].photo(1000 + job.seed)[0]
    stem = job.source.partition(".")[0]
    if job.kind in {"head", "print", "cutout", "bent", "filling"}:
        return WORLDS[0].photo(job.seed % 24)[0]
    if stem in PEOPLE:
        return f"person {PEOPLE[stem]}"
    side = "left" if moments and moments[0].box[0] < 200 else "right"
    return f"{stem} {side}"


def interval(hits: int, count: int) -> str:
    """A share with its exact interval, in percent."""
    low = beta.ppf(0.025, hits, count - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1.0
    if hits == 0:
        return f"<= {100 * float(beta.ppf(0.95, 1, count)):.1f}"
    return f"{100 * hits / count:.0f} ({100 * low:.0f}-{100 * high:.0f})"


def table_of(judged: Sequence[Judged], part: str) -> Table:
    """One row a kind, a column a cue: in percent of the tracks, how many each calls an attack."""
    names = [cue.id for cue in CUES]
    table = Table(
        "tracks",
        "n",
        "of people",
        *names,
        "(texture)",
        "(net)",
        "attack",
        "unsure",
        "live",
        title=f"part {part}: tracks called an attack, %",
    )
    rows = dict.fromkeys(each.row for each in judged)
    groups = {row: [each for each in judged if each.row == row] for row in rows}
    groups["ALL genuine films, changed ones too"] = [each for each in judged if each.row.startswith("genuine")]
    for title in ("print with border", "cut-out print", "bent cut-out"):
        groups[f"ALL {title}, >= 8 deg"] = [each for each in judged if each.row.startswith(title) and turned(each.row)]
    groups["ALL kiosk heads"] = [each for each in judged if each.row.startswith(HEADS[2:])]
    groups["ALL flat prints, >= 8 deg"] = [
        each for each in judged if each.row.startswith(("print with", "cut-out")) and turned(each.row)
    ]
    for row, members in groups.items():
        if members:
            rulings = [each.verdict.ruling for each in members]
            alone = [sum(each.verdict.said[name].weight <= -ATTACK_FROM for each in members) for name in names]
            texture = sum(each.texture <= -ATTACK_FROM for each in members)
            count, net = len(members), net_column(members)
            table.add_row(
                row, str(count), str(len({each.person for each in members})),
                *(str(hits) for hits in (*alone, texture)), net, interval(rulings.count("attack"), count),
                str(rulings.count("unsure")), str(rulings.count("live")),
            )  # fmt: skip
    return table


def net_column(members: Sequence[Judged]) -> str:
    """How many the network alone calls an attack, and how many it and the cues together would."""
    if any(each.net is None for each in members):
        return "-"
    alone = [each.net is not None and each.net <= -ATTACK_FROM for each in members]
    either = [called or each.verdict.ruling == "attack" for called, each in zip(alone, members, strict=True)]
    return f"{sum(alone)}; with it {sum(either)}"


def early_table(judged: Sequence[Judged], part: str) -> Table:
    """What is ruled after some seconds of a track: attack / unsure / live, in tracks."""
    table = Table("tracks", "n", *(f"{each} s" for each in WITHIN), title=f"part {part}: attack / unsure / live after")
    for title, starts in EARLY.items():
        members = [each for each in judged if each.row.startswith(starts)]
        if "turned" in title:
            members = [each for each in members if turned(each.row)]
        rulings = zip(*(each.early for each in members), strict=True)
        cells = ["/".join(str(each.count(ruling)) for ruling in ("attack", "unsure", "live")) for each in rulings]
        if members:
            table.add_row(title, str(len(members)), *cells)
    return table


def turned(row: str) -> bool:
    """Whether a row's planes turn by eight degrees or more."""
    return int(row.split()[-2]) >= 8


def cost(world: World) -> Iterator[str]:
    """The cues' processor time by that of detection and embedding of the same tracks, and of each cue."""
    for name in [name for name in CLIPS[world.part] if name.endswith("mkv")][:4]:
        clip = world.clip(name)
        begun, looked, looks = time.process_time(), float("-inf"), 0
        for number, frame in enumerate(clip.frames):
            found, now = world.pipeline.detector.detect(frame)[:1], number / clip.fps
            if found and now - looked >= (LOOK_S if looks < EAGER_LOOKS else CALM_LOOK_S) - 1e-6:
                world.pipeline.embed_detections(frame, found)
                looked, looks = now, looks + 1
        track, middle = Track(), time.process_time()
        for number, (frame, found) in enumerate(zip(clip.frames, clip.found, strict=True)):
            if found and track.wants(number / clip.fps):
                track.add(moment_of(frame, found[0], number / clip.fps))
        whole, kept = middle - begun, time.process_time() - middle
        cues = {cue.id: least_time((cue,), track.moments) for cue in CUES}
        once, growing = least_time(CUES, track.moments), least_time(CUES, track.moments, ASKED_AT)
        yield (
            f"{name}: {len(clip.frames)} searches, {looks} looks {1000 * whole:.0f} ms; moments {1000 * kept:.0f} ms;"
            f" {', '.join(f'{cue} {1000 * took:.1f} ms' for cue, took in cues.items())}; asked once"
            f" {100 * (kept + once) / whole:.1f} %, after {', '.join(map(str, ASKED_AT))} moments and at the end"
            f" {100 * (kept + growing) / whole:.1f} %"
        )


def least_time(cues: Sequence[Cue], moments: Sequence[Moment], at: Sequence[int] = (), times: int = 5) -> float:
    """The least processor time of several tries to ask the cues, in seconds: after so many moments each, and at last.

    Each try is of moments of which nothing is known.
    """
    took = []
    for _ in range(times):
        fresh = [replace(each) for each in moments]
        begun = time.process_time()
        for count in (*[each for each in at if each < len(fresh)], len(fresh)):
            ask(cues, fresh[:count])
        took.append(time.process_time() - begun)
    return min(took)


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--part", choices=sorted(CLIPS), default="report")
    given.add_argument("--each", type=int, default=12, help="simulated tracks of a kind and turn")
    given.add_argument("--jobs", type=int, default=1)
    given.add_argument("--cost", action="store_true", help="only what the cues cost")
    given.add_argument("--only", default="", help="rows that begin so")
    given.add_argument("--net", type=Path, help="a network of `attendance train export`, for one column more")
    options = given.parse_args()
    if options.cost:
        print(*cost(World(options.data, options.part)), sep="\n")
        return
    jobs = [job for job in jobs_of(options.part, options.each) if job.row.startswith(options.only)]
    jobs.sort(key=lambda job: job.source)  # a film is searched once by each process
    with Pool(options.jobs, prepare, (options.data, options.part, options.net)) as pool:
        found = pool.map(judge, jobs, chunksize=max(1, len(jobs) // (4 * options.jobs)))
    order = {job.row: place for place, job in enumerate(jobs_of(options.part, options.each))}
    judged = sorted((each for several in found for each in several), key=lambda each: order[each.row])
    console = Console(width=170)
    console.print(table_of(judged, options.part))
    console.print(early_table(judged, options.part))
    for each in judged:
        if each.row.startswith(HEADS) and each.verdict.ruling == "attack":
            console.print("called an attack:", each.row, each.person, each.verdict.to_dict())
    for line in cost(World(options.data, options.part)):
        console.print(line)


if __name__ == "__main__":
    main()
