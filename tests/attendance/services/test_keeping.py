"""Which backups the rules keep, against a model that looks at every day, week, month and year by itself."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.privacy_errors import BackupKeep
from attendance.services.keeping import Keep
from attendance.settings import SettingValue, check

BERLIN = ZoneInfo("Europe/Berlin")
UNITS = {
    "d": lambda day: day.isoformat(),
    "w": lambda day: day.strftime("%G-%V"),
    "m": lambda day: day.strftime("%Y-%m"),
    "y": lambda day: day.strftime("%Y"),
}
some_rules = st.dictionaries(st.sampled_from("dwmy"), st.integers(1, 9), min_size=1)
BEGIN = datetime(2024, 11, 1, tzinfo=UTC)
some_times = st.sets(st.integers(0, 460 * 86400).map(lambda after: BEGIN + timedelta(seconds=after)), max_size=60)


def _text(rules: dict[str, int]) -> str:
    return ",".join(f"{count}{unit}" for unit, count in rules.items())


def naive(rules: dict[str, int], times: set[datetime]) -> set[datetime]:
    """The newest of each span, of the latest spans."""
    kept = {max(times)} if times else set()
    for unit, count in rules.items():
        spans = sorted({UNITS[unit](at.astimezone(BERLIN).date()) for at in times})[-count:]
        kept |= {max(at for at in times if UNITS[unit](at.astimezone(BERLIN).date()) == span) for span in spans}
    return kept


@given(some_rules, some_times)
def test_the_newest_of_each_span_is_kept(rules, times):
    """Of the last so many days, weeks, months and years that have one, the newest of each; and the newest of all."""
    assert naive(rules, times) == Keep.parse(_text(rules)).kept(times, BERLIN)


@given(some_rules, st.integers(1, 500), st.integers(0, 60))
def test_the_day_told_is_the_day_on_which_it_goes(rules, days, shown):
    """With a backup every day each is there until the day that was told for it, and not on that day."""
    keep, first = Keep.parse(_text(rules)), datetime(2024, 12, 30, 2, tzinfo=UTC)
    times, told = set[datetime](), dict[datetime, date]()
    for number in range(days):
        now = first + timedelta(days=number)
        times = keep.kept({*times, now}, BERLIN)
        today = now.astimezone(BERLIN).date()
        assert all(told[at] > today for at in told if at in times)
        assert all(told[at] <= today for at in told if at not in times)
        if number >= shown and not told:
            told = {at: keep.until(at, times, today, BERLIN) for at in times}


def test_the_rules_are_said_in_words():
    """People read days and weeks, one of them without an s."""
    assert "7 days, 1 week, 12 months" == Keep.parse("7d,1w,12m").says


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "7d,7d", "7x", "7d,,4w", "-1d", "7d;4w", "99999d", "7 d", "none"])
def test_what_is_no_rule_is_refused(text):
    """A number without its letter, twice the same, a letter that is none: refused by id, also as a setting."""
    with pytest.raises(BackupKeep, match="is no rule"):
        Keep.parse(text)
    with pytest.raises(SettingValue):
        check("backup_keep", text, "here")


@pytest.mark.parametrize("text", ["7d,4w,12m", "1Y", "7d, 4w", "9999d"])
def test_what_is_a_rule_may_be_set(text):
    """Capital letters and spaces behind commas are understood."""
    assert text == check("backup_keep", text, "here")
    assert Keep.parse(text).rules
    assert date.max >= Keep.parse(text).until(datetime(2026, 1, 1, tzinfo=UTC), [datetime(2026, 1, 1, tzinfo=UTC)],
                                             date(2026, 1, 1), BERLIN)  # fmt: skip
