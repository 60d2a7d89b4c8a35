"""Who is admitted to a route: every route takes one of these, and a test lists those that do not.

    @router.get("/people")
    def people(request: Request, who: Annotated[Visitor, having("people.read")]) -> Response: ...

`having` admits the roles that have a right, by the one table of `attendance.access.rights`; `attendance.web.doors` has
a name for each. A request that changes something must carry the page's form token, and an auditor's is refused but for
their own account. ``Anyone`` admits whoever comes, and tells who it is if known; so does ``Stranger``, without a form
token also for those who are signed in, as what is sent proves itself. ``Admin``, ``Staff`` (admins, and teachers for
their groups), ``Inspector`` (admins and auditors) and ``Reader`` (all three) name roles and no right. `program` admits
programs by bearer token, and admins:

    def people(request: Request, who: Annotated[Visitor, program("people:read", "people.read")]) -> Response: ...
"""

import secrets
from typing import Annotated, Any, Final, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from attendance.access import RIGHTS, Right, Role, Visitor
from attendance.privacy_errors import TotpOff
from attendance.service_errors import AccessRefused, FormStale, SignedOut, TokenScope
from attendance.web.known import visitor_of
from attendance.web.site import site_of

FORM: Final = "form_token"
"""The field of a form that holds the page's token."""
HEADER: Final = "X-Form-Token"
"""The header in which scripts send it."""
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_ACCOUNT: Final[Right] = "account.own"
"""What auditors may change, too."""
OWN: Final = frozenset({"same-origin", "none"})
"""What browsers say in Sec-Fetch-Site of what our own pages and the address bar send."""


class Admits:
    """The dependency that finds out who asks, and refuses whoever has none of the roles.

    Without roles they are those of people and kiosks that have the right.
    """

    def __init__(
        self,
        *roles: Role,
        right: Right | None = None,
        scope: str | None = None,
        anyone: bool = False,
        form: bool = True,
    ) -> None:
        given = roles if roles or right is None else cast("frozenset[Role]", RIGHTS[right].roles)
        self.roles: frozenset[Role] = frozenset(given)
        self.right, self.scope, self.anyone, self.form = right, scope, anyone, form

    async def __call__(self, request: Request) -> Visitor | None:
        """Who asks. Raises SignedOut, AccessRefused, FormStale, TokenInvalid, TokenScope, TotpOff."""
        changes = request.method not in SAFE
        if changes and "authorization" not in request.headers:
            _refuse_foreign_origin(request)
        found = await visitor_of(request, self.roles)
        request.state.who = found
        if found is None and not self.anyone:
            raise SignedOut(request.url.path, "nobody is signed in")
        if found is not None and not self.anyone:
            self._refuse_others(request, found)
            if self.right != OWN_ACCOUNT:
                await run_in_threadpool(_refuse_without_factor, request, found)
        if changes and self.form and found is not None and found.account is not None:
            await _refuse_foreign_form(request, found)
        return found

    def _refuse_others(self, request: Request, who: Visitor) -> None:
        if who.role not in self.roles:
            raise AccessRefused(request.url.path, f"this is not for the role {who.role}")
        if who.role == "auditor" and request.method not in SAFE and self.right != OWN_ACCOUNT:
            raise AccessRefused(request.url.path, "an auditor changes nothing")
        scopes = () if who.token is None else who.token.scopes
        if who.role == "program" and self.scope is not None and self.scope not in scopes:
            raise TokenScope(request.url.path, f"the token has not the scope {self.scope}")


def _refuse_without_factor(request: Request, who: Visitor) -> None:
    """Raise TotpOff for an admin without second factor where admins need one."""
    app = site_of(request).app
    needed = app.settings.totp_for_admins and who.role == "admin" and who.account is not None
    if needed and who.account is not None and app.second_factors.of(who.account.id) is None:
        raise TotpOff(request.url.path, "admins need a second factor here")


def having(right: Right) -> Any:
    """Admit people and kiosks whose role has this right."""
    return Depends(Admits(right=right))


def program(scope: str, right: Right) -> Any:
    """Admit programs whose token has this scope, which opens this right; and admins."""
    return Depends(Admits("program", "admin", right=right, scope=scope))


def _refuse_foreign_origin(request: Request) -> None:
    """Raise FormStale for what another site's page sends, also where nobody is signed in yet."""
    told = request.headers.get("sec-fetch-site")
    if told is not None and told not in OWN:
        raise FormStale(request.url.path, "it comes from a page of another site")
    origin = request.headers.get("origin")
    if origin is None:
        return
    ours = {request.headers.get("host", "").lower(), urlsplit(site_of(request).public).netloc.lower()}
    if urlsplit(origin).netloc.lower() not in ours:
        raise FormStale(request.url.path, "it comes from a page of another site")


async def _refuse_foreign_form(request: Request, who: Visitor) -> None:
    """Raise FormStale unless the request carries the token of the visitor's own pages."""
    given = request.headers.get(HEADER)
    if given is None:
        form = await request.form()
        told = form.get(FORM)
        given = told if isinstance(told, str) else ""
    if not secrets.compare_digest(given.encode(), who.form_token.encode()):
        await request.close()
        raise FormStale(request.url.path, "the form is not one of this sign-in")


Admin = Annotated[Visitor, Depends(Admits("admin"))]
Staff = Annotated[Visitor, Depends(Admits("admin", "teacher"))]
Inspector = Annotated[Visitor, Depends(Admits("admin", "auditor"))]
Reader = Annotated[Visitor, Depends(Admits("admin", "teacher", "auditor"))]
Anyone = Annotated[Visitor | None, Depends(Admits(anyone=True))]
Stranger = Annotated[Visitor | None, Depends(Admits(anyone=True, form=False))]
