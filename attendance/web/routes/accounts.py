"""Accounts and tokens: who may sign in, in which role and for which groups; what programs prove themselves by."""

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from attendance.access import ALL_GROUPS
from attendance.service_errors import RequestInvalid
from attendance.services.accounts import told
from attendance.services.sign_ins import key_of
from attendance.services.tokens import SCOPES
from attendance.services.versions import version_of
from attendance.web.doors import AccountsManage, AccountsRead, TokensManage, TokensRead
from attendance.web.forms import Form, Given
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor

router = APIRouter(include_in_schema=False)
ROLES: Final = (
    ("teacher", "Teacher, for groups"),
    ("auditor", "Auditor, reads all and changes nothing"),
    ("admin", "Admin, for all"),
)


@router.get("/settings/accounts")
def accounts(request: Request, who: AccountsRead) -> Response:
    """Who may sign in, and the form of a new account."""
    return _accounts(request, who)


@router.post("/settings/accounts")
def add_account(request: Request, who: AccountsManage, given: Form) -> Response:
    """Make an account."""
    try:
        made = site_of(request).app.accounts.add(
            who.actor,
            given.needed("name", "the name"),
            _password(given),
            given.text("role") or "teacher",
            groups=_groups(given),
        )
    except Refusal as error:
        return _accounts(request, who, given, error)
    return onward(request, "/settings/accounts", f"{made.name} may sign in.")


@router.get("/settings/accounts/{number}")
def account(request: Request, who: AccountsRead, number: int) -> Response:
    """The form that changes an account."""
    return _account(request, who, site_of(request).app.accounts.numbered(number))


@router.post("/settings/accounts/{number}")
def change_account(request: Request, who: AccountsManage, number: int, given: Form) -> Response:
    """Change name, role, groups and whether it is in use."""
    app = site_of(request).app
    accounts = app.accounts
    found, made = accounts.numbered(number), accounts.tokens_of(number)
    try:
        done = accounts.change(
            who.actor,
            number,
            name=given.needed("name", "the name"),
            role=given.text("role"),
            groups=_groups(given),
            active=given.flag("active"),
            expected=given.some("version"),
        )
    except Refusal as error:
        return _account(request, who, found, error)
    return onward(
        request,
        "/settings/accounts",
        f"{done.name} is changed.{_revoked(app.tokens.gone(made))}",
    )


@router.post("/settings/accounts/{number}/password")
def new_password(request: Request, who: AccountsManage, number: int, given: Form) -> Response:
    """Give an account another password; its browsers are signed out."""
    accounts = site_of(request).app.accounts
    found = accounts.numbered(number)
    try:
        accounts.set_password(who.actor, number, _password(given))
    except Refusal as error:
        return _account(request, who, found, error)
    return onward(request, "/settings/accounts", f"{found.name} has a new password, and is signed out everywhere.")


@router.post("/settings/accounts/{number}/remove")
def remove_account(request: Request, who: AccountsManage, number: int) -> Response:
    """Delete an account."""
    app = site_of(request).app
    found, made = app.accounts.numbered(number), app.accounts.tokens_of(number)
    try:
        app.accounts.remove(who.actor, number)
    except Refusal as error:
        return _account(request, who, found, error)
    told = f"{found.name} is deleted. What was done stays on record.{_revoked(app.tokens.gone(made))}"
    return onward(request, "/settings/accounts", told)


@router.post("/settings/accounts/{number}/factor")
def remove_factor(request: Request, who: AccountsManage, number: int) -> Response:
    """Turn off the second factor of an account, whose telephone is lost."""
    app = site_of(request).app
    found = app.accounts.numbered(number)
    app.second_factors.remove(who.actor, number)
    return onward(request, f"/settings/accounts/{number}", f"{found.name} signs in by password alone now.", "warn")


@router.post("/settings/accounts/browsers/{key}/end")
def end_browser(request: Request, who: AccountsManage, key: Annotated[str, Path(max_length=64)]) -> Response:
    """Sign out one browser of anybody."""
    site_of(request).app.sign_ins.end_one(who.actor, key)
    return onward(request, "/settings/accounts", "That browser is signed out.")


@router.get("/settings/tokens")
def tokens(request: Request, who: TokensRead) -> Response:
    """The tokens, and the form of a new one."""
    return _tokens(request, who)


@router.post("/settings/tokens")
def add_token(request: Request, who: TokensManage, given: Form) -> Response:
    """Make a token, and show once what it is."""
    try:
        made = site_of(request).app.tokens.add(
            who.actor, given.needed("name", "the name"), given.all("scopes"), days=given.number("days")
        )
    except Refusal as error:
        return _tokens(request, who, given, error)
    return section(request, who, "/settings", "office/token_made.html", made=made)


@router.post("/settings/tokens/{number}/revoke")
def revoke_token(request: Request, who: TokensManage, number: int) -> Response:
    """Take a token back."""
    found = site_of(request).app.tokens.revoke(who.actor, number)
    return onward(request, "/settings/tokens", f"{found.token.name} opens nothing any more.")


def _accounts(request: Request, who: "Visitor", given: Given | None = None, error: Refusal | None = None) -> Response:
    app = site_of(request).app
    values = {"name": "", "role": "teacher"} if given is None else given.values("name", "role")
    chosen = [] if given is None else given.all("groups")
    return section(
        request, who, "/settings", "office/accounts.html", error, accounts=app.accounts.all(), values=values,
        having=app.second_factors.having(),
        chosen=chosen, roles=ROLES, groups=app.own_people.groups(who),
        browsers=[(key_of(each), each) for each in app.sign_ins.all()], here=getattr(request.state, "sign_in", ""),
    )  # fmt: skip


def _account(request: Request, who: "Visitor", found: Any, error: Refusal | None = None) -> Response:
    app = site_of(request).app
    groups = sorted({*app.own_people.groups(who), *found.groups})
    return section(
        request, who, "/settings", "office/account.html", error, account=found, version=version_of(told(found)),
        roles=ROLES, groups=groups, own=who.account is not None and who.account.id == found.id,
        factor=app.second_factors.of(found.id), made=app.accounts.tokens_of(found.id),
    )  # fmt: skip


def _tokens(request: Request, who: "Visitor", given: Given | None = None, error: Refusal | None = None) -> Response:
    values = {"name": "", "days": "365"} if given is None else given.values("name", "days")
    chosen = [] if given is None else given.all("scopes")
    return section(
        request, who, "/settings", "office/tokens.html", error, tokens=site_of(request).app.tokens.all(), values=values,
        chosen=chosen, scopes=SCOPES,
    )  # fmt: skip


def _revoked(some: str) -> str:
    """What is said of the tokens that hold no more."""
    return f" Revoked with it: {some}." if some else ""


def _groups(given: Given) -> list[str]:
    """Those of a teacher; others see all."""
    return [] if given.text("role") in ALL_GROUPS else given.all("groups")


def _password(given: Given) -> str:
    """The password, typed twice alike. Raises RequestInvalid."""
    first, second = (given.secret(name) for name in ("password", "again"))
    if first != second:
        raise RequestInvalid("password", "the two are not alike: type it once more")
    return first
