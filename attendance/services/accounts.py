"""Who may sign in: accounts with a role and a password, and how a sign-in is proved without telling who has one."""

from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.access import Actor, needs, passwords
from attendance.access.actor import NOBODY_KNOWN
from attendance.errors import GroupUnknown
from attendance.records import instant
from attendance.service_errors import (
    AccountExists,
    AccountLast,
    AccountUnknown,
    LimitReached,
    RequestInvalid,
    SetupOver,
    SignInRefused,
)
from attendance.services.limits import ACCOUNT, DEVICE, SOURCE
from attendance.services.sign_ins import digest_of
from attendance.services.tokens import made_by, revoke_made_by
from attendance.services.versions import refuse_changed
from gallery.errors import GalleryUnusable, PersonInvalid
from gallery.names import clean
from gallery.near import close_names, did_you_mean
from gallery.repositories import accounts, groups, sign_ins, tokens
from gallery.repositories.events import (
    ACCOUNT_ADDED,
    ACCOUNT_CHANGED,
    ACCOUNT_REMOVED,
    LOCKED_OUT,
    SIGNED_OUT,
    record,
    told_since,
)

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.services.limits import Limits
    from gallery.ports import Database, Transaction
    from gallery.servicevalues import Account, Token

ROLES: Final = ("admin", "teacher", "auditor")
WRONG: Final = "name and password do not belong together"


def told(account: "Account") -> dict[str, Any]:
    """One line of ``account list --json``."""
    return {
        "number": account.id,
        "name": account.name,
        "role": account.role,
        "groups": list(account.groups),
        "active": account.active,
        "created": instant(account.created),
    }


