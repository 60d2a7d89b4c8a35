"""Who asks: an account by the cookie of its sign-in, a kiosk by its own cookie, a program by its bearer token."""

from collections.abc import Iterator

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from attendance.access import Role, Visitor
from attendance.service_errors import TokenInvalid
from attendance.web.cookies import form_token, kiosk_of, session_of
from attendance.web.site import Site, site_of


async def visitor_of(request: Request, roles: frozenset[Role]) -> Visitor | None:
    """Who asks, in one of these roles where a browser has several; None: nobody who is known. Raises TokenInvalid."""
    return await run_in_threadpool(site_of(request).call, lambda _: _found(request, roles))


def _found(request: Request, roles: frozenset[Role]) -> Visitor | None:
    first: Visitor | None = None
    for each in _candidates(request):
        if each.role in roles:
            return each
        first = first or each
    return first


def _candidates(request: Request) -> Iterator[Visitor]:
    given = request.headers.get("authorization")
    if given is not None:
        yield _bearer(request, given)
        return
    site = site_of(request)
    found = [_signed_in(request, site), _kiosk(request, site)]
    yield from (each for each in found if each is not None)


def _signed_in(request: Request, site: Site) -> Visitor | None:
    secret = session_of(request)
    known = None if secret is None else site.app.sign_ins.found(secret)
    if known is None:
        return None
    request.state.sign_in = known.digest
    return Visitor.of_account(known.account, form_token(site, known.digest))


def _kiosk(request: Request, site: Site) -> Visitor | None:
    secret = kiosk_of(request)
    token = None if secret is None else site.app.tokens.found(secret, "kiosk")
    return None if token is None else Visitor.of_token(token)


def _bearer(request: Request, given: str) -> Visitor:
    kind, _, secret = given.partition(" ")
    site = site_of(request)
    token = site.app.tokens.found(secret.strip(), "api", "kiosk") if kind.lower() == "bearer" else None
    if token is None:
        raise TokenInvalid("token", "it is none that holds: unknown, taken back or over")
    return Visitor.of_token(token)


def still_there(request: Request) -> Visitor | None:
    """Who asked for what goes on since, if they may still ask; that they are signed in does not last longer by it."""
    given = request.headers.get("authorization")
    if given is not None:
        try:
            return _bearer(request, given)
        except TokenInvalid:
            return None
    site, secret = site_of(request), session_of(request)
    known = None if secret is None else site.app.sign_ins.held(secret)
    return _kiosk(request, site) if known is None else Visitor.of_account(known.account, "")
