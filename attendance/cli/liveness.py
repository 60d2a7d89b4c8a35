"""attendance liveness: what telling faces from pictures of them is worth before your own camera."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import confirm, json_line, line, printable, say
from refusal import Refusal, counted

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.scope import Scope
    from attendance.services.livenessguide import Kept
    from attendance.services.livenessmeasure import Means, Measured

MOST_EACH = 1000
USUAL = "print,cutout,bent,phone,tablet,screen"
"""The species of `attendance.liveness.measuring`, which is not loaded for --help."""
app = typer.Typer(
    help="Telling faces from pictures of them: measure what it is worth before your own camera, and show it.",
    no_args_is_help=True,
)

Place = Annotated[str | None, typer.Option(help="The place that is measured, by its name.", metavar="NAME")]


@app.command(epilog=options.EXIT_CODES)
def measure(
    *,
    place: Place = None,
    camera: Annotated[
        str | None, typer.Option(help="Its camera, where that is another than the place's.", metavar="ADDRESS")
    ] = None,
    films: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Films of presentations in place of a camera: print-01.mp4, live-anna-01.mp4.",
            metavar="FOLDER",
        ),
    ] = None,
    each: Annotated[
        int, typer.Option(help="Presentations of each person and of each species.", min=1, max=MOST_EACH, metavar="N")
    ] = 10,
    species: Annotated[
        str | None,
        typer.Option(help=f"What is held up: {USUAL}, or names of your own.", metavar="NAMES"),
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="How long one presentation is.", min=1, max=60, metavar="SECONDS")
    ] = 5.0,
    group: options.Group = None,
    setting: options.Set = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Present people and pictures to a camera, step by step, and tell how many were taken for what.

    It takes about ten minutes and adults who have agreed to take part. No picture is kept; what is kept of a place is
    an entry of the log with counts, settings and the camera's address, and no name. Figures are those of ISO/IEC
    30107-3, with exact 95 % bounds.
    """
    if place is None and camera is None and films is None:
        raise typer.BadParameter("say --place NAME, --camera ADDRESS or --from FOLDER", param_hint="--place")
    if films is not None and camera is not None:
        raise typer.BadParameter("give either a camera or films", param_hint="--from")
    wanted = _species(species)
    with changing(home, options.flags(setting), preload=True) as opened:
        place = place or _place_of(opened, camera)
        scope = _scope(opened, place, group)
        if not len(opened.gallery.people(active=True)):
            say("nobody is enrolled: whether pictures are recognised cannot be measured")
        if films is None:
            kept, where, means = _guided(opened, scope, place, camera, (wanted, each, seconds), yes=yes)
            problems = 0
        else:
            kept, problems = _filmed(opened, scope, films, wanted if species else None)
            where, means = "films", "films"
        _tell(opened, kept, place, where, means, as_json=as_json)
    if problems or not kept.presentations or kept.interrupted:
        raise typer.Exit(130 if kept.interrupted else 1)


@app.command(epilog=options.EXIT_CODES)
def show(*, place: Place = None, as_json: options.Json = False, home: options.Home = None) -> None:
    """Show the last measurement of a place, or of every place."""
    from attendance.services.livenessfigures import lines, plain

    with reading(home) as opened:
        name = None if place is None else opened.places.find(place).place.name
        found = [each for each in opened.liveness_measures.states() if name in {None, each.place.name}]
    for state in found:
        if state.measured is None:
            say(f"{state.place.name}: never measured; 'attendance liveness measure --place NAME' does it")
        elif as_json:
            line(json_line({**plain(state.measured, state.place.name), "outdated": list(state.outdated)}))
        else:
            line(printable(state.place.name))
            for text in lines(state.measured):
                line(printable(text))
        for why in state.outdated:
            say(f"{state.place.name}: measured {why}; measure anew")
    if not found:
        say("no place in use: 'attendance place add NAME ADDRESS' adds one")


def _species(given: str | None) -> tuple[str, ...]:
    """The kinds of pictures asked for, each once."""
    from attendance.liveness.measuring import GENUINE, SPECIES, species_name

    if given is None:
        return tuple(SPECIES)
    try:
        found = tuple(dict.fromkeys(species_name(each) for each in given.split(",") if each.strip()))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--species") from None
    if not found or not set(found).isdisjoint(GENUINE):
        raise typer.BadParameter("name kinds of pictures, such as print,phone", param_hint="--species")
    return found