class Accounts:
    """The accounts of a home; each change stands in the log, and signs out whom it shuts out."""

    def __init__(self, store: "Database", clock: "Clock", limits: "Limits") -> None:
        self._store, self._clock, self._limits = store, clock, limits

    # What is there

    def all(self) -> "list[Account]":
        """Every account by name, those out of use, too."""
        with self._store.reading() as transaction:
            return accounts.all_accounts(transaction)

    def named(self, name: str) -> "Account":
        """The account of this name. Raises AccountUnknown."""
        with self._store.reading() as transaction:
            return _named(transaction, name)

    def numbered(self, number: int) -> "Account":
        """The account of this number. Raises AccountUnknown."""
        with self._store.reading() as transaction:
            return _numbered(transaction, number)

    def tokens_of(self, number: int) -> "list[Token]":
        """The tokens that are revoked when this account is removed, or is no admin any more. Raises AccountUnknown."""
        with self._store.reading() as transaction:
            return made_by(transaction, _numbered(transaction, number), self._clock.utc())

    # Signing in

    def prove(self, name: str, password: str, *, source: str, device: "tuple[int, str] | None" = None) -> "Account":
        """The account whose name and password these are; the same work is done where there is none of this name.

        ``source`` is the address that asks. ``device`` names a browser that was signed in to the account of this
        number before: what others try, from wherever, does not keep it out. Raises SignInRefused, LimitReached.
        """
        with self._store.reading() as transaction:
            found = _found(transaction, name)
            kept = None if found is None or not found.active else accounts.password_of(transaction, found.id)
        known = device if found is not None and device is not None and device[0] == found.id else None
        what, limit = (f"account:{_folded(name)}", ACCOUNT) if known is None else (f"device:{known}", DEVICE)
        try:
            if known is None:
                self._limits.check(f"source:{source}", SOURCE)
            self._limits.take(what, limit)
        except LimitReached:
            self.note_locked(found)
            raise
        if not passwords.fits(kept, password) or found is None or kept is None:
            if known is None:
                self._limits.failed(f"source:{source}", SOURCE)
            raise SignInRefused("sign-in", WRONG)
        self._limits.forget(what)
        if passwords.outdated(kept):
            with self._store.atomic() as transaction:
                accounts.change(transaction, found.id, password=passwords.hashed(password))
        return found

    def note_locked(self, account: "Account | None") -> None:
        """Note that an account was tried too often, once an hour; of names that none has nothing is noted."""
        if account is not None:
            with suppress(GalleryUnusable), self._store.atomic() as transaction:
                now, subject, by = self._clock.utc(), str(account.id), NOBODY_KNOWN
                hour = now - timedelta(hours=1)
                if not told_since(transaction, hour, action=LOCKED_OUT, subject=subject, by=by):
                    record(transaction, at=now, by=by, action=LOCKED_OUT, subject=subject)

    def prove_again(self, account: "Account", password: str) -> None:
        """Raise SignInRefused unless this is the account's password. Raises LimitReached."""
        what = f"again:{account.id}"
        self._limits.take(what, DEVICE)
        with self._store.reading() as transaction:
            kept = accounts.password_of(transaction, _numbered(transaction, account.id).id)
        if not passwords.fits(kept, password):
            raise SignInRefused("password", "this is not the present password")
        self._limits.forget(what)

    # What is changed

    def first(self, secret: str, name: str, password: str) -> "Account":
        """The first admin, made by whoever holds the setup link, which then holds no more.

        Raises SetupOver, AccountPassword, RequestInvalid for the name.
        """
        wanted = _usable(name)
        passwords.refuse_weak(password, wanted)
        kept, now = passwords.hashed(password), self._clock.utc()
        with self._store.atomic() as transaction:
            claimed = tokens.claim_setup(transaction, digest_of(secret), now)
            if claimed is None or accounts.all_accounts(transaction):
                raise SetupOver("setup", "this link was used before, or is over")
            return self._insert(transaction, Actor(wanted, door="web"), wanted, kept, "admin", ())

    def may_set_up(self, secret: str) -> bool:
        """Whether a setup link still holds."""
        with self._store.reading() as transaction:
            found = tokens.found(transaction, digest_of(secret))
            holds = found is not None and found.kind == "setup" and found.holds(self._clock.utc())
            return holds and not accounts.all_accounts(transaction)

    @needs("accounts.manage")
    def add(self, actor: "Actor", name: str, password: str, role: str, *, groups: Collection[str] = ()) -> "Account":
        """A new account. Raises AccountExists, AccountPassword, GroupUnknown, RequestInvalid for the role."""
        wanted = _usable(name)
        passwords.refuse_weak(password, wanted)
        kept = passwords.hashed(password)
        with self._store.atomic() as transaction:
            _refuse_taken(transaction, wanted)
            return self._insert(transaction, actor, wanted, kept, role, groups)

    def _insert(
        self, transaction: "Transaction", actor: "Actor", name: str, kept: str, role: str, wanted: Collection[str]
    ) -> "Account":
        now = self._clock.utc()
        theirs = _groups(transaction, wanted)
        made = accounts.insert(transaction, name, kept, _role(role), groups=theirs, at=now)
        details = {"role": made.role}
        record(transaction, at=now, by=actor.name, action=ACCOUNT_ADDED, subject=made.id, details=details)
        return made

    @needs("accounts.manage")
    def change(
        self,
        actor: "Actor",
        number: int,
        *,
        name: str | None = None,
        role: str | None = None,
        groups: Collection[str] | None = None,
        active: bool | None = None,
        expected: str | None = None,
    ) -> "Account":
        """Change what is given; who is put out of use is signed out at once, and of who is no admin tokens are revoked.

        ``expected`` is the version of `told` that the change is of (None: any). Raises AccountUnknown, AccountExists,
        AccountLast, GroupUnknown, RequestInvalid, EditChanged.
        """
        with self._store.atomic() as transaction:
            before = _numbered(transaction, number)
            refuse_changed(before.name, told(before), expected)
            wanted = None if name is None else _usable(name)
            if wanted is not None and wanted != before.name:
                _refuse_taken(transaction, wanted, but=number)
            after = accounts.change(
                transaction,
                number,
                name=wanted,
                role=None if role is None else _role(role),
                groups=None if groups is None else _groups(transaction, groups),
                active=active,
            )
            _refuse_nobody(transaction, before)
            if not after.active:
                sign_ins.remove_of(transaction, number)
            if before.role == "admin" and (after.role != "admin" or not after.active):
                revoke_made_by(transaction, actor, before, self._clock.utc())
            self._note(transaction, actor, ACCOUNT_CHANGED, number, _changed(before, after))
            return after

    @needs("accounts.manage")
    def set_password(self, actor: "Actor", number: int, password: str) -> None:
        """Another password; every browser of the account is signed out. Raises AccountUnknown, AccountPassword."""
        self._set_password(actor, self.numbered(number), password)

    @needs("account.own")
    def own_password(self, actor: "Actor", present: str, password: str) -> "Account":
        """Another password of the account that the actor is signed in to; every browser of it is signed out.

        Raises SignInRefused, LimitReached, AccountPassword, AccountUnknown.
        """
        account = self.numbered(actor.account or 0)
        self.prove_again(account, present)
        self._set_password(actor, account, password)
        return account

    def _set_password(self, actor: "Actor", account: "Account", password: str) -> None:
        number = account.id
        passwords.refuse_weak(password, account.name)
        kept = passwords.hashed(password)
        with self._store.atomic() as transaction:
            accounts.change(transaction, _numbered(transaction, number).id, password=kept)
            sign_ins.remove_of(transaction, number)
            self._note(transaction, actor, ACCOUNT_CHANGED, number, ["password"])
        self._limits.forget(f"account:{_folded(account.name)}", f"again:{number}")

    def sign_out(self, account: "Account") -> None:
        """Sign out every browser of an account."""
        with self._store.atomic() as transaction:
            if gone := sign_ins.remove_of(transaction, account.id):
                now, details = self._clock.utc(), {"browsers": gone}
                record(transaction, at=now, by=account.name, action=SIGNED_OUT, subject=account.id, details=details)

    @needs("accounts.manage")
    def remove(self, actor: "Actor", number: int) -> "Account":
        """Delete an account, which is signed out at once; the tokens that it made are revoked.

        Raises AccountUnknown, AccountLast.
        """
        with self._store.atomic() as transaction:
            found = _numbered(transaction, number)
            revoke_made_by(transaction, actor, found, self._clock.utc())
            accounts.remove(transaction, number)
            _refuse_nobody(transaction, found)
            record(transaction, at=self._clock.utc(), by=actor.name, action=ACCOUNT_REMOVED, subject=number)
            return found

    def _note(self, transaction: "Transaction", actor: "Actor", action: str, number: int, parts: list[str]) -> None:
        if parts:
            now, details = self._clock.utc(), {"changed": parts}
            record(transaction, at=now, by=actor.name, action=action, subject=number, details=details)


