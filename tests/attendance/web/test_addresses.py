"""Where the service listens, and by which address browsers reach it."""

import pytest

from attendance.service_errors import RequestInvalid, ServeInsecure
from attendance.web import addresses
from attendance.web.signing import source_of


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "localhost", "::1", "[::1]"])
def test_this_computer_alone_needs_no_protection(host):
    """What is sent goes through no network."""
    addresses.refuse_open(host, secured=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "desk.local", ""])  # noqa: S104
def test_other_computers_need_it(host):
    """TLS, or the word that it is not wanted."""
    addresses.refuse_open(host, secured=True)
    with pytest.raises(ServeInsecure):
        addresses.refuse_open(host, secured=False)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("https://Attendance.example/", "https://attendance.example"),
        ("https://attendance.example:443", "https://attendance.example"),
        ("http://10.0.0.5:8400", "http://10.0.0.5:8400"),
        ("https://[fd00::5]:8443", "https://[fd00::5]:8443"),
    ],
)
def test_a_public_address_is_kept_as_browsers_write_it(told, kept):
    """Without a slash and a port that goes without saying."""
    assert kept == addresses.public_of(told)


@pytest.mark.parametrize(
    "told",
    [
        "attendance.example",
        "ftp://a.example",
        "https://",
        "https://a.example/school",
        "https://a:b@c",
        "https://a:99999",
    ],
)
def test_what_is_no_public_address_is_refused(told):
    """Such as one with a path, which the pages would not know."""
    with pytest.raises(RequestInvalid):
        addresses.public_of(told)


def test_the_address_is_one_that_a_browser_can_open():
    """Of a socket that listens everywhere an address of this computer."""
    assert "http://127.0.0.1:8400" == addresses.reached("127.0.0.1", 8400, secure=False)
    assert "https://[::1]" == addresses.reached("::1", 443, secure=True)
    assert "0.0.0.0" not in addresses.reached("0.0.0.0", 8400, secure=True)  # noqa: S104


def test_the_names_of_this_computer_are_told_once():
    """Localhost among them."""
    found = addresses.names_of_this_computer()
    assert {"localhost", "127.0.0.1"} <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_all_addresses_of_a_household_are_one_source(host, source):
    """Nobody tries from another one of their own."""
    from starlette.requests import Request

    assert source == source_of(Request({"type": "http", "client": (host, 1), "headers": []}))
