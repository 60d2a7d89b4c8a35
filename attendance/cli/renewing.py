"""A new encoder or detector came: people whose crops are kept go on being recognised, without a photo."""

from typing import TYPE_CHECKING

from attendance.cli.output import progress, say
from refusal import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attendance.app import Attendance


def renew(app: "Attendance") -> None:
    """Make templates of the present encoder and detector for whoever has a kept crop alone; those of before stay.

    They stay for whoever goes back; `gallery reembed --drop-old` deletes them. One query where there is nobody.
    """
    if not app.renewal.is_needed():
        return
    run = app.renewal.run(app.actor, lacking=True)
    with progress("Embedding", run.total) as advance:
        for _ in run:
            advance()
    failed = f", {run.failed} could not be used" if run.failed else ""
    verb, them = ("is", "it") if len(run.news) == 1 else ("are", "them")
    refused = f", {counted(run.refused, 'is', 'are')} of people who have not agreed" if run.refused else ""
    made = counted(run.made, "template was", "templates were")
    say(f"{_listed(run.news)} {verb} new here: {made} made from kept crops{failed}{refused}")
    left = app.upkeep.stats().without_template
    if left:
        who = counted(left, "person has", "people have")
        say(f"{who} no template made with {them}: they are not recognised until a photo is enrolled again")


def _listed(news: "Sequence[str]") -> str:
    *first, last = news
    return f"{', '.join(first)} and {last}" if first else last