def _usable(name: str) -> str:
    """The name as it is kept; raises RequestInvalid."""
    try:
        return clean(name, "name")
    except PersonInvalid as error:
        raise RequestInvalid("name", error.detail) from error


def _folded(name: str) -> str:
    """One and the same for all ways to type a name; what can be none is found nowhere."""
    try:
        return clean(name, "name").casefold()
    except PersonInvalid:
        return ""


def _found(transaction: "Transaction", name: str) -> "Account | None":
    wanted = _folded(name)
    return next((each for each in accounts.all_accounts(transaction) if each.name.casefold() == wanted), None)


def _named(transaction: "Transaction", name: str) -> "Account":
    found = _found(transaction, name)
    if found is None:
        near = close_names(name, [each.name for each in accounts.all_accounts(transaction)])
        raise AccountUnknown(name, f"there is no account of this name{did_you_mean(near)}")
    return found


def _numbered(transaction: "Transaction", number: int) -> "Account":
    found = accounts.numbered(transaction, number)
    if found is None:
        raise AccountUnknown(str(number), "there is no account of this number")
    return found


def _refuse_taken(transaction: "Transaction", name: str, *, but: int | None = None) -> None:
    found = _found(transaction, name)
    if found is not None and found.id != but:
        raise AccountExists(name, "there is an account of this name already")


def _refuse_nobody(transaction: "Transaction", before: "Account") -> None:
    """Raise AccountLast where an admin was shut out and none is left."""
    if before.role == "admin" and before.active and not accounts.count_admins(transaction):
        raise AccountLast(before.name, "this is the last admin who may sign in")


def _role(role: str) -> Any:
    if role not in ROLES:
        raise RequestInvalid("role", f"{role!r} is none of {', '.join(ROLES)}")
    return role


def _groups(transaction: "Transaction", wanted: Collection[str]) -> list[str]:
    known = groups.names(transaction)
    for each in wanted:
        if each not in known:
            raise GroupUnknown.among(each, known)
    return sorted(set(wanted))


def _changed(before: "Account", after: "Account") -> list[str]:
    return [each for each in ("name", "role", "groups", "active") if getattr(before, each) != getattr(after, each)]
