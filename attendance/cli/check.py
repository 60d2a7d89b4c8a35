"""attendance check: who is in these pictures, or before this camera? Marks who is present."""

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.mark import say_zone_warning
from attendance.cli.opening import reading, watching, writing
from attendance.cli.output import DecisionPrinter, say
from attendance.cli.renewing import renew
from attendance.cli.review import say_waiting
from attendance.cli.tally import Tally
from refusal import Refusal

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.app import Attendance
    from attendance.cameras import Address
    from attendance.faults import Problem
    from attendance.linking import Linked
    from attendance.records import Decision
    from attendance.scope import Scope
    from attendance.services.outlook import Outlook
    from attendance.show.outlet import Outlet

ENOUGH_DIGITS = 100
CALCULATED = 3.0
"""How many times the strangers that are promised the count alone must allow before people are told so."""


def check(
    source: Annotated[list[Path] | None, typer.Argument(help="Pictures, folders, videos.")] = None,
    *,
    camera: Annotated[
        str | None,
        typer.Option(help="Name of a place, device number, rtsp:// or http:// address, or video file played as one."),
    ] = None,
    session: options.Session = None,
    day: Annotated[
        str | None, typer.Option(help="Mark for this day, YYYY-MM-DD, on which the files were made.", metavar="DAY")
    ] = None,
    covers: Annotated[
        str | None,
        typer.Option(
            help="With --day: the time of the day that the files show, 08:00-08:15; who is not seen was absent then.",
            metavar="TIME-TIME",
        ),
    ] = None,
    group: options.Group = None,
    direction: options.Direction = None,
    target_fpir: Annotated[
        str | None,
        typer.Option(help="Share of strangers that may be taken for somebody: 0.003 or 0.3%.", metavar="SHARE"),
    ] = None,
    match_threshold: Annotated[
        float | None, typer.Option(help="Score a mark needs, instead of the computed one.", metavar="SCORE")
    ] = None,
    dry_run: options.DryRun = False,
    annotate: Annotated[
        Path | None, typer.Option(help="Write pictures with boxes and names to this file or folder.", metavar="OUT")
    ] = None,
    window: Annotated[bool, typer.Option("--window/--no-window", help="Show the camera's picture.")] = True,
    header: Annotated[
        bool, typer.Option("--header/--no-header", help="Name the columns above the lines of a piped check.")
    ] = True,
    site: Annotated[
        str | None,
        typer.Option(help="Look for the people of this site; else of the setting 'site'.", metavar="NAME"),
    ] = None,
    setting: options.Set = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Judge every face and mark who is present.

    One line a face: present (marked), already (marked before in this session, going the same way), review (a
    person must look), unknown (nobody enrolled is close enough), refused (the face cannot be judged). Piped, the
    lines are CSV: source, decision, name, id, score, reasons, below a header that --no-header leaves out.
    """
    if bool(source) == (camera is not None):
        raise typer.BadParameter("give either files and folders, or --camera", param_hint="SOURCE")
    _refuse_addresses(source or [])
    if day is not None and camera is not None:
        raise typer.BadParameter("a camera sees the present day", param_hint="--day")
    if covers is not None and camera is not None:
        raise typer.BadParameter("a camera shows the time at which it looks", param_hint="--covers")
    session = options.session_or_day(session, day)
    given = options.flags(setting, target_fpir=target_fpir, match_threshold=match_threshold, site=site)
    opening = reading if dry_run else writing
    with ExitStack() as stack:
        if camera is not None and not dry_run:
            linked = stack.enter_context(watching(home, given, preload=True))
        else:
            opened = stack.enter_context(opening(home, given, preload=True))
            from attendance.linking import Linked  # what takes long to import does so while the models load

            linked = Linked(opened)
        from attendance.register.directions import direction_of

        app = linked.app
        emit = DecisionPrinter(as_json=as_json, header=header)
        say_zone_warning(app)
        if not dry_run and app.offline is None:
            renew(app)
        if camera is None:
            scope = app.scope(session, group, direction=direction_of(direction), dry_run=dry_run)
            shown = None if covers is None else app.coverings.shown(covers, session)
            announce(app.outlooks.of(scope))
            code = _files(app, source or [], scope, annotate=annotate, emit=emit, covers=shown)
        else:
            way = direction_of(direction)
            address, scope = app.scopes.before(camera, session, group, direction=way, dry_run=dry_run)
            code = _camera(linked, address, scope, annotate=annotate, window=window, emit=emit)
    if code:
        raise typer.Exit(code)


def _refuse_addresses(sources: list[Path]) -> None:
    """Say so where somebody gives an address as a file: a camera's would be told to be missing, password and all."""
    suspects = [source for source in sources if set(":=") & set(str(source))]
    if not suspects:
        return  # most often, and the cameras' modules take a twentieth of a second to import
    from attendance.cameras import hidden

    for source in suspects:
        if hidden(str(source)) != str(source) and not source.exists():
            raise typer.BadParameter("this is the address of a camera: give it with --camera", param_hint="SOURCE")


def announce(outlook: "Outlook") -> None:
    """Say what will be judged by: encoder, people, threshold, and what that means."""
    policy = outlook.policy
    people = f"{policy.gallery_size} {'person' if policy.gallery_size == 1 else 'people'}"
    head = f"encoder {outlook.encoder} · {people} · threshold {policy.threshold:.3f}"
    origin = "set by hand" if policy.overridden else f"for a target FPIR of {policy.target_fpir:.2%}"
    counted = f" (calculated; counting alone allows up to {_per_thousand(outlook.most)})"
    rests = counted if outlook.most > CALCULATED * outlook.fpir else ""
    say(f"{head} {origin}: of 1,000 strangers about {_per_thousand(outlook.fpir)} would be taken for somebody{rests}")
    if outlook.why_nobody is not None and not policy.overridden:
        say(f"{outlook.why_nobody}; everybody will be unknown")


def _per_thousand(share: float) -> str:
    return f"{share * 1000:.2g}" if share * 1000 < ENOUGH_DIGITS else f"{share * 1000:.0f}"


def _files(
    app: "Attendance",
    sources: list[Path],
    scope: "Scope",
    *,
    annotate: Path | None,
    emit: DecisionPrinter,
    covers: "tuple[datetime, datetime] | None" = None,
) -> int:
    from attendance.services.checking import Hooks, silent

    tally, begun = Tally(), app.clock.monotonic()

    def complain(problem: "Problem") -> None:
        tally.problem(problem)
        say(problem.line)

    outlet = None if annotate is None else _outlet(annotate, sources)
    picture, video = (None, silent) if outlet is None else (outlet.picture, outlet.video)
    hooks = Hooks(complain, picture, say, tally.source, video)
    for decision in app.checks.run(app.actor, sources, scope, hooks, covers=covers):
        tally.decision(decision)
        emit(decision)
    emit.head()
    say(tally.line(app.clock.monotonic() - begun))
    if tally.decisions["review"] and not scope.dry_run:
        say_waiting(app)
    if not scope.dry_run and app.coverings.is_untold(scope.session):
        say(
            "when these files were made is not known, so nobody counts as absent by them: --covers 08:00-08:15 tells it"
        )
    return 1 if tally.problems else 0


def _outlet(annotate: Path, sources: list[Path]) -> "Outlet":
    from attendance.show.outlet import Outlet

    return Outlet(annotate, sources)


def _camera(
    linked: "Linked",
    camera: "Address",
    scope: "Scope",
    *,
    annotate: Path | None,
    window: bool,
    emit: DecisionPrinter,
) -> int:
    from attendance.services.watching import run_camera

    tally = Tally()

    def told(decision: "Decision") -> None:
        tally.decision(decision)
        emit(decision)

    try:
        with linked.watched(scope, say) as desk:
            run_camera(desk, camera, scope, window=window, annotate=annotate, emit=told, status=say, stop=lambda: False)
    finally:  # Ctrl-C is how most end
        if tally.decisions["review"] and not scope.dry_run:
            with suppress(Refusal):
                say_waiting(linked.app)
    return 0
