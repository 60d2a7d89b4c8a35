"""OneRoster 1.1 and 1.2 as CSV files in a zip (1EdTech): the manifest says of each file if it tells all or changes.

https://www.imsglobal.org/oneroster-v11-final-csv-tables and https://www.imsglobal.org/spec/oneroster/v1p2/bind/csv
"""

from attendance.errors import ImportFile
from attendance.roster import rows
from attendance.roster.bundle import Bundle
from attendance.roster.rows import Found
from attendance.roster.school import Belonging, Extent, Pupil, Role, School
from attendance.roster.sheet import Row, Sheet

MANIFEST = "manifest.csv"
VERSIONS = ("1.1", "1.2")
FILES = ("orgs", "users", "roles", "userProfiles", "classes", "courses", "enrollments", "academicSessions")
"""Those that are read or whose presence means nothing special; others of the standard are passed over."""
ENROLLMENTS = ("classSourcedId", "userSourcedId", "role")
SESSIONS = ("sourcedId", "title", "type", "startDate", "endDate")


def read(bundle: Bundle) -> School:
    """The register; raises ImportFile for a zip that is no OneRoster, or lacks what its manifest promises."""
    found = Found(remarks=list(bundle.remarks))
    manifest = _manifest(bundle, found)
    version = _version(bundle, manifest)
    extents = {name: _extent(bundle, manifest, name, found) for name in FILES}
    if extents["users"] == extents["enrollments"] == extents["academicSessions"] == "absent":
        raise ImportFile(
            bundle.where, "the manifest says that users, enrollments and sessions are absent: all there is"
        )

    def sheet(name: str, *columns: str) -> Sheet | None:
        there = extents[name] != "absent"
        return rows.sheet_of(bundle, f"{name}.csv", columns or ("sourcedId",), found) if there else None

    enrollments, classes = sheet("enrollments", *ENROLLMENTS), sheet("classes", "sourcedId", "title")
    sessions, orgs = sheet("academicSessions", *SESSIONS), sheet("orgs")
    belongings = () if enrollments is None else rows.belongings_of(enrollments, found)
    people = _people(sheet("users"), sheet("roles", "userSourcedId", "role"), belongings, found)
    if orgs is not None:
        rows.check_orgs(orgs, found)
    return School(
        form=f"oneroster {version}",
        source=manifest.get("source.systemcode") or manifest.get("source.systemname") or "",
        people=people,
        classes=() if classes is None else rows.courses_of(classes, found, "classCode"),
        belongings=belongings,
        terms=() if sessions is None else rows.terms_of(sessions, found),
        remarks=tuple(found.remarks),
        people_told=extents["users"],
        classes_told=extents["classes"],
        belongings_told=extents["enrollments"],
        terms_told=extents["academicSessions"],
        unclear_people=frozenset(found.unclear_people),
        unclear_belongings=frozenset(found.unclear_belongings),
    )


def _people(
    users: Sheet | None, roles: Sheet | None, belongings: tuple[Belonging, ...], found: Found
) -> tuple[Pupil, ...]:
    """Everybody, with the roles of the file of roles (1.2) and of their own row (1.1), else those in classes."""
    more = {} if roles is None else rows.roles_of(roles, found, "endDate")

    def told(person: str, row: Row) -> tuple[Role, ...]:
        return (*more.get(person, ()), *((Role(row["role"].lower()),) if row["role"] else ()))

    people = () if users is None else rows.people_of(users, found, told)
    rows.note_disabled(people, found)
    return rows.with_roles_of_classes(people, belongings)


def _manifest(bundle: Bundle, found: Found) -> dict[str, str]:
    """What the manifest says, by names in lower case."""
    sheet = rows.sheet_of(bundle, MANIFEST, ("propertyName", "value"), found)
    told: dict[str, str] = {}
    for row in sheet.rows:
        name, value = row["propertyName"].lower(), row["value"]
        if told.setdefault(name, value) != value:
            raise ImportFile(f"{bundle.where}: {MANIFEST}", f"{row['propertyName']} is said twice, differently")
    return told


def _version(bundle: Bundle, manifest: dict[str, str]) -> str:
    told = manifest.get("oneroster.version", "")
    for version in VERSIONS:
        if told == version or told.startswith(f"{version}."):
            return version
    raise ImportFile(
        f"{bundle.where}: {MANIFEST}",
        f"oneroster.version is {told or 'not told'}; read are {' and '.join(VERSIONS)}",
    )


def _extent(bundle: Bundle, manifest: dict[str, str], name: str, found: Found) -> Extent:
    """Whether the file tells all, changes or nothing; raises ImportFile where manifest and zip disagree."""
    told, there = manifest.get(f"file.{name}".lower(), "").lower(), f"{name}.csv" in bundle
    where = f"{bundle.where}: {MANIFEST}"
    if told in {"", "absent"}:
        if there and told == "" and name in {"users", "enrollments", "classes", "roles"}:
            raise ImportFile(where, f"it does not say whether {name}.csv is bulk or delta")
        if there and told == "absent":
            found.note("file.absent", MANIFEST, f"{name}.csv is there, but is said to be absent, and was passed over")
        return "absent"
    if told not in {"bulk", "delta"}:
        raise ImportFile(where, f"file.{name} is {told!r}; expected bulk, delta or absent")
    if not there:
        raise ImportFile(bundle.where, f"{name}.csv is missing, and the manifest says that it is there")
    return "bulk" if told == "bulk" else "delta"