def _place_of(opened: "Attendance", camera: str | None) -> str | None:
    """The place that is meant by a camera's name, where that is one's."""
    found = None if camera is None else opened.places.camera(camera)[0]
    return None if found is None else found.name


def _scope(opened: "Attendance", place: str | None, group: str | None) -> "Scope":
    found = None if place is None else opened.places.in_use(place)
    return opened.scope(group=group, place=found, dry_run=True)


def _guided(
    opened: "Attendance",
    scope: "Scope",
    place: str | None,
    camera: str | None,
    wanted: "tuple[tuple[str, ...], int, float]",
    *,
    yes: bool,
) -> "tuple[Kept, str, Means]":
    """The measurement before a camera, and how that is called."""
    from attendance.services.livenessguide import Guide, door_of, plan_of

    _, address = opened.places.camera(camera or place or "")
    plan = plan_of(opened.settings, *wanted)
    _begin(plan.minutes, wanted, place)
    confirm("Are all who take part adults, and have they agreed to it?", yes=yes)
    door = door_of(address, opened.settings, opened.clock)
    return Guide(opened.desk, scope, door, plan, say=say, ask=_ask).run(), address.shown, "camera"


def _begin(minutes: int, wanted: "tuple[tuple[str, ...], int, float]", place: str | None) -> None:
    """What will be done, said before it begins."""
    species, each, seconds = wanted
    kinds = counted(len(species), "kind")
    say(f"{each} presentations of each person and of {kinds} of pictures ({', '.join(species)}), {seconds:g} s each,")
    say(f"about {counted(minutes, 'minute')} with one person; s passes over what you have not at hand.")
    say("One types, and the other stands before the camera.")
    say("Who takes part must be adult and have agreed, and so must those whose pictures are held up; let nobody else")
    say("pass meanwhile. Nobody is marked and no picture is kept: rulings and numbers of the cues alone are shown, and")
    say("counts and settings are kept" + (" nowhere, as no place is named." if place is None else " in the log."))


def _ask(question: str) -> str | None:
    """What is typed after a question; None at the end of what is typed."""
    with suppress(OSError):
        sys.stderr.write(f"{printable(question)}: ")
        sys.stderr.flush()
    return sys.stdin.readline() or None


def _filmed(opened: "Attendance", scope: "Scope", folder: Path, wanted: Sequence[str] | None) -> "tuple[Kept, int]":
    """The presentations of films, and how many films could not be used."""
    from attendance.liveness.measuring import GENUINE
    from attendance.services.livenessfilms import films_in, presented
    from attendance.services.livenessguide import Kept, in_words

    found, kept, problems = films_in(folder), Kept(), 0
    films = [each for each in found.films if wanted is None or each.species in {*wanted, *GENUINE}]
    for path in found.passed_over:
        say(f"passed over, no film that names a species: {path.name}")
    for film in films:
        try:
            seen = presented(opened.desk, scope, film, opened.settings)
        except Refusal as error:
            problems += 1
            kept.whole = False
            say(error.line)
            continue
        except KeyboardInterrupt:
            kept.whole, kept.interrupted = False, True
            break
        kept.add(film.species, film.person, seen)
        say(f"{film.path.name}: {in_words(seen)}")
    return kept, problems


def _tell(opened: "Attendance", kept: "Kept", place: str | None, camera: str, means: "Means", *, as_json: bool) -> None:
    """Print the figures, and keep them where they are of a place."""
    from attendance.services.livenessfigures import lines, plain

    if not kept.presentations:
        say("nothing was measured, and nothing is kept")
        return
    measures = opened.liveness_measures
    found: Measured = measures.made(kept.counts(), camera=camera, means=means, whole=kept.whole)
    if place is not None:
        found = measures.keep(opened.actor, place, found)
    if as_json:
        line(json_line(plain(found, place)))
    else:
        for text in lines(found):
            line(printable(text))
    if place is None:
        say("not kept, as no place is named: 'attendance place add NAME ADDRESS', then measure with --place NAME")
    else:
        say("kept in the log: 'attendance liveness show' shows it again")
