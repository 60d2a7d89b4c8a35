"""attendance review: the faces of which a program was not sure enough, and what somebody decides who looks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import json_line, line, on_terminal, printable, records, say
from attendance.faults import ENDS_A_RUN
from refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.app import Attendance
    from attendance.services.reviewing import Settled

COLUMNS = ("number", "at", "name", "id", "score", "needs", "lead", "why", "face")
NARROW = tuple(column for column in COLUMNS if column != "id")
"""Those of a table on a terminal; 'review show' tells the id."""
PNG = ".png"

app = typer.Typer(
    help="Faces that somebody must look at: list, show, then confirm, reassign or dismiss, and undo.",
    no_args_is_help=True,
)

Number = Annotated[int, typer.Argument(help="The review's number, see 'review list'.", metavar="NUMBER")]
Numbers = Annotated[list[int], typer.Argument(help="Numbers of reviews, see 'review list'.", metavar="NUMBER")]
Session = Annotated[
    str | None, typer.Option(help="Only those of this session, open or closed, or of this day.", metavar="NAME")
]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision.", metavar="TEXT")]


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, session: Session = None, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the reviews that wait for somebody to look, oldest first.

    A mark of the person named needs the score under "needs", and that none of the reasons under "why" holds; the
    next person's score lies behind by the lead.
    """
    with reading(home) as opened:
        found = opened.reviews.waiting(session)
        rows = [each.to_dict() if as_json else each.row() for each in found]
    records(rows, as_json=as_json, columns=NARROW if on_terminal() else COLUMNS, whole=("name", "why"))
    if not rows:
        say("no review waits")


@app.command(epilog=options.EXIT_CODES)
def show(
    number: Number,
    *,
    face: Annotated[
        Path | None, typer.Option(help="Write the kept face to this new .png file.", metavar="FILE.png")
    ] = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Show all that is known of a review: whom the face may be, by which numbers, why somebody must look."""
    if face is not None and face.suffix.lower() != PNG:
        raise typer.BadParameter("the face is a PNG: give a name that ends in .png", param_hint="--face")
    with reading(home) as opened:
        found = opened.reviews.of(number)
        if as_json:
            line(json_line({"schema": 1, **found.to_dict()}))
        else:
            for text in found.lines():
                line(printable(text))
        if face is not None:
            opened.reviews.write_face(number, face)
            say(f"wrote {face}: delete it when you have looked")


@app.command(epilog=options.EXIT_CODES)
def confirm(numbers: Numbers, *, reason: Reason = "", home: options.Home = None) -> None:
    """It was the person whom the review names: mark them at the time of the face."""
    with changing(home) as opened:
        _each(opened, numbers, lambda number: opened.reviews.confirm(opened.actor, number, reason=reason))


@app.command(epilog=options.EXIT_CODES)
def reassign(number: Number, person: options.Person, *, reason: Reason = "", home: options.Home = None) -> None:
    """It was somebody else: mark that person at the time of the face."""
    with changing(home) as opened:
        _each(opened, [number], lambda each: opened.reviews.reassign(opened.actor, each, person, reason=reason))


@app.command(epilog=options.EXIT_CODES)
def dismiss(numbers: Numbers, *, reason: Reason = "", home: options.Home = None) -> None:
    """Somebody has looked, and nobody is marked."""
    with changing(home) as opened:
        _each(opened, numbers, lambda number: opened.reviews.dismiss(opened.actor, number, reason=reason))


@app.command(epilog=options.EXIT_CODES)
def undo(numbers: Numbers, *, reason: Reason = "", home: options.Home = None) -> None:
    """Take back what was said last: the mark made by it is void, and the face waits again, if it is still kept."""
    with changing(home) as opened:
        _one_by_one(
            numbers, lambda each: opened.review_desk.told(opened.reviews.reopen(opened.actor, each, reason=reason))
        )


def say_waiting(opened: "Attendance") -> None:
    """Say how many reviews wait, and how to look at them."""
    waiting = opened.reviews.count()
    if waiting:
        say(f"{waiting} review{' waits' if waiting == 1 else 's wait'} for somebody to look: 'attendance review list'")


def _each(opened: "Attendance", numbers: list[int], settle: "Callable[[int], Settled]") -> None:
    """Decide one after the other, with the evidence beside each decision."""

    def told(number: int) -> str:
        seen = opened.reviews.of(number)
        return f"{opened.reviews.told(seen, settle(number))}; {seen.evidence}"

    _one_by_one(numbers, told)


def _one_by_one(numbers: list[int], told: "Callable[[int], str]") -> None:
    """Do something with each review, and say what came of it; what is refused stops none of the others."""
    refused = 0
    for number in dict.fromkeys(numbers):
        try:
            say(f"review {number}: {told(number)}")
        except Refusal as error:
            if error.exit_code >= ENDS_A_RUN:
                raise
            refused += 1
            say(error.line)
    if refused:
        raise typer.Exit(1)
