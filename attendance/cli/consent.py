"""attendance consent: who has agreed to what; give, withdraw, list, texts, forms."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import confirm, json_line, line, records, say
from refusal import counted

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.services.consents import Agreed, Purpose, Withdrawn

COLUMNS = ("id", "name", "groups", "face", "photo", "unknown", "until", "templates")
WORDS = ("at", "purpose", "granted", "given_by", "giver", "method", "until", "by", "reason")
TEXTS = ("number", "version", "language", "sha256", "entered", "by")

app = typer.Typer(
    help="Who has agreed that their face is kept: give, withdraw, list, texts, forms.", no_args_is_help=True
)
text = typer.Typer(help="The texts by which people are asked.", no_args_is_help=True)
app.add_typer(text, name="text", epilog=options.EXIT_CODES)


class For(StrEnum):
    """What somebody agrees to."""

    FACE = "face"
    PHOTO = "photo"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """By what right a face is kept."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LAW = "law"


Purposes = Annotated[
    list[For] | None,
    typer.Option(
        "--for",
        help="face (be recognised), photo (the face is kept) or unknown (faces that wait are kept); may be repeated.",
        show_default=False,
    ),
]
Paper = Annotated[
    Path | None, typer.Option(help="The signed paper as a file; its SHA-256 alone is kept.", metavar="FILE")
]
Until = Annotated[str | None, typer.Option(help="Last day on which it holds; else until withdrawn.", metavar="DAY")]
Language = Annotated[str, typer.Option(help="Language: en, de, or that of a text of your own.", metavar="CODE")]


def agreed(
    opened: "Attendance",
    given_by: options.GivenBy | None,
    giver: str | None = None,
    paper: Path | None = None,
    until: str | None = None,
    purposes: list[For] | None = None,
    basis: str = "consent",
) -> "Agreed | None":
    """What the flags of a command say that somebody has agreed to; None without ``given_by``."""
    from attendance.services.consents import Agreed, paper_digest

    if given_by is None:
        given = {"--giver": giver, "--paper": paper, "--until": until, "--for": purposes}
        for flag, value in given.items():
            if value:
                raise typer.BadParameter("goes with --consent self or --consent guardian", param_hint=flag)
        return None
    day = options.day_of(until, "--until")
    return Agreed(
        _purposes(purposes) or ("face",),
        given_by.value,
        giver or "",
        "spoken" if paper is None else "paper",
        None if paper is None else paper_digest(paper),
        None if day is None else opened.consents.until(day),
        basis=basis,  # type: ignore[arg-type]  # one of `Basis`
    )


def _purposes(given: list[For] | None) -> "tuple[Purpose, ...]":
    return tuple(each.value for each in given or ())


@app.command(epilog=options.EXIT_CODES)
def give(
    person: options.Person,
    *,
    by: Annotated[options.GivenBy, typer.Option("--by", help="Who agrees: self or guardian.")] = options.GivenBy.SELF,
    giver: Annotated[str | None, typer.Option(help="Name of the guardian.", metavar="NAME")] = None,
    paper: Paper = None,
    until: Until = None,
    purposes: Purposes = None,
    basis: Annotated[Basis, typer.Option(help="Consent, or a contract or law in its place.")] = Basis.CONSENT,
    home: options.Home = None,
) -> None:
    """Record that a person, or their guardian, has agreed; without --for to being recognised alone."""
    with changing(home) as opened:
        said = agreed(opened, by, giver, paper, until, purposes, basis.value)
        if said is not None:
            found = opened.consents.give(opened.actor, person, said)
            say(f"recorded: {found.person.name} ({found.person.external_id}) agrees to {', '.join(said.purposes)}")


