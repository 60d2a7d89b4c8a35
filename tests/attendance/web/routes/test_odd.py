"""Whatever stands in an address or a form: it is answered or refused, and no route fails."""

import re

import pytest
from fastapi.routing import APIRoute

from attendance.web.build import build

ENDLESS = ("/events", "/live", "/sign-out", "/account/sign-out")
"""Streams, and what would end the visit."""
PARTS = ("1", "-1", str(2**63), "x" * 3000, "..%2F..%2Fetc%2Fpasswd", "%00", "%F0%9F%92%A9%E2%80%AE")
"""What stands where a path has a number or a name."""
FIELDS = (
    *("q", "group", "person", "session", "from", "to", "day", "first", "last", "name", "number", "page", "under"),
    *("form", "kind", "by", "whose", "other", "back", "at", "in", "out", "reason", "version", "groups", "numbers"),
    *("cursor", "limit", "after", "before", "since", "until", "month", "role", "scopes", "place", "active", "choice"),
    *("text", "address", "step", "key", "whom", "begins", "ends", "weekly", "value", "what", "who", "rule", "id"),
)
TEXTS = ("\x00", "9" * 40, "9999-12-31", "25:61", b"\xed")


def walked(router) -> list:
    found = []
    for each in router.routes:
        inner = getattr(each, "original_router", None)
        found += [each] if inner is None else walked(inner)
    return found


def paths_of(route: APIRoute) -> list[str]:
    """The path with each of the parts in the places that it leaves open."""
    if "{" not in route.path:
        return [route.path]
    return ["".join(re.sub(r"^[^/]*\}", part, piece) for piece in route.path.split("{")) for part in PARTS]


def asked(method: str, token: str, *, odd: bool) -> list[dict[str, object]]:
    """Ways to ask: with odd fields, and where no part of the path is odd with more of them, and a body that is none."""
    head = {"X-Form-Token": token}
    texts = TEXTS[:1] if odd else TEXTS
    if method == "GET":
        return [{"params": dict.fromkeys(FIELDS, text)} for text in texts]
    forms = [{"data": dict.fromkeys(FIELDS, text), "headers": head} for text in texts]
    spoilt = {"content": b"\xff{[", "headers": {**head, "Content-Type": "application/json"}}
    return forms if odd else [*forms, spoilt]


@pytest.mark.usefixtures("school")
def test_no_route_fails_whatever_it_is_asked(site, signed_in):
    """Odd numbers, names and paths are refused or not found; odd fields and bodies, too."""
    browser, failed = signed_in(), []
    routes = [each for each in walked(build(site)) if isinstance(each, APIRoute) and not each.path.endswith(ENDLESS)]
    for route in routes:
        for method in sorted(route.methods - {"HEAD"}):
            for path in paths_of(route):
                odd = path != route.path and "/1" not in path
                ways = asked(method, browser.token, odd=odd)
                told = [browser.request(method, path, **way).status_code for way in ways]
                failed += [f"{method} {path[:80]}: {each}" for each in told if each >= 500]
    assert [] == failed


@pytest.mark.usefixtures("school")
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize(
    ("path", "name"), [("/coverage", "from"), ("/audit.csv", "to"), ("/audit", "from"), ("/calendar", "to")]
)
def test_a_day_beyond_all_days_is_refused(signed_in, path, name, day):
    """Before anything is sent of a file."""
    answer = signed_in().get(path, params={name: day})
    assert 500 > answer.status_code
    assert ("is no day that counts here" in answer.text) or path == "/calendar"
