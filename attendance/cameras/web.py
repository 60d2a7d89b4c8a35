"""A camera's HTTP address, asked with bounds: its own host alone, a few redirects, one try of the password."""

import contextlib
import hashlib
import http.client
import re
import ssl
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Self
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from attendance.cameras.address import Login, split_login
from attendance.cameras.answers import by_error, by_status
from attendance.cameras.authorities import context_of, scheme_of
from attendance.errors import CameraAuth, CameraMissing, CameraPath

MOST_REDIRECTS: Final = 5
_CHUNK: Final = 1 << 16
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml", "application/json", "text/xml", "application/xml"})
_UNNAMED: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_NEARLY: Final = ("ICY ", "HTTP")
_PICTURE_STARTS: Final = (b"\xff\xd8\xff", b"\x89PNG")
_HEADERS: Final = {"User-Agent": "attendance", "Accept": "*/*", "Cache-Control": "no-cache"}
_SAFE: Final = "%/:=&?~+!$,;'@()*[]"


class Site:
    """One http:// or https:// address. Proxies are not used; `timeout_s` bounds each step of an answer.

    With a `ca_file` its certificates alone are trusted; raises CameraCertificate where it holds none.
    """

    def __init__(self, url: str, timeout_s: float, ca_file: str = "") -> None:
        bare, self._login = split_login(url)
        self._url = _escaped(bare)
        self.timeout_s = timeout_s
        self.host = urlsplit(self._url).hostname or ""
        trusted = ca_file if scheme_of(url) == "https" else ""
        self._opener = _opener(self.host, self._login, context_of(trusted, self.host))

    def ask(self) -> "Answer":
        """What the address holds now; raises a `CameraError` unless that is, or may be, a picture or a stream."""
        with self.told():
            answer = Answer(self, self._opener.open(request.Request(self._url, headers=_HEADERS), None, self.timeout_s))  # noqa: S310 - the opener knows no other scheme
        if answer.type in _PAGES:
            answer.close()
            raise CameraPath(self.host, "this is a web page, neither a picture nor a stream; perhaps a login page")
        return answer

    def address_of(self, answer: "Answer") -> str:
        """The address that gave this answer, with user and password as other programs want them."""
        if self._login is None:
            return answer.url
        parts = urlsplit(answer.url)
        login = f"{quote(self._login.user, safe='')}:{quote(self._login.password, safe='')}"
        return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Turn whatever goes wrong on the way into a `CameraError`."""
        try:
            yield
        except HTTPError as error:
            error.close()
            raise by_status(self.host, error.code, with_login=self._login is not None) from None
        except URLError as error:
            reason = error.reason if isinstance(error.reason, OSError) else OSError(str(error.reason))
            raise by_error(self.host, reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise by_error(self.host, error) from error
        except UnicodeError as error:
            raise CameraMissing(self.host, "no host can have this name") from error
        except ValueError as error:
            raise CameraAuth(self.host, "the camera asks for a way of logging in that is not known here") from error


def is_nearly_http(error: CameraMissing) -> bool:
    """Whether the answer came in a language so near to HTTP that FFmpeg may understand it."""
    cause = error.__cause__
    return isinstance(cause, http.client.BadStatusLine) and str(cause).strip("'\"").startswith(_NEARLY)


class Answer:
    """An answer whose head has come; its body waits. Use it as a context manager."""

    def __init__(self, site: Site, response: Any) -> None:
        self._site, self._response = site, response
        self.url: str = response.url
        named = (response.headers.get("Content-Type") or "").partition(";")[0]
        self.type = re.sub(r"[^a-z0-9/.+-]", "", named.lower())[:80]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_picture(self) -> bool:
        """Whether this is one still picture; a body without a type is looked at."""
        if self.type not in _UNNAMED or self._response.length is None:
            return self.type.startswith("image/")
        with self._site.told():
            return bool(self._response.peek(4).startswith(_PICTURE_STARTS))

    def read(self, most: int) -> bytes:
        """The body; raises `CameraMissing` when it is longer than `most` bytes, or slow beyond the site's timeout."""
        end, parts, size = time.monotonic() + self._site.timeout_s, [], 0
        with self._site.told():
            while part := self._response.read1(_CHUNK):
                parts.append(part)
                size += len(part)
                if size > most:
                    raise CameraMissing(self._site.host, f"the picture does not end within {most // 1_000_000} MB")
                if time.monotonic() > end:
                    raise TimeoutError
        return b"".join(parts)

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._response.close()


