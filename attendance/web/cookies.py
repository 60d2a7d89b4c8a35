"""What the service keeps in browsers, signed by a key of the home: who is signed in (half, too), a kiosk."""

import hmac
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

from itsdangerous import BadSignature, Signer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from attendance.web.site import Site, site_of

if TYPE_CHECKING:
    from attendance.services.sign_ins import Begun

SESSION: Final = "session"
DEVICE: Final = "device"
HALF: Final = "half"
KIOSK: Final = "kiosk"
SESSION_S: Final = 12 * 3600
DEVICE_S: Final = 400 * 24 * 3600
"""Browsers keep no cookie longer."""
HALF_S: Final = 300
"""For so long a code may follow a password."""
KIOSK_S: Final = 365 * 24 * 3600


def name_of(site: Site, cookie: str) -> str:
    """What a cookie is called: by TLS so that no other host and no plain connection can set it."""
    return f"__Host-{cookie}" if site.secure else cookie


def keep_session(site: Site, answer: Response, begun: "Begun") -> None:
    """Have the browser be signed in."""
    _keep(site, answer, SESSION, _signed(site, SESSION, begun.secret), SESSION_S, "lax")


def session_of(request: HTTPConnection) -> str | None:
    """The secret of the browser's sign-in, if the cookie is one of ours."""
    return _read(request, SESSION)


def keep_device(site: Site, request: HTTPConnection, answer: Response, account: int) -> None:
    """Have the browser be known as one that was signed in to an account."""
    number, known = device_of(request) or (None, "")
    known = known if number == account else secrets.token_urlsafe(16)
    _keep(site, answer, DEVICE, _signed(site, DEVICE, f"{account}.{known}"), DEVICE_S, "lax")


def device_of(request: HTTPConnection) -> tuple[int, str] | None:
    """The number of the account that was signed in last with this browser, and what the browser is known as."""
    number, _, known = (_read(request, DEVICE) or "").partition(".")
    return (int(number), known) if known else None


def keep_half(site: Site, answer: Response, account: int) -> None:
    """Have the browser be half signed in to an account: its password was right, its second factor is asked for."""
    _keep(site, answer, HALF, _signed(site, HALF, f"{account}.{int(_now_s(site))}"), HALF_S, "strict")


def half_of(request: HTTPConnection) -> int | None:
    """The number of the account whose password was right with this browser, some minutes ago at most."""
    number, _, since = (_read(request, HALF) or "").partition(".")
    if not since or not 0 <= _now_s(site_of(request)) - int(since) <= HALF_S:
        return None
    return int(number)


def _now_s(site: Site) -> float:
    return site.app.clock.utc().timestamp()


def keep_kiosk(site: Site, answer: Response, token: str) -> None:
    """Have the browser be a kiosk from now on: its token is no secret of this service, and not signed."""
    _keep(site, answer, KIOSK, token, KIOSK_S, "strict")


def kiosk_of(request: HTTPConnection) -> str | None:
    """The token of a paired kiosk."""
    return request.cookies.get(name_of(site_of(request), KIOSK)) or None


def forget(site: Site, answer: Response, cookie: str) -> None:
    """Take a cookie out of the browser."""
    name = name_of(site, cookie)
    answer.delete_cookie(name, path="/", secure=site.secure, httponly=True, samesite="lax")


def form_token(site: Site, digest: str) -> str:
    """What the forms of one sign-in carry; no other site can tell it."""
    return hmac.new(site.app.sign_ins.key, b"form:" + digest.encode(), sha256).hexdigest()


def _keep(site: Site, answer: Response, cookie: str, value: str, age_s: int, same: Literal["lax", "strict"]) -> None:
    name = name_of(site, cookie)
    answer.set_cookie(name, value, max_age=age_s, path="/", httponly=True, samesite=same, secure=site.secure)


def _signed(site: Site, cookie: str, value: str) -> str:
    return _signer(site, cookie).sign(value).decode()


def _read(request: HTTPConnection, cookie: str) -> str | None:
    site = site_of(request)
    given = request.cookies.get(name_of(site, cookie))
    if given is None:  # whoever has none is answered also while the database, where the key lies, is away
        return None
    try:
        return _signer(site, cookie).unsign(given).decode()
    except (BadSignature, UnicodeError):
        return None


def _signer(site: Site, cookie: str) -> Signer:
    return Signer(site.app.sign_ins.key, salt=f"attendance.{cookie}", digest_method=sha256)
