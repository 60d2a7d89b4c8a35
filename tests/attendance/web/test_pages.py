"""What all pages share."""

from datetime import date

import pytest

from attendance.web.pages import STATIC, written

SYSTEMS_OWN = ("%-", "%#")


class Elsewhere(date):
    """A day on a system that knows nothing beyond the C standard, as Windows."""

    def strftime(self, form: str) -> str:
        if any(each in form for each in SYSTEMS_OWN):
            raise ValueError("Invalid format string")
        return super().strftime(form)


@pytest.mark.parametrize(("day", "told"), [(2, "2 March 2026"), (31, "31 March 2026")])
def test_a_day_is_written_alike_on_every_system(day, told):
    """Without a zero before it, also where the system has no word for that."""
    assert told == written(Elsewhere(2026, 3, day), "%-d %B %Y")


def test_one_script_listens_for_all():
    """A browser has six connections to a service for all tabs: those out of sight are let go, in one place."""
    listening = [each.name for each in STATIC.glob("*.js") if "new EventSource" in each.read_text(encoding="utf-8")]
    assert ["streams.js"] == listening
