"""attendance gallery: who is enrolled, and what is known of them."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import lookalikes, options, vectors
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import confirm, json_line, line, progress, records, say
from attendance.privacy_errors import ErasureTraces
from refusal import counted

if TYPE_CHECKING:
    from attendance.services.leaving import Stands

PASSPHRASE_ENV = "ATTENDANCE_PASSPHRASE"  # noqa: S105 - the name of a variable
COLUMNS = ("id", "name", "groups", "templates", "created", "active")

app = typer.Typer(help="Who is enrolled: list, add, show, rename, remove, merge, export.", no_args_is_help=True)
app.add_typer(lookalikes.app, name="lookalikes")
app.add_typer(vectors.app, name="vectors")


@app.command("list", epilog=options.EXIT_CODES)
def list_(
    *,
    group: options.Group = None,
    site: options.Site = None,
    everybody: Annotated[bool, typer.Option("--all", help="Also those who were set inactive.")] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List the people enrolled."""
    from attendance.services.people import person_row
    from attendance.services.sites import of_site

    with reading(home) as opened:
        found = opened.people.all(group, gone_too=everybody)
        if site is not None:
            found = of_site(found, opened.sites.at(site))
        records([person_row(each) for each in found], as_json=as_json, columns=COLUMNS)


@app.command(epilog=options.EXIT_CODES)
def add(
    name: Annotated[str, typer.Argument(help="What they are called.", metavar="NAME")],
    *,
    ident: Annotated[
        str | None, typer.Option("--id", help="Their id; else one is made up.", metavar="ID", show_default=False)
    ] = None,
    groups: options.Groups = None,
    home: options.Home = None,
) -> None:
    """Enter somebody without a photo: to ask for consent first, or for PIN, QR code, badge and marks by hand."""
    from attendance.services.admission import Newcomer
    from attendance.services.enrolment import Rules

    with writing(home) as opened:
        who = Newcomer(name, ident, tuple(groups or ()))
        made = opened.admission.add(opened.actor, who, (), None, Rules()).person
        if made is not None:
            say(f"entered: {made.name} ({made.external_id}), {', '.join(made.groups) or 'no group'}, without a photo")


@app.command(epilog=options.EXIT_CODES)
def show(person: options.Person, *, as_json: options.Json = False, home: options.Home = None) -> None:
    """Show a person: templates and their quality, look-alikes, and who else comes closest."""
    with reading(home) as opened:
        found = opened.portraits.of(person)
    if as_json:
        line(json_line(found.to_dict()))
    else:
        for text in found.lines():
            line(text)


@app.command(epilog=options.EXIT_CODES)
def rename(
    person: options.Person,
    name: Annotated[str, typer.Argument(help="The new name.")],
    *,
    home: options.Home = None,
) -> None:
    """Give a person another name; the id stays."""
    with changing(home) as opened:
        found = opened.people.rename(opened.actor, person, name)
        say(f"{found.external_id} is now {found.name}")


@app.command(epilog=options.EXIT_CODES)
def remove(person: options.Person, *, yes: options.Yes = False, home: options.Home = None) -> None:
    """Remove a person with templates, marks and every other trace; dated backups keep theirs.

    Past reports lose them, too: for somebody who leaves, 'gallery deactivate' keeps those.
    """
    with changing(home) as opened:
        held = opened.people.holdings(person)
        found = held.person
        confirm(
            f"Remove {found.name} ({found.external_id}) with {_held(held.templates, held.marks)} out of "
            f"all past reports? 'attendance gallery deactivate {found.external_id}' would keep the marks.",
            yes=yes,
        )
        gone = opened.people.remove(opened.actor, found.id)
        say(f"removed {found.external_id}: {counted(gone.templates, 'template')}, {counted(gone.marks, 'mark')}")
        if not gone.erased:
            say("another program is reading this home; the last traces go when the next writing command starts")


