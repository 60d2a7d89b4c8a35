"""attendance gallery vectors: the unsealed vectors of a server that searches them itself."""

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import confirm, say
from refusal import counted

app = typer.Typer(help="Vectors that the database server searches itself: count them, drop them.", no_args_is_help=True)


@app.command(epilog=options.EXIT_CODES)
def show(*, home: options.Home = None) -> None:
    """Tell how many vectors lie on the server unsealed; there are none unless search_plan is pgvector."""
    with reading(home) as opened:
        count = opened.upkeep.vectors()
    if count is None:
        say("no vector lies on a server: the templates are sealed wherever they are")
    else:
        lie = counted(count, "vector lies", "vectors lie")
        say(f"{lie} on the server unsealed, for whoever owns the database or reads a copy of it")


@app.command(epilog=options.EXIT_CODES)
def drop(*, yes: options.Yes = False, home: options.Home = None) -> None:
    """Delete all vectors from the server; the sealed templates stay, and are searched in memory."""
    with changing(home) as opened:
        if opened.settings.search_plan == "pgvector":
            confirm("search_plan is pgvector, which makes them again at the next search. Delete them now?", yes=yes)
        say(f"deleted from the server: {counted(opened.upkeep.drop_vectors(opened.actor), 'vector')}")
