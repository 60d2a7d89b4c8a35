"""Signing a browser in and out: each sign-in has a cookie of its own, so that none can be set in advance."""

import ipaddress
from typing import TYPE_CHECKING, Final

from attendance.web.cookies import HALF, SESSION, forget, keep_device, keep_half, keep_session
from attendance.web.site import site_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from attendance.services.sign_ins import Named

NETWORK: Final = 64
"""Bits of an IPv6 address that all computers of one household share."""


def sign_in(request: "Request", answer: "Response", account: "Named") -> "Response":
    """Sign the browser in to an account with this answer; what it was signed in to before is over."""
    site = site_of(request)
    sign_out(request, answer)
    keep_session(site, answer, site.app.sign_ins.begin(account, request.headers.get("user-agent")))
    keep_device(site, request, answer, account.id)
    forget(site, answer, HALF)
    return answer


def sign_in_or_ask(request: "Request", answer: "Response", account: "Named", ask: "Response") -> "Response":
    """Sign the browser in with ``answer``, or ``ask`` for the second factor where the account has one."""
    site = site_of(request)
    if site.app.second_factors.of(account.id) is None:
        return sign_in(request, answer, account)
    keep_half(site, ask, account.id)
    return ask


def sign_out(request: "Request", answer: "Response") -> "Response":
    """Sign the browser out with this answer."""
    site = site_of(request)
    digest: str | None = getattr(request.state, "sign_in", None)
    if digest is not None:
        site.app.sign_ins.end(digest)
    forget(site, answer, SESSION)
    return answer


def source_of(request: "Request") -> str:
    """The address that asks, of an IPv6 one the network; "unknown" where there is none."""
    host = "" if request.client is None else request.client.host
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, NETWORK), strict=False))
    return str(address)


def inside(path: str) -> str:
    """The path to go on to after a sign-in: one of this site, else the first page."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if plain and path.isascii() else "/"
