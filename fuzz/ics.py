"""Any bytes as a calendar file: rules and days off, or one error that says why not."""

import contextlib
from datetime import date

from begin import Target, fuzz


def prepared() -> Target:
    """The target."""
    from attendance.timetable.files.ics_days import read_days
    from attendance.timetable.files.ics_in import read_rules
    from refusal import Refusal

    def target(data: bytes) -> None:
        with contextlib.suppress(Refusal):
            read_rules(data, "x.ics", "Europe/Berlin", last=date(2026, 12, 31))
        with contextlib.suppress(Refusal):
            read_days(data, "x.ics", first=date(2026, 1, 1), last=date(2026, 12, 31))

    return target


if __name__ == "__main__":
    fuzz("ics", prepared, ["attendance", "icalendar", "recurring_ical_events", "dateutil"], longest=4_000)