@app.command(epilog=options.EXIT_CODES)
def erase(
    person: options.Person,
    *,
    proof: Annotated[Path, typer.Option(help="New file for the signed receipt.", metavar="FILE")],
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Remove a person, look through every file of the home for what was known of them, and write a signed receipt.

    Exit code 1 where a trace was found, or the last bytes cannot be overwritten yet; the receipt says where.
    """
    with changing(home) as opened:
        held = opened.people.holdings(person)
        found = held.person
        confirm(
            f"Erase {found.name} ({found.external_id}) with {_held(held.templates, held.marks)} out of "
            "all past reports?",
            yes=yes,
        )
        done = opened.erasing.erase(opened.actor, found.id, proof)
    for text in done.lines():
        say(text)
    if done.unwritten is not None:
        line(json_line(done.receipt))
        raise done.unwritten
    say(f"wrote {proof}")
    if not done.clean:
        raise ErasureTraces(str(proof), "something of the person is still in the home")


@app.command(epilog=options.EXIT_CODES)
def deactivate(
    person: options.Person,
    *,
    on: Annotated[str | None, typer.Option(help="First day without them, YYYY-MM-DD; else from now on.")] = None,
    home: options.Home = None,
) -> None:
    """Take somebody who leaves out of checks and of reports on later days; marks and templates stay."""
    with changing(home) as opened:
        _tell(opened.leaving.set_active(opened.actor, person, False, since=options.day_of(on, "--on")))


@app.command(epilog=options.EXIT_CODES)
def activate(
    person: options.Person,
    *,
    on: Annotated[str | None, typer.Option(help="First day with them again, YYYY-MM-DD; else from now on.")] = None,
    home: options.Home = None,
) -> None:
    """Take in somebody again who was set inactive."""
    with changing(home) as opened:
        _tell(opened.leaving.set_active(opened.actor, person, True, since=options.day_of(on, "--on")))


@app.command(epilog=options.EXIT_CODES)
def merge(
    person: options.Person,
    into: Annotated[str, typer.Argument(help="Id or name of the person who stays.")],
    *,
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Give a person's templates and marks to another one, who stays."""
    with changing(home) as opened:
        gone, heir = opened.people.find(person), opened.people.find(into)
        question = f"Merge {gone.name} ({gone.external_id}) into {heir.name} ({heir.external_id})?"
        confirm(question, yes=yes)
        merged = opened.people.merge(opened.actor, gone.id, heir.id)
        say(f"{merged.name} ({merged.external_id}) has {counted(merged.templates, 'template')} now")


@app.command(epilog=options.EXIT_CODES)
def group(
    person: options.Person,
    names: Annotated[list[str] | None, typer.Argument(help="All groups of the person; none takes them out.")] = None,
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="First day for which that counts, YYYY-MM-DD; else today.")
    ] = None,
    home: options.Home = None,
) -> None:
    """Set the groups of a person."""
    with changing(home) as opened:
        day = options.day_of(since, "--from")
        found = opened.people.put_in(opened.actor, person, names or [], since=day)
        say(f"{found.name} ({found.external_id}): {', '.join(found.groups) or 'no group'}")


