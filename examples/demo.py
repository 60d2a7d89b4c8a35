"""Enrol two public-domain portraits, check changed versions of them, and show expected against actual.

Everything happens in a throw-away home; the annotated picture is left in ./demo-output. Exit code 1 if
a decision is not the expected one.
"""

import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from rich.console import Console
from rich.table import Table
from skimage import data

from attendance import Attendance, Decision
from attendance.faults import Problem
from attendance.show import draw
from enroll import NoFace

OUTPUT = Path("demo-output")
EILEEN, GRACE = "Eileen Collins", "Grace Hopper"


@dataclass(frozen=True)
class Case:
    """A picture, and what must be decided about its faces from left to right."""

    what: str
    picture: Image.Image
    expected: tuple[str, ...]


def portraits() -> tuple[Image.Image, Image.Image]:
    """NASA's portrait of Eileen Collins and the US Navy's of Grace Hopper, both in the public domain."""
    hopper = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return Image.fromarray(data.astronaut()), Image.open(hopper).convert("RGB")


def noisy(picture: Image.Image, sigma: float) -> Image.Image:
    """The picture as a poor sensor sees it: Gaussian noise of ``sigma`` grey levels."""
    pixels = np.asarray(picture, np.float32)
    noise = np.random.default_rng(1).normal(0, sigma, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    """Both pictures on one canvas, 512 pixels high."""
    pair = [ImageOps.contain(picture, (512, 512)) for picture in (left, right)]
    canvas = Image.new("RGB", (pair[0].width + pair[1].width, 512), "white")
    canvas.paste(pair[0], (0, 0))
    canvas.paste(pair[1], (pair[0].width, 0))
    return canvas


def cases(eileen: Image.Image, grace: Image.Image) -> list[Case]:
    """What a door or a class room does to a face."""
    small = ImageOps.contain(grace, (160, 160))
    return [
        Case("the enrolled photo itself", eileen, (EILEEN,)),
        Case("turned by 12 degrees", eileen.rotate(12, Image.Resampling.BICUBIC), (EILEEN,)),
        Case("mirrored", ImageOps.mirror(grace), (GRACE,)),
        Case("blurred", eileen.filter(ImageFilter.GaussianBlur(3)), (EILEEN,)),
        Case(
            "darker, less contrast",
            ImageEnhance.Contrast(ImageEnhance.Brightness(grace).enhance(0.4)).enhance(0.7),
            (GRACE,),
        ),
        Case("small (160 pixels high)", small, (GRACE,)),
        Case("grey and noisy", noisy(ImageOps.grayscale(eileen).convert("RGB"), 18), (EILEEN,)),
        Case("side by side", side_by_side(grace, eileen), (GRACE, EILEEN)),
        Case("nobody in it", Image.fromarray(data.coffee()), ()),
    ]


def only_no_face(problem: Problem) -> None:
    """A picture without a face is one of the cases; any other trouble is not."""
    if not isinstance(problem.error, NoFace):
        raise problem.error


def names(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """From left to right: the person's name for a mark, otherwise the decision."""
    ordered = sorted(decisions, key=lambda decision: decision.box[0])
    return tuple(d.person.name if d.decision in {"present", "already"} else d.decision for d in ordered)


def main() -> int:
    """Run the demo; 0 when every decision is the expected one."""
    eileen, grace = portraits()
    OUTPUT.mkdir(exist_ok=True)
    table = Table(title="attendance demo", title_justify="left")
    for heading in ("picture", "expected", "decided", "score", "threshold", ""):
        table.add_column(heading)
    wrong = 0

    with tempfile.TemporaryDirectory() as folder, Attendance.open(Path(folder) / "home") as app:
        photo = Path(folder) / "photo.png"

        def check(case: Case) -> list[Decision]:
            nonlocal wrong
            case.picture.save(photo)
            found = app.check(photo, dry_run=True, on_problem=only_no_face)
            decisions = sorted(found, key=lambda decision: decision.box[0])
            decided = names(decisions)
            good = decided == case.expected
            wrong += not good
            table.add_row(
                case.what,
                ", ".join(case.expected) or "no face",
                ", ".join(decided) or "no face",
                " ".join("-" if d.score is None else f"{d.score:.2f}" for d in decisions),
                f"{decisions[0].threshold:.2f}" if decisions else "",
                "[green]as expected[/]" if good else "[red]WRONG[/]",
            )
            return decisions

        def enrol(picture: Image.Image, name: str) -> None:
            path = Path(folder) / f"{name}.png"
            picture.save(path)
            app.enroll(path, name=name)

        enrol(eileen, EILEEN)
        stranger = Case(
            "a stranger beside her (only she is enrolled)", side_by_side(grace, eileen), ("unknown", EILEEN)
        )
        before = check(stranger)
        annotated = draw.annotate(np.asarray(stranger.picture), before)
        Image.fromarray(annotated).save(OUTPUT / "demo.png")
        check(Case("the stranger alone", grace, ("unknown",)))

        enrol(grace, GRACE)
        for case in cases(eileen, grace):
            check(case)

        side_by_side(grace, eileen).save(photo)
        first, again = names(app.check(photo)), [d.decision for d in app.check(photo)]

    console = Console() if sys.stdout.isatty() else Console(width=110)
    console.print(table)
    console.print(f"marked: {', '.join(first)}; the same picture once more: {', '.join(again)}")
    console.print("consent: off, as this home is for trying it out; a school or a firm asks people first (site_kind)")
    console.print(f"annotated picture: {(OUTPUT / 'demo.png').resolve()}")
    wrong += first != (GRACE, EILEEN) or again != ["already", "already"]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
