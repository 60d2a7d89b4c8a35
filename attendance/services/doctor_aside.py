"""What doctor finds of records that a site made while it was cut off and that could not be taken in yet."""

from collections.abc import Iterator
from pathlib import Path

from attendance.records import instant
from attendance.services.doctor_finding import Finding
from attendance.services.settingaside import RETRY
from gallery.slices.aside import read
from gallery.slices.slice import folder_of


def aside_findings(home: Path) -> Iterator[Finding]:
    """One finding a record that was set aside on this computer; no key and no database is needed to tell of it."""
    for each in read(folder_of(home)):
        what = each.kind or "record"
        detail = f"{what} {each.id}, set aside at {instant(each.at)} ({each.why}), is not delivered; nothing is lost"
        yield Finding("site", detail, "arrival.aside", RETRY, 1)
