"""Who is admitted to a route: every route takes one of these, and a test lists those that do not.

    @router.get("/people")
    def people(request: Request, who: Staff) -> Response: ...

``Admin``, ``Staff`` (admins, and teachers for their groups) are for pages; a request that changes something must
carry the page's form token. ``Kiosk`` is a paired kiosk. ``Anyone`` admits whoever comes, and tells who it is if known.
`program(scope)` admits programs by bearer token, and signed-in people for whom the scope is meant, too.
"""

from typing import Annotated, Final

from fastapi import Depends, Request

from attendance.access import Role, Visitor
from attendance.service_errors import AccessRefused, FormStale, SignedOut

FORM: Final = "form_token"
"""The field of a form that holds the page's token."""
HEADER: Final = "X-Form-Token"
"""The header in which scripts send it."""
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Admits:
    """The dependency that finds out who asks, and refuses whoever has none of the roles."""

    def __init__(self, *roles: Role, scope: str | None = None, anyone: bool = False) -> None:
        self.roles, self.scope, self.anyone = frozenset(roles), scope, anyone

    async def __call__(self, request: Request) -> Visitor | None:
        """Who asks. Raises SignedOut, AccessRefused, FormStale, TokenInvalid, TokenScope."""
        found: Visitor | None = await request.app.state.known(request)
        if found is None:
            if self.anyone:
                return None
            raise SignedOut(request.url.path, "nobody is signed in")
        if not self.anyone and found.role not in self.roles:
            raise AccessRefused(request.url.path, f"this is not for the role {found.role}")
        if request.method not in SAFE and found.account is not None:
            await _refuse_foreign(request, found)
        return found


async def _refuse_foreign(request: Request, who: Visitor) -> None:
    """Raise FormStale unless the request carries the token of the visitor's own pages."""
    import secrets

    given = request.headers.get(HEADER)
    if given is None:
        form = await request.form()
        told = form.get(FORM)
        given = told if isinstance(told, str) else ""
    if not secrets.compare_digest(given.encode(), who.form_token.encode()):
        raise FormStale(request.url.path, "the form is not one of this sign-in")


Admin = Annotated[Visitor, Depends(Admits("admin"))]
Staff = Annotated[Visitor, Depends(Admits("admin", "teacher"))]
Kiosk = Annotated[Visitor, Depends(Admits("kiosk"))]
Anyone = Annotated[Visitor | None, Depends(Admits(anyone=True))]