class _Redirects(request.HTTPRedirectHandler):
    """Follows a camera on its own host, never to a less secure scheme."""

    max_redirections = MOST_REDIRECTS

    def __init__(self, host: str) -> None:
        self._host = host

    def http_error_302(self, req: request.Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Look at the target before the library does: it would go to ftp://, too."""
        target = urlsplit(urljoin(req.full_url, headers.get("Location") or headers.get("URI") or ""))
        secure = urlsplit(req.full_url).scheme == "https"
        if target.scheme not in ({"https"} if secure else {"http", "https"}):
            raise CameraPath(self._host, "it sends on to what is no address of a camera")
        if target.hostname != self._host:
            raise CameraPath(self._host, "it sends on to another host; if that is the camera, give its address")
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Password(request.HTTPPasswordMgr):
    """The one user and password of an address, for whatever realm: only the camera's own host is ever asked."""

    def __init__(self, login: Login) -> None:
        super().__init__()
        self._login = login

    def find_user_password(self, realm: str, authuri: str) -> tuple[str | None, str | None]:  # noqa: ARG002 - urllib's own names
        """User and password."""
        return self._login.user, self._login.password


class _Basic(request.HTTPBasicAuthHandler):
    def http_error_401(self, req: request.Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Try the password once: cameras lock out who guesses."""
        return None if req.has_header("Authorization") else super().http_error_401(req, fp, code, msg, headers)


class Digest(request.HTTPDigestAuthHandler):
    """Digest as urllib knows it, and with SHA-256; the password is tried once."""

    def http_error_401(self, req: request.Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Try the password once: cameras lock out who guesses."""
        return None if req.has_header("Authorization") else super().http_error_401(req, fp, code, msg, headers)

    def get_algorithm_impls(self, algorithm: str) -> tuple[Callable[[str], str], Callable[[str, str], str]]:
        """The hash of a text, and that of a secret with data (RFC 7616)."""
        if algorithm.upper() != "SHA-256":
            return super().get_algorithm_impls(algorithm)
        return _sha256, lambda secret, data: _sha256(f"{secret}:{data}")

    def authorization(self, method: str, url: str, challenge: str) -> str | None:
        """The header that answers a challenge, for other protocols that took Digest over; None: it cannot be."""
        fields = request.parse_keqv_list(list(filter(None, request.parse_http_list(challenge))))
        found = self.get_authorization(_Asked(method, url), fields)
        return f"Digest {found}" if found else None


class _Asked(request.Request):
    """A request as far as Digest looks at it."""

    def __init__(self, method: str, url: str) -> None:
        super().__init__("http://camera/", method=method)
        self.full_url = "http://camera/"
        self.selector = url


def digest(login: Login) -> Digest:
    """Digest for this user."""
    return Digest(_Password(login))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _opener(host: str, login: Login | None, context: ssl.SSLContext) -> request.OpenerDirector:
    """An opener that knows HTTP alone: no files, no FTP, no proxies, no cookies."""
    opener = request.OpenerDirector()
    handlers: list[request.BaseHandler] = [
        request.HTTPHandler(),
        request.HTTPSHandler(context=context),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        _Redirects(host),
    ]
    if login is not None:
        handlers += [digest(login), _Basic(_Password(login))]
    for handler in handlers:
        opener.add_handler(handler)
    return opener


def _escaped(url: str) -> str:
    """The URL with what HTTP does not allow in it percent-encoded; it has no fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, quote(parts.path, _SAFE), quote(parts.query, _SAFE), ""))