@app.command(epilog=options.EXIT_CODES)
def withdraw(
    person: options.Person,
    *,
    purposes: Purposes = None,
    reason: Annotated[str, typer.Option(help="Why, if they said so; none is needed.", metavar="TEXT")] = "",
    by: Annotated[
        options.GivenBy, typer.Option("--by", help="Who withdraws: self or guardian.")
    ] = options.GivenBy.SELF,
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Take consent back: the face is known no more at once, templates and faces are erased; marks stay.

    Without --for all of it. PIN, QR code and badge go on counting; where there is none, give one.
    """
    from attendance.services.consents import PURPOSES

    wanted = _purposes(purposes) or PURPOSES
    with changing(home) as opened:
        who = opened.people.find(person)
        question = f"Erase what is kept of the face of {who.name} ({who.external_id}) for {', '.join(wanted)}?"
        confirm(question, yes=yes)
        done = opened.consents.withdraw(opened.actor, who.id, wanted, reason=reason, given_by=by.value)
        _told(done)


def _told(done: "Withdrawn") -> None:
    who = f"{done.person.name} ({done.person.external_id})"
    say(f"withdrawn: {who}, {', '.join(done.purposes)}; erased: templates {done.templates}, faces {done.faces}")
    if not done.erased:
        say("another program is reading this home; the last traces go when the next writing command starts")
    if done.held:
        say("a hold keeps what else is known of them; templates and faces are erased all the same")
    if done.ways:
        say(f"they go on with: {', '.join(done.ways)}")
    elif "face" in done.purposes:
        ident = done.person.external_id
        say(f"they have no PIN, QR code or badge yet: 'attendance credential pin {ident}' gives one")


@app.command(epilog=options.EXIT_CODES)
def show(person: options.Person, *, as_json: options.Json = False, home: options.Home = None) -> None:
    """Show what a person has agreed to, and all that was said, the latest last."""
    from attendance.services.consents import word_row

    with reading(home) as opened:
        standing, said = opened.consents.of(person)
    rows = [word_row(each) for each in said]
    if as_json:
        line(json_line({"schema": 1, **standing.to_dict(), "words": rows}))
        return
    for row, word in zip(rows, said, strict=True):
        row["until"] = opened.consents.last_day(word)
    stands = ", ".join(f"{each} {standing.state(each)}" for each in ("face", "photo", "unknown"))
    say(f"{standing.person.name} ({standing.person.external_id}): {stands}")
    records(rows, as_json=False, columns=WORDS, whole=("giver", "reason"))


@app.command("list", epilog=options.EXIT_CODES)
def list_(
    *,
    group: options.Group = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only who has not answered.")] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List active people with what they have agreed to: yes, no, over, or unanswered."""
    with reading(home) as opened:
        found = opened.consents.missing(group) if missing else opened.consents.all(group)
        asks = opened.consents.asks
    rows = [each.to_dict() for each in found]
    if not as_json:
        for row, each in zip(rows, found, strict=True):
            face = each.words.get("face")
            row["until"] = None if face is None else opened.consents.last_day(face)
    records(rows, as_json=as_json, columns=COLUMNS, whole=("name",))
    if not as_json:
        say("no template is made before a person agrees" if asks else "people are not asked: see require_consent")


@app.command(epilog=options.EXIT_CODES)
def texts(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the texts that people were shown, by number, version and language."""
    from attendance.records import instant

    with reading(home) as opened:
        found = opened.consent_texts.all()
    rows: list[dict[str, Any]] = [
        {
            "number": each.id,
            "version": each.version,
            "language": each.language,
            "sha256": each.sha256,
            "entered": instant(each.entered),
            "by": each.by,
            **({"body": each.body} if as_json else {}),
        }
        for each in found
    ]
    records(rows, as_json=as_json, columns=TEXTS)
    if not rows and not as_json:
        say("nobody was asked yet; the shipped texts in en and de are used")


@text.command("add", epilog=options.EXIT_CODES)
def add(
    version: Annotated[str, typer.Argument(help="What it is called, such as 2026-1.", metavar="VERSION")],
    file: Annotated[Path, typer.Argument(help="The text, UTF-8; # begins its title, ## a heading, - a point.")],
    *,
    language: Language = "en",
    home: options.Home = None,
) -> None:
    """Enter a text of your own, by which people are asked from now on; it is never changed afterwards."""
    from attendance.errors import SourceMissing

    try:
        body = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceMissing(str(file), f"it cannot be read as text: {error}") from error
    with changing(home) as opened:
        made = opened.consent_texts.add(opened.actor, version, language, body)
        say(f"entered: text {made.id}, version {made.version} in {made.language}")


@text.command("show", epilog=options.EXIT_CODES)
def show_text(*, language: Language = "en", home: options.Home = None) -> None:
    """Print the text by which people are asked now."""
    with changing(home) as opened:
        line(opened.consent_texts.now(language).body.rstrip("\n"))


@app.command(epilog=options.EXIT_CODES)
def form(
    file: Annotated[Path, typer.Argument(help="A new PDF file, one page a person.", metavar="FILE")],
    people: Annotated[list[str] | None, typer.Argument(help="Ids or exact names.", metavar="[PERSON]...")] = None,
    *,
    group: Annotated[str | None, typer.Option(help="For the people of this group.", metavar="NAME")] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only who has not answered.")] = False,
    address: Annotated[
        str, typer.Option(help="The address of the service, for the QR codes, https://NAME.", metavar="URL")
    ] = "",
    language: Language = "en",
    by: Annotated[
        options.GivenBy, typer.Option("--by", help="Who answers: self or guardian.")
    ] = options.GivenBy.GUARDIAN,
    days: Annotated[int, typer.Option(help="Days in which it can be answered.")] = 30,
    revoke: Annotated[bool, typer.Option("--revoke", help="Make none; take back those not answered yet.")] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Make forms to print: each has a QR code by which the answer finds its person; an earlier one ends.

    FILE comes first, then the people. With --json the codes are printed, too; they are not told again.
    """
    with changing(home) as opened:
        whom = _whom(opened, people or [], group, missing=missing)
        if revoke:
            count = sum(opened.consent_forms.revoke(opened.actor, each) for each in whom)
            say(f"taken back: {counted(count, 'form')}")
            return
        made = opened.consent_forms.write(
            opened.actor, whom, file, address, language=language, given_by=by.value, days=days
        )
    if as_json:
        records([each.to_dict() for each in made], as_json=True, columns=())
    if not address:
        say("the QR codes hold the code alone; --address https://NAME makes telephones open the page for the answer")
    told = f"{counted(len(made), 'form')} to {file}; {'it' if len(made) == 1 else 'they'} can be answered"
    say(f"written: {told} for {counted(days, 'day')}")


def _whom(opened: "Attendance", people: list[str], group: str | None, *, missing: bool) -> list[int]:
    found = [opened.people.find(each).id for each in people]
    if group is None and not missing:
        if not found:
            raise typer.BadParameter("name people, or a --group, or --missing", param_hint="PERSON")
        return found
    of_group = opened.consents.missing(group) if missing else opened.consents.all(group)
    wanted = [each.person.id for each in of_group]
    return [each for each in wanted if each in found] if found else wanted


@app.command(epilog=options.EXIT_CODES)
def enter(
    person: options.Person,
    code: Annotated[str, typer.Argument(help="The code that is printed on their form.", metavar="CODE")],
    *,
    yes_to: Annotated[list[For] | None, typer.Option("--yes-to", help="What they agree to; may be repeated.")] = None,
    giver: Annotated[str, typer.Option(help="Who has signed it.", metavar="NAME")] = "",
    paper: Paper = None,
    until: Until = None,
    home: options.Home = None,
) -> None:
    """Enter a form that came back on paper; what --yes-to does not name is a no.

    The code and the person must belong together. A no erases what was kept for it.
    """
    from attendance.services.consents import paper_digest

    day = options.day_of(until, "--until")
    granted = set(_purposes(yes_to))
    with changing(home) as opened:
        ends = None if day is None else opened.consents.until(day)
        digest = None if paper is None else paper_digest(paper)
        answers: dict[Any, bool] = {each: each in granted for each in opened.consent_forms.asked(code)}
        done = opened.consent_forms.enter(
            opened.actor, person, code, answers, giver=giver, document_sha256=digest, until=ends
        )
        who = opened.people.find(person)
        told = ", ".join(each for each, agrees in answers.items() if agrees) or "nothing"
        say(f"entered: {who.name} ({who.external_id}) agrees to {told}")
        if done is not None and (done.templates or done.faces):
            _told(done)
