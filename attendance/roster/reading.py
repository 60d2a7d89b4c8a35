"""A zip of another system, whichever form it has, as a `School`."""

from pathlib import Path

from attendance.errors import ImportFile
from attendance.roster import oneroster, sds
from attendance.roster.bundle import Bundle, open_bundle
from attendance.roster.school import School

_READ = frozenset({f"{name}.csv".lower() for name in oneroster.FILES} | {oneroster.MANIFEST} | sds.FIRST_FORM)


def read_school(path: Path) -> School:
    """Read a zip of OneRoster 1.1 or 1.2, or of SDS 2.1.

    What is wrong with single rows stands in the school's remarks. Raises ImportFile for a zip that cannot be read, is
    none of these, or has nobody in it.
    """
    bundle = open_bundle(path, lambda name: name in _READ)
    school = _read(bundle)
    if school.people_told == "bulk" and not school.people and not any(each.refused for each in school.remarks):
        raise ImportFile(bundle.where, "users.csv names nobody")
    return school


def _read(bundle: Bundle) -> School:
    if oneroster.MANIFEST in bundle:
        return oneroster.read(bundle)
    if sds.FIRST_FORM & set(bundle.files):
        raise ImportFile(bundle.where, "these are files of SDS 1; export the form 2.1")
    if "users.csv" in bundle and _is_oneroster(bundle.read("users.csv")):
        raise ImportFile(
            bundle.where, "manifest.csv is missing, so it is unclear which files tell all and which changes"
        )
    return sds.read(bundle)


def _is_oneroster(users: bytes) -> bool:
    """Whether users.csv has columns that OneRoster alone has."""
    head = users[:2_000].replace(b"\0", b"").split(b"\n", 1)[0].lower()
    return any(column in head for column in (b"enableduser", b"orgsourcedids", b"datelastmodified"))
