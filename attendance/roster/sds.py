"""Microsoft School Data Sync (SDS) in its CSV form 2.1: files that always tell all there is, without a manifest.

https://learn.microsoft.com/schooldatasync/sds-v2.1-csv-file-format; upper and lower case of columns counts.
"""

from attendance.errors import ImportFile
from attendance.roster import rows
from attendance.roster.bundle import Bundle
from attendance.roster.rows import Found
from attendance.roster.school import Belonging, Course, Role, School, Term
from attendance.roster.sheet import Row

SOURCE = "sds"
NEEDED = ("orgs.csv", "users.csv", "roles.csv")
FIRST_FORM = frozenset({"school.csv", "student.csv", "section.csv", "studentenrollment.csv", "teacher.csv"})
"""Files of the form 1, which tells people apart in another way."""


def read(bundle: Bundle) -> School:
    """The register; raises ImportFile for a zip that is none, and for columns that are missing or spelt otherwise."""
    found = Found(remarks=list(bundle.remarks))
    for name in NEEDED:
        if name not in bundle:
            raise ImportFile(bundle.where, f"{name} is missing: it is neither OneRoster (no manifest.csv) nor SDS 2.1")
    rows.check_orgs(rows.sheet_of(bundle, "orgs.csv", ("sourcedId", "name"), found, exact=True), found)
    roles = rows.roles_of(
        rows.sheet_of(bundle, "roles.csv", ("userSourcedId", "orgSourcedId", "role"), found, exact=True),
        found,
        "roleEndDate",
    )

    def told(person: str, _row: Row) -> tuple[Role, ...]:
        return roles.get(person, ())

    people = rows.people_of(
        rows.sheet_of(bundle, "users.csv", ("sourcedId", "username"), found, exact=True), found, told
    )
    belongings = _belongings(bundle, found)
    return School(
        form="sds 2.1",
        source=SOURCE,
        people=people,
        classes=_classes(bundle, found),
        belongings=belongings or (),
        terms=_terms(bundle, found),
        remarks=tuple(found.remarks),
        belongings_told="absent" if belongings is None else "bulk",
        terms_told="bulk" if "academicSessions.csv" in bundle else "absent",
        unclear_people=frozenset(found.unclear_people),
        unclear_belongings=frozenset(found.unclear_belongings),
    )


def _classes(bundle: Bundle, found: Found) -> tuple[Course, ...]:
    if "classes.csv" not in bundle:
        return ()
    return rows.courses_of(
        rows.sheet_of(bundle, "classes.csv", ("sourcedId", "title"), found, exact=True), found, "code"
    )


def _belongings(bundle: Bundle, found: Found) -> tuple[Belonging, ...] | None:
    """Who is in which class; None where the zip has no classes at all."""
    both = [name for name in ("classes.csv", "enrollments.csv") if name in bundle]
    if len(both) == 1:
        raise ImportFile(bundle.where, f"{both[0]} is there alone; classes.csv and enrollments.csv go together")
    if not both:
        return None
    columns = ("classSourcedId", "userSourcedId", "role")
    return rows.belongings_of(rows.sheet_of(bundle, "enrollments.csv", columns, found, exact=True), found)


def _terms(bundle: Bundle, found: Found) -> tuple[Term, ...]:
    if "academicSessions.csv" not in bundle:
        return ()
    columns = ("sourcedId", "title", "type", "startDate", "endDate")
    return rows.terms_of(rows.sheet_of(bundle, "academicSessions.csv", columns, found, exact=True), found)
