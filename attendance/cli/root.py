"""All commands in one place."""

from functools import cache
from typing import Annotated, Any

import typer
from typer.main import get_command

from attendance.cli import (
    account,
    approve,
    audit,
    backup,
    backups,
    calendar,
    check,
    config,
    consent,
    coverage,
    credential,
    doctor,
    encoder,
    enroll,
    excuse,
    export,
    gallery,
    hold,
    home,
    job,
    key,
    liveness,
    mark,
    month,
    options,
    place,
    privacy,
    purge,
    receiver,
    report,
    review,
    roster,
    serve,
    session,
    site,
    timetable,
    token,
    train,
)

app = typer.Typer(
    help="Face attendance: one photo enrols a person, a file, folder, video or camera check marks them present.",
    epilog=options.EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,  # the plain form is twice as quick
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("attendance"))
        raise typer.Exit


@app.callback()
def main(
    *, version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False
) -> None:
    """Face attendance: one photo enrols a person, a file, folder, video or camera check marks them present."""


app.command(epilog=options.EXIT_CODES)(enroll.enroll)
app.command(epilog=options.EXIT_CODES)(check.check)
app.add_typer(gallery.app, name="gallery", epilog=options.EXIT_CODES)
app.add_typer(session.app, name="session", epilog=options.EXIT_CODES)
app.command(epilog=options.EXIT_CODES)(mark.mark)
app.command(epilog=options.EXIT_CODES)(mark.void)
app.command(epilog=options.EXIT_CODES)(mark.correct)
app.command(epilog=options.EXIT_CODES)(approve.approve)
app.add_typer(coverage.app, name="coverage", epilog=options.EXIT_CODES)
app.add_typer(review.app, name="review", epilog=options.EXIT_CODES)
app.command(epilog=options.EXIT_CODES)(report.report)
app.add_typer(place.app, name="place", epilog=options.EXIT_CODES)
app.add_typer(liveness.app, name="liveness", epilog=options.EXIT_CODES)
app.add_typer(site.app, name="site", epilog=options.EXIT_CODES)
app.add_typer(privacy.app, name="privacy", epilog=options.EXIT_CODES)
app.add_typer(receiver.app, name="receiver", epilog=options.EXIT_CODES)
app.add_typer(roster.app, name="roster", epilog=options.EXIT_CODES)
app.command(epilog=options.EXIT_CODES)(export.export)
app.add_typer(timetable.app, name="timetable", epilog=options.EXIT_CODES)
app.add_typer(calendar.app, name="calendar", epilog=options.EXIT_CODES)
app.add_typer(excuse.app, name="excuse", epilog=options.EXIT_CODES)
app.add_typer(month.app, name="month", epilog=options.EXIT_CODES)
app.command(epilog=options.EXIT_CODES)(serve.serve)
app.add_typer(account.app, name="account", epilog=options.EXIT_CODES)
app.add_typer(token.app, name="token", epilog=options.EXIT_CODES)
app.add_typer(credential.app, name="credential", epilog=options.EXIT_CODES)
app.add_typer(audit.app, name="audit", epilog=options.EXIT_CODES)
app.add_typer(consent.app, name="consent", epilog=options.EXIT_CODES)
app.command(epilog=options.EXIT_CODES)(backup.backup)
app.command(epilog=options.EXIT_CODES)(backup.restore)
app.add_typer(backups.app, name="backups", epilog=options.EXIT_CODES)
app.add_typer(home.app, name="home", epilog=options.EXIT_CODES)
app.add_typer(privacy.app, name="privacy", epilog=options.EXIT_CODES)
app.command(epilog=options.EXIT_CODES)(purge.purge)
app.add_typer(hold.app, name="hold", epilog=options.EXIT_CODES)
app.command(epilog=options.EXIT_CODES)(doctor.doctor)
app.add_typer(encoder.app, name="encoder", epilog=options.EXIT_CODES)
app.add_typer(key.app, name="key", epilog=options.EXIT_CODES)
app.add_typer(job.app, name="job", epilog=options.EXIT_CODES)
app.add_typer(config.app, name="config", epilog=options.EXIT_CODES)
app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)(train.train)


@cache
def parser() -> Any:
    """What parses the words of all these commands, made once a process: it takes as long as many a command."""
    return get_command(app)
