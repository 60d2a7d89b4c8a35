"""Public holidays are proposals with the text that says where they are from."""

import sys
from datetime import date
from importlib.metadata import version

import pytest

from attendance.errors import CalendarCountry, CalendarDays, ReportsMissing
from attendance.timetable.holidays import proposed

pytest.importorskip("holidays")


def test_holidays_of_a_part_of_a_country(monkeypatch):
    """Days come in order, named in the country's language whatever the computer's is, with their source."""
    monkeypatch.setenv("LANGUAGE", "en_US")
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    found = proposed("DE", "BY", [2026])
    assert f"holidays {version('holidays')} DE-BY" == found.source
    assert sorted(found.days) == list(found.days)
    assert (date(2026, 10, 3), "Tag der Deutschen Einheit") in found.days
    assert (date(2026, 6, 4), "Fronleichnam") in found.days


@pytest.mark.parametrize(
    ("country", "part"), [("de", "by"), ("DEU", "Bayern"), ("Germany", "DE-BY"), (" DE ", "bayern ")]
)
def test_country_and_part_by_any_of_their_names(country, part):
    """A country goes by its codes and its name, a part by its code and its own name, in any case."""
    assert proposed("DE", "BY", [2026]) == proposed(country, part, [2026])


def test_no_day_that_only_some_people_have_off():
    """Days that only some people have off are no public ones."""
    assert date(2026, 8, 15) not in dict(proposed("DE", "BY", [2026]).days)


@pytest.mark.parametrize(
    ("country", "part", "words"),
    [
        ("Germny", None, "did you mean Germany"),
        ("XX", None, "no public holidays are known of a country"),
        ("", None, "no public holidays are known of a country"),
        ("DE", "Bayer", "did you mean Bayern"),
        ("DE", "XX", "known are BB, BE, BW, BY"),
        ("IE", "XX", "knows no parts"),
    ],
)
def test_unknown_places(country, part, words):
    """A country or part that is not known is refused, with the names that come near."""
    with pytest.raises(CalendarCountry, match=words):
        proposed(country, part, [2026])


def test_years_that_are_not_there():
    """Years that the library does not know are refused."""
    for years in ([1800], [2026, 2300], []):
        with pytest.raises(CalendarDays, match="asked for were"):
            proposed("DE", "BY", years)


def test_without_the_library(monkeypatch):
    """Without the library one line says what to install."""
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ReportsMissing):
        proposed("DE", None, [2026])
