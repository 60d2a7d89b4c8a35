"""attendance gallery lookalikes: the pairs that are hard to tell apart, and what somebody has found who looked."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import confirm, records, say

if TYPE_CHECKING:
    from attendance.app import Attendance
    from gallery import Gallery

COLUMNS = ("id", "name", "other_id", "other_name", "score", "since", "active")

app = typer.Typer(
    help="People whose photos are too alike: a mark of one needs a clear lead over the other.", no_args_is_help=True
)


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the remembered pairs, the closest first.

    The score is the highest that photos of the two have with each other; active says whether both are searched.
    """
    with reading(home) as opened, opened.store.reading():
        records(_pairs(opened.gallery), as_json=as_json, columns=COLUMNS)


@app.command(epilog=options.EXIT_CODES)
def clear(
    person: Annotated[str | None, typer.Argument(help="Id or exact name.", show_default=False)] = None,
    other: Annotated[str | None, typer.Argument(help="Id or exact name of the other.", show_default=False)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Forget every pair.")] = False,
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Forget a pair, once somebody has looked at the photos and can tell the two apart.

    Checks then treat the two like any others. Enrolling the same photos again does not bring the pair back;
    a photo that is closer to the other person than any before does.
    """
    if everything == (other is not None) or (everything and person is not None):
        raise typer.BadParameter("name two people, or give --all", param_hint="PERSON OTHER")
    with changing(home) as opened:
        known = [(pair.first_id, pair.second_id) for pair in opened.gallery.lookalikes()]
        if everything and known:
            confirm(f"Forget all {len(known)} pairs?", yes=yes)
        with opened.store.atomic():
            gone = [_cleared(opened, *pair) for pair in (known if everything else [(person or "", other or "")])]
        for text in gone:
            say(f"forgotten: {text}")
    if not gone:
        say("no pair is remembered")


def _cleared(opened: "Attendance", one: str | int, other: str | int) -> str:
    """Forget a pair; what it was, in words."""
    pair = opened.gallery.clear_lookalike(one, other, at=opened.clock.utc(), by=opened.actor.name)
    people = map(opened.gallery.find, (pair.first_id, pair.second_id))
    return f"{' and '.join(f'{each.name} ({each.external_id})' for each in people)}, score {pair.score:.3f}"


def _pairs(gallery: "Gallery") -> list[dict[str, Any]]:
    from attendance.records import instant

    people = {each.id: each for each in gallery.people(active=None)}
    found = []
    for pair in gallery.lookalikes():
        one, two = people[pair.first_id], people[pair.second_id]
        found.append(
            {
                "id": one.external_id,
                "name": one.name,
                "other_id": two.external_id,
                "other_name": two.name,
                "score": round(pair.score, 6),
                "since": instant(pair.created),
                "active": one.active and two.active,
            }
        )
    return found
