"""RRULE texts: which are taken, and the one that weekdays as people write them come to."""

import pytest

from attendance.errors import RuleRecurrence
from attendance.timetable.rrule import recurrence, weekly


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "no part"),
        ("junk", "no part"),
        ("FREQ=", "no part"),
        ("BYDAY=MO", "FREQ is missing"),
        ("FREQ=HOURLY", "several times a day"),
        ("FREQ=MINUTELY", "several times a day"),
        ("FREQ=SECONDLY;COUNT=3", "several times a day"),
        ("FREQ=FORTNIGHTLY", "FORTNIGHTLY is unknown"),
        ("FREQ=DAILY;BYHOUR=8", "BYHOUR"),
        ("FREQ=DAILY;BYMINUTE=8", "BYMINUTE"),
        ("FREQ=DAILY;BYSECOND=8", "BYSECOND"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER is unknown"),
        ("FREQ=DAILY;X-OWN=1", "X-OWN is unknown"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=10001", "COUNT=10001"),
        ("FREQ=DAILY;COUNT=5;UNTIL=20270101", "exclude each other"),
        ("FREQ=DAILY;UNTIL=20260230", "no day of the calendar"),
        ("FREQ=DAILY;UNTIL=tomorrow", "neither a day nor an instant"),
        ("FREQ=DAILY;UNTIL=20270101T080000+0100", "neither a day nor an instant"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=WEEKLY;BYDAY=", "no part"),
        ("FREQ=WEEKLY;BYDAY=1MO", "numbered weekdays"),
        ("FREQ=MONTHLY;BYDAY=13MO", "more than 5 times in a month"),
        ("FREQ=YEARLY;BYMONTH=12;BYDAY=MO,-6TU", "more than 5 times in a month"),
        ("FREQ=YEARLY;BYDAY=54MO", "more than 53 times in a year"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "means nothing"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "from 1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "from 1 to 31"),
        ("FREQ=YEARLY;BYMONTH=13", "from 1 to 12"),
        ("FREQ=YEARLY;BYMONTH=-1", "from 1 to 12"),
        ("FREQ=DAILY;WKST=8", "WKST=8"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS needs"),
        ("FREQ=DAILY\nINTERVAL=2", "characters"),
        ("FREQ=DAILY\x00", "characters"),
        ("FREQ=DAİLY", "characters"),
        ("FREQ=DAILY;BYMONTH=" + "1," * 600 + "1", "at most 1000"),
    ],
)
def test_texts_that_are_no_recurrence(text, part):
    """What no day can be told of is refused by one line that names the part."""
    with pytest.raises(RuleRecurrence, match=part) as refused:
        recurrence(text)
    assert refused.value.line.isprintable()


def test_text_as_files_write_it():
    """Small letters, the name in front and a semicolon at the end change nothing."""
    assert recurrence("FREQ=WEEKLY;BYDAY=MO") == recurrence(" rrule:freq=weekly;byday=mo; ")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("MO,WE", "MO,WE"),
        ("we, mo", "MO,WE"),
        ("Monday Wednesday", "MO,WE"),
        ("Mon;Wed", "MO,WE"),
        ("MO-FR", "MO,TU,WE,TH,FR"),
        ("Fri - Mon", "MO,FR,SA,SU"),
        ("SU", "SU"),
    ],
)
def test_weekly(text, days):
    """Weekdays as people write them become an RRULE."""
    assert f"FREQ=WEEKLY;BYDAY={days}" == weekly(text)


@pytest.mark.parametrize("text", ["", ",", "M", "T", "Montag!", "MO-", "MO-WE-FR", "1", "MO\x00"])
def test_weekly_refuses_what_is_no_weekday(text):
    """What is no list of weekdays is refused, and so is a letter that may be two of them."""
    with pytest.raises(RuleRecurrence, match="no weekday"):
        weekly(text)