@app.command(epilog=options.EXIT_CODES)
def stats(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """Count people, templates, groups, sessions and marks."""
    with reading(home) as opened:
        found = dataclasses.asdict(opened.upkeep.stats())
    if as_json:
        line(json_line({"schema": 1, **found}))
        return
    rows = [{"what": name.replace("_", " "), "count": _shown(value)} for name, value in found.items()]
    records(rows, as_json=False, columns=("what", "count"))


@app.command(epilog=options.EXIT_CODES)
def verify(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what needs nobody's decision; marks are never invented.")
    ] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Open every template and compare all tables; each defect comes with its repair."""
    with (changing if repair else reading)(home) as opened:
        found = opened.upkeep.repair(opened.actor) if repair else opened.upkeep.verify()
    rows = [{"problem": each.id, "where": each.where, "repair": each.repair} for each in found]
    if rows or as_json:
        records(rows, as_json=as_json, columns=("problem", "where", "repair"))
    say(f"{counted(len(rows), 'problem')}{' left' if repair else ''}" if rows else "no problem found")
    if rows:
        raise typer.Exit(1)


@app.command(epilog=options.EXIT_CODES)
def export(
    target: Annotated[Path, typer.Argument(help="The new archive file.")],
    *,
    templates: Annotated[
        bool, typer.Option("--templates", help="With the templates, sealed by a passphrase (asked for).")
    ] = False,
    person: Annotated[
        str | None,
        typer.Option(
            help="All that is kept of this person (id or exact name), to hand over to them; it is recorded.",
            metavar="PERSON",
        ),
    ] = None,
    home: options.Home = None,
) -> None:
    """Write people and groups to an archive, templates only sealed by a passphrase; or one person's own data."""
    if person is not None:
        if templates:
            raise typer.BadParameter("a person's own data have the templates in them", param_hint="--templates")
        _hand_over(person, target, home)
        return
    with changing(home) as opened:
        phrase = _new_passphrase() if templates else None
        opened.looks.at_people(opened.actor, templates=templates)
        done = opened.archives.export(target, passphrase=phrase)
    say(f"wrote {target}: {_facts(done)}")


def _hand_over(person: str, target: Path, home: str | None) -> None:
    with changing(home) as opened:
        done = opened.archives.person(opened.actor, person, target)
    who = f"{done.person.name} ({done.person.external_id})"
    say(f"wrote {target}, all of {who}: templates {done.templates}, marks {done.marks}, sightings {done.sightings}")
    if done.waiting:
        say(f"faces in it that may show other people: {done.waiting}; see 'attendance review list'")
    if done.damaged:
        say(f"templates and faces that do not open, and are not in it: {done.damaged}; see 'attendance gallery verify'")
        raise typer.Exit(1)


@app.command("import", epilog=options.EXIT_CODES)
def import_(
    source: Annotated[Path, typer.Argument(help="An archive made by 'gallery export'.")],
    *,
    templates: Annotated[bool, typer.Option("--templates", help="The archive is sealed by a passphrase.")] = False,
    home: options.Home = None,
) -> None:
    """Take in the people of an archive; what is here already stays as it is."""
    with writing(home) as opened:
        phrase = _passphrase() if templates else None
        done = opened.archives.take_in(opened.actor, source, passphrase=phrase)
    without = done.not_admitted
    say(f"read {source}: {_facts(dataclasses.replace(done, not_admitted=()))}")
    if without:
        say(f"came without templates, as they have not agreed to it ({len(without)}): {', '.join(without)}")
        raise typer.Exit(1)


@app.command(epilog=options.EXIT_CODES)
def reembed(
    *,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Delete the templates of other encoders and detectors afterwards.")
    ] = False,
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Make templates for the present encoder and detector from the kept crops of others; no photo is needed."""
    with changing(home) as opened:
        if drop_old:
            confirm("Delete the templates of all other encoders and detectors afterwards?", yes=yes)
        run = opened.renewal.run(opened.actor)
        with progress("Embedding", run.total) as advance:
            for _ in run:
                advance()
        made, failed = counted(run.made, "template"), counted(run.failed, "crop")
        say(f"{made} made, {counted(run.known, 'was', 'were')} there, {failed} could not be used")
        if run.refused:
            say(f"left as they are, as their people have not agreed to it: {counted(run.refused, 'crop')}")
        if drop_old and not run.failed:
            say(f"{counted(run.drop_old(), 'old template')} deleted")
    if run.failed:
        raise typer.Exit(1)


def _tell(found: "Stands") -> None:
    say(f"{found.person.name} ({found.person.external_id}) is {found.words}")


def _shown(value: Any) -> str:
    return ", ".join(f"{key}: {number}" for key, number in value.items()) if isinstance(value, dict) else str(value)


def _facts(done: Any) -> str:
    facts = dataclasses.asdict(done)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items() if value != ())


def _new_passphrase() -> str:
    """Of the environment, else typed twice."""
    from attendance.cli.key import new_passphrase

    return os.environ.get(PASSPHRASE_ENV) or new_passphrase("New passphrase, at least 12 characters")


def _passphrase() -> str:
    given = os.environ.get(PASSPHRASE_ENV)
    if given:
        return given
    phrase: str = typer.prompt("Passphrase", hide_input=True, err=True)
    return phrase


def _held(templates: int, marks: int) -> str:
    return f"{counted(templates, 'template')}, and {counted(marks, 'mark')}"
