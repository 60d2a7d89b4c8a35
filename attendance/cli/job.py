"""attendance job: the long work that the service does or has done, and how far it is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import reading
from attendance.cli.output import json_line, line, printable, records, say
from attendance.records import instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.services.jobs import JobFile

COLUMNS = ("number", "kind", "by", "state", "done", "total", "begun", "ended", "told")

app = typer.Typer(help="Long work of the service: what runs, how far it is, and how it ended.", no_args_is_help=True)


@app.command("list", epilog=options.EXIT_CODES)
def list_(
    *,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000, metavar="NUMBER")] = 50,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List the latest jobs, newest first."""
    with reading(home) as opened:
        found = [_row(each) for each in opened.jobs.all(limit=limit)]
    records(found if as_json else [{**each, "told": _words(each["told"])} for each in found],
            as_json=as_json, columns=COLUMNS)  # fmt: skip
    if not found:
        say("the service has done no long work yet")


@app.command(epilog=options.EXIT_CODES)
def show(
    number: Annotated[int, typer.Argument(help="The job's number, see 'job list'.", metavar="NUMBER")],
    *,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Show a job, why it failed, and the files that it has made, which are kept for a day."""
    with reading(home) as opened:
        row = _row(opened.jobs.numbered(number))
        files, problem = opened.jobs.files(number), opened.jobs.problem(number)
        place: Callable[[JobFile], str] = lambda each: str(opened.jobs.file(number, each.name))  # noqa: E731
        paths = [place(each) for each in files]
    if as_json:
        line(json_line({"schema": 1, **row, "problem": problem, "files": paths}))
        return
    for name in COLUMNS:
        told = _words(row[name]) if name == "told" else row[name]
        line(printable(f"{name:7} {'' if told is None else told}".rstrip()))
    for text in [f"problem {problem}"] if problem else []:
        line(printable(text))
    for path in paths:
        line(printable(f"file    {path}"))


def _row(job: Any) -> dict[str, Any]:
    return {
        "number": job.id,
        "kind": job.kind,
        "by": job.by,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "begun": instant(job.begun),
        "ended": None if job.ended is None else instant(job.ended),
        "told": job.told,
    }


def _words(told: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())
