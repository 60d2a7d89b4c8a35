"""What is believed of the times that kiosks tell: never what was before the last word with them, never the future."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.service_errors import KioskFrame
from attendance.services.kioskentries import Entry, KioskKeys, Sealed, moment_of

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SECONDS = st.floats(0, 2**40, allow_nan=False)


def entry(*, claimed: datetime = NOW, page: str = "p", seconds: float = 0.0, at_ticket: datetime = NOW) -> Entry:
    return Entry(1, "pin", Sealed(b"", b"", b""), claimed, page, seconds, "", at_ticket)


@given(INSTANTS, INSTANTS, INSTANTS, SECONDS, SECONDS, st.sampled_from(["p", "q"]))
def test_no_time_lies_before_the_ticket_or_in_the_future(claimed, at_ticket, ticketed, then, sends, page):
    """Whatever a kiosk says, within a minute."""
    told = entry(claimed=claimed, seconds=then, at_ticket=at_ticket)
    moment = moment_of(told, page, sends, ticketed, NOW)
    assert min(ticketed, NOW) - timedelta(minutes=1) <= moment.at <= NOW
    assert (page == "p") >= moment.is_known


@pytest.mark.parametrize(
    ("ago", "told"),
    [(0, (0, True, False)), (9.9, (0, True, False)), (10, (10, True, True)), (7200, (7200, True, True))],
)
def test_of_a_page_that_lived_on_the_age_is_known(ago, told):
    """Ten seconds are on the way; what is older was kept by the kiosk."""
    moment = moment_of(entry(seconds=5), "p", 5.0 + ago, NOW - timedelta(days=1), NOW)
    assert told == ((NOW - moment.at).total_seconds(), moment.is_known, moment.late)


@pytest.mark.parametrize(
    ("wrong_h", "after_h", "expected_h"), [(0, 2, 2), (-3, 2, 2), (3, 2, 2), (0, 50, 24), (0, -5, 0)]
)
def test_of_a_page_that_was_loaded_anew_the_kiosks_clock_tells_the_day(wrong_h, after_h, expected_h):
    """As it ran on from the ticket, however wrong it is; what lies outside of ticket and now is moved inside."""
    ticketed, wrong = NOW - timedelta(hours=24), timedelta(hours=wrong_h)
    told = entry(claimed=ticketed + timedelta(hours=after_h) + wrong, at_ticket=ticketed + wrong)
    moment = moment_of(told, "another", 0.0, ticketed, NOW)
    assert (ticketed + timedelta(hours=expected_h), False, True) == (moment.at, moment.is_known, moment.late)


def test_tickets_are_of_one_kiosk_and_one_home():
    """A ticket opens nothing elsewhere, and nobody changes the time that it tells."""
    keys, others = KioskKeys(bytes(32)), KioskKeys(bytes(31) + b"x")
    ticket = keys.ticket(7, NOW)
    assert NOW == keys.ticketed(7, ticket)
    for which, token, text in (
        (others, 7, ticket),
        (keys, 8, ticket),
        (keys, 7, ticket.replace("12:", "13:")),
        (keys, 7, ""),
    ):
        with pytest.raises(KioskFrame):
            which.ticketed(token, text)
    assert keys.public != others.public
    assert keys.public == KioskKeys(bytes(32)).public
