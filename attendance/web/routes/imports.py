"""Imports: registers of pupils and marks of other devices, shown first, then taken in; and marks for other systems."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.service_errors import RequestInvalid
from attendance.services.exports import ExportForm
from attendance.services.markimport import MarksWanted
from attendance.services.rosterimport import RosterWanted
from attendance.services.versions import refuse_changed, version_of
from attendance.web.asked import sent_file
from attendance.web.doors import ImportsRun, MarksExport
from attendance.web.downloads import download
from attendance.web.forms import Asked, Form, Given
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from attendance.zones import days_of
from refusal import Refusal

if TYPE_CHECKING:
    from datetime import date

    from attendance.access import Visitor
    from attendance.app import Attendance
    from attendance.services.jobs import Progress
    from attendance.services.markimport import MarksTaken
    from attendance.services.uploads import Upload

router = APIRouter(include_in_schema=False)
LARGE: Final = 300
"""Changes of people from which on taking them in is long work; ten times as many marks."""
MOST_SHOWN: Final = 300
ROSTER: Final = ("system", "roles", "who_is", "first", "terms", "site")
MARKS: Final = ("zone", "device", "covers", "anyway", "day_first")


@router.get("/imports")
def imports(request: Request, who: MarksExport) -> Response:
    """The forms of imports and exports."""
    return _page(request, who)


@router.post("/imports/roster")
def import_roster(request: Request, who: ImportsRun, given: Form) -> Response:
    """Show what a register would change, then take all of it in."""
    app = site_of(request).app
    try:
        kept = sent_file(request, who, given)
        wanted = _roster(given, kept.path)
        shown = app.roster_import.preview(wanted)
        rows = shown.rows()
        if given.text("step") == "apply":
            return _take_roster(request, who, wanted, kept, given.text("version"), len(rows))
    except Refusal as error:
        return _page(request, who, given, error)
    return section(
        request, who, "/settings", "office/import_roster.html", shown=shown, rows=rows[:MOST_SHOWN],
        more=max(0, len(rows) - MOST_SHOWN), name=kept.path.name, key=kept.key, version=version_of({"rows": rows}),
        carried=list(given.carried("step", "key", "version")),
    )  # fmt: skip


@router.post("/imports/marks")
def import_marks(request: Request, who: ImportsRun, given: Form) -> Response:
    """Show what a list of marks would do, then take in the rows that can be."""
    app = site_of(request).app
    apply = given.text("step") == "apply"
    try:
        kept = sent_file(request, who, given)
        if apply and kept.path.stat().st_size > LARGE * 1000:
            return _begin(request, who, "marks", kept, lambda: _counted(_take_marks(app, who, given, kept)))
        done = _take_marks(app, who, given, kept, dry_run=not apply)
    except Refusal as error:
        return _page(request, who, given, error)
    if apply:
        app.uploads.drop(who.actor, kept.key)
        told = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in _counted(done).items())
        return onward(request, "/imports", f"Marks of {kept.path.name}: {told}.", "warn" if done.refused else "good")
    return section(
        request, who, "/settings", "office/import_marks.html", done=done, counts=_counted(done), name=kept.path.name,
        key=kept.key, remarks=done.remarks[:MOST_SHOWN], more=max(0, len(done.remarks) - MOST_SHOWN),
        carried=list(given.carried("step", "key")),
    )  # fmt: skip


@router.get("/exports/{form}")
def export(request: Request, who: MarksExport, form: str, asked: Asked) -> Response:
    """Marks as a file for another system."""
    app = site_of(request).app
    if form not in set(ExportForm):
        raise RequestInvalid("form", f"there are the forms {' and '.join(ExportForm)}")
    with TemporaryDirectory(dir=app.home, prefix="report-", ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "marks.csv"
        first, last = asked.day("from"), asked.day("to")
        app.exports.write(ExportForm(form), target, first=first, last=last, group=asked.some("group"))
        app.looks.at_marks(who.actor, form, first, last)
        return download(target.read_bytes(), f"marks {form} {app.timetables.today}.csv")


def _take_roster(
    request: Request, who: "Visitor", wanted: RosterWanted, kept: "Upload", version: str, rows: int
) -> Response:
    """Take a register in as it was shown, at once or as long work."""
    app = site_of(request).app

    def work() -> dict[str, Any]:
        shown = app.roster_import.preview(wanted)
        refuse_changed(kept.path.name, {"rows": shown.rows()}, version)
        plan = app.roster_import.take_in(who.actor, shown).plan
        return {
            "new": len(plan.new), "changed": len(plan.changed), "set_inactive": len(plan.gone),
            "unchanged": plan.same, "refused": len(plan.refused),
        }  # fmt: skip

    if rows > LARGE:
        return _begin(request, who, "roster", kept, work)
    done = work()
    app.uploads.drop(who.actor, kept.key)
    told = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in done.items() if count)
    return onward(request, "/imports", f"Taken in from {kept.path.name}: {told or 'nothing'}.")


def _begin(request: Request, who: "Visitor", kind: str, kept: "Upload", take: Any) -> Response:
    app = site_of(request).app

    def work(_progress: "Progress") -> dict[str, Any]:
        try:
            done: dict[str, Any] = take()
            return done
        finally:
            app.uploads.drop(who.actor, kept.key)

    made = app.jobs.begin(who.actor, kind, work)
    return onward(request, f"/jobs/{made.id}", "It is taken in in the background.")


def _take_marks(
    app: "Attendance", who: "Visitor", given: Given, kept: "Upload", *, dry_run: bool = False
) -> "MarksTaken":
    wanted = MarksWanted(
        kept.path, given.some("zone"), given.some("device"), given.flag("day_first"), _covers(given),
        given.flag("anyway"), dry_run,
    )  # fmt: skip
    return app.mark_import.take_in(who.actor, wanted)


def _counted(done: "MarksTaken") -> dict[str, int]:
    refused = sum(each.refused and each.code != "coverage.refused" for each in done.remarks)
    return {"new": done.new, "unchanged": done.unchanged, "passed_over": done.passed_over, "refused": refused}


def _roster(given: Given, path: Path) -> RosterWanted:
    roles = [each.strip() for each in given.text("roles").split(",") if each.strip()]
    return RosterWanted(
        path, given.some("system"), roles, _matches(given), given.day("first"), given.flag("terms"), given.some("site")
    )


def _matches(given: Given) -> dict[str, str]:
    """ID=PERSON, one a line. Raises RequestInvalid."""
    found = {}
    for line in given.text("who_is").splitlines():
        key, equals, person = line.partition("=")
        if not equals or not key.strip() or not person.strip():
            raise RequestInvalid("who_is", f"{line[:60]!r} is not ID=PERSON")
        found[key.strip()] = person.strip()
    return found


def _covers(given: Given) -> "tuple[date, date] | None":
    told = given.text("covers")
    try:
        return days_of(told) if told else None
    except ValueError:
        raise RequestInvalid("covers", f"{told!r} is neither a day nor two with dots between them") from None


def _page(request: Request, who: "Visitor", given: Given | None = None, error: Refusal | None = None) -> Response:
    app, names = site_of(request).app, (*ROSTER, *MARKS)
    values = dict.fromkeys(names, "") if given is None else given.values(*names)
    return section(
        request, who, "/settings", "office/imports.html", error, values=values, groups=app.own_people.groups(who),
        zone=app.zone, sites=[each.name for each in app.sites.all() if each.active],
    )  # fmt: skip
