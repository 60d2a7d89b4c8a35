"""A second factor besides the password: six digits of a telephone (TOTP, RFC 6238), and codes for a lost one.

The digits of the present step of 30 seconds are taken, and of the one before and after, as clocks differ; each once. Of
a code for a lost telephone, 80 random bits, the SHA-256 alone is kept; each is taken once.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from attendance.access import needs
from attendance.privacy_errors import TotpOff, TotpWrong
from attendance.service_errors import LimitReached, WebMissing
from attendance.services.limits import ACCOUNT, SOURCE
from gallery.repositories import accounts, secondfactors
from gallery.repositories.events import FACTOR_ADDED, FACTOR_CODE_USED, FACTOR_REMOVED, record

if TYPE_CHECKING:
    from pyotp import TOTP

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.accounts import Accounts
    from attendance.services.limits import Limits
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.servicevalues import SecondFactor

STEP_S: Final = 30
AROUND: Final = (0, -1, 1)
"""Steps beside the present one whose digits are taken, too."""
SECRET_BYTES: Final = 20
CODES: Final = 10
CODE_BYTES: Final = 10
"""80 bits: too many to be tried, so that a quick hash is enough."""
ISSUER: Final = "attendance"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A secret that is not confirmed yet: as people type it, and as the address that telephones read."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class Held:
    """The second factor of an account: since when it is asked for, and how many codes are left."""

    since: datetime
    codes: int


class SecondFactors:
    """The second factors of a home's accounts; each that is set up or turned off stands in the log."""

    def __init__(self, gallery: "Gallery", clock: "Clock", limits: "Limits", accounts_: "Accounts") -> None:
        self._gallery, self._store, self._clock = gallery, gallery.store, clock
        self._limits, self._accounts = limits, accounts_

    # What is there

    def of(self, account: int) -> Held | None:
        """The one that this account is asked for, None where it is asked for none."""
        with self._store.reading() as transaction:
            found = secondfactors.of(transaction, account)
        return None if found is None or found.confirmed is None else Held(found.confirmed, len(found.codes))

    def having(self) -> set[int]:
        """The numbers of the accounts that are asked for one."""
        with self._store.reading() as transaction:
            return secondfactors.confirmed(transaction)

    def waiting(self, account: int) -> Waiting | None:
        """The secret of this account that waits to be confirmed, None where none does. Raises TemplateAltered."""
        with self._store.reading() as transaction:
            found, owner = secondfactors.of(transaction, account), accounts.numbered(transaction, account)
            secret = secondfactors.secret_of(transaction, self._gallery.sealer, account)
        if found is None or owner is None or secret is None or found.confirmed is not None:
            return None
        made = _totp(secret)
        return Waiting(made.secret, made.provisioning_uri(name=owner.name, issuer_name=ISSUER))

    # One's own

    @needs("account.own")
    def begin(self, actor: "Actor", present: str) -> None:
        """A new secret for the account that the actor is signed in to; nothing is asked for before it is confirmed.

        ``present`` is their password. Nothing happens where they have one already. Raises SignInRefused, LimitReached.
        """
        account = self._accounts.numbered(actor.account or 0)
        self._accounts.prove_again(account, present)
        with self._store.atomic() as transaction:
            found = secondfactors.of(transaction, account.id)
            if found is None or found.confirmed is None:
                secret = secrets.token_bytes(SECRET_BYTES)
                secondfactors.put(transaction, self._gallery.sealer, account.id, secret)

    @needs("account.own")
    def confirm(self, actor: "Actor", code: str) -> list[str]:
        """Have it be asked for from now on, as its digits are right: the codes for a lost telephone, told this once.

        Raises TotpOff where nothing waits, TotpWrong, LimitReached.
        """
        number, now = actor.account or 0, self._clock.utc()
        what = self._count(number)
        made = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode() for _ in range(CODES)]
        with self._store.atomic() as transaction:
            found = secondfactors.of(transaction, number)
            if found is None or found.confirmed is not None:
                raise TotpOff("second factor", "nothing waits to be confirmed")
            self._take_digits(transaction, number, code)
            secondfactors.confirm(transaction, number, now, [_digest(each) for each in made])
            record(transaction, at=now, by=actor.name, action=FACTOR_ADDED, subject=number)
        self._limits.forget(what)
        return ["-".join(each[at : at + 4] for at in range(0, len(each), 4)).lower() for each in made]

    @needs("account.own")
    def turn_off(self, actor: "Actor", present: str, code: str) -> None:
        """Ask for it no more. Raises SignInRefused, TotpWrong, LimitReached."""
        account = self._accounts.numbered(actor.account or 0)
        self._accounts.prove_again(account, present)
        self.prove(account.id, code)
        self._remove(actor, account.id)

    # Others'

    @needs("accounts.manage")
    def remove(self, actor: "Actor", number: int) -> bool:
        """Ask an account for it no more, as its telephone is lost: whether it had one. Raises AccountUnknown."""
        return self._remove(actor, self._accounts.numbered(number).id)

    def _remove(self, actor: "Actor", number: int) -> bool:
        with self._store.atomic() as transaction:
            had = secondfactors.remove(transaction, number)
            if had:
                record(transaction, at=self._clock.utc(), by=actor.name, action=FACTOR_REMOVED, subject=number)
        return had

    # Signing in

    def prove(self, number: int, code: str, *, source: str | None = None) -> None:
        """Raise TotpWrong unless this is a code of the account that was not taken yet; it is taken now.

        ``source`` is the address that asks. Raises LimitReached.
        """
        if source is not None:
            self._limits.check(f"source:{source}", SOURCE)
        what = self._count(number)
        try:
            with self._store.atomic() as transaction:
                self._take(transaction, number, code)
        except TotpWrong:
            if source is not None:
                self._limits.failed(f"source:{source}", SOURCE)
            raise
        self._limits.forget(what)

    def _count(self, number: int) -> str:
        """Count a try; what it is counted under. Raises LimitReached."""
        what = f"factor:{number}"
        try:
            self._limits.take(what, ACCOUNT)
        except LimitReached:
            with self._store.reading() as transaction:
                owner = accounts.numbered(transaction, number)
            self._accounts.note_locked(owner)
            raise
        return what

    def _take(self, transaction: "Transaction", number: int, code: str) -> None:
        found = secondfactors.of(transaction, number)
        if found is None or found.confirmed is None:
            raise TotpWrong("code", "it is none of this account")
        kept = _digest(code)
        if any(hmac.compare_digest(kept, each) for each in found.codes):
            secondfactors.use(transaction, number, kept)
            self._note_used(transaction, found)
        else:
            self._take_digits(transaction, number, code)

    def _note_used(self, transaction: "Transaction", found: "SecondFactor") -> None:
        owner = accounts.numbered(transaction, found.account)
        by, details = "" if owner is None else owner.name, {"left": len(found.codes) - 1}
        now = self._clock.utc()
        record(transaction, at=now, by=by, action=FACTOR_CODE_USED, subject=found.account, details=details)

    def _take_digits(self, transaction: "Transaction", number: int, code: str) -> None:
        """Raise TotpWrong unless these are the digits of a step that was not taken yet."""
        secret = secondfactors.secret_of(transaction, self._gallery.sealer, number)
        if secret is None:
            raise TotpWrong("code", "it is none of this account")
        typed, made = "".join(code.split()).encode("utf-8", "replace"), _totp(secret)
        present = int(self._clock.utc().timestamp()) // STEP_S
        for step in (present + each for each in AROUND):
            if hmac.compare_digest(made.generate_otp(step).encode(), typed):
                if secondfactors.advance(transaction, number, step):
                    return
                raise TotpWrong("code", "it was used before; wait for the next one")
        raise TotpWrong("code", "it is not the one that the telephone shows now")


def _digest(code: str) -> str:
    """What is kept of a code for a lost telephone, however it is typed."""
    plain = "".join(each for each in code.upper() if each.isalnum())
    return sha256(plain.encode("utf-8", "replace")).hexdigest()


def _totp(secret: bytes) -> "TOTP":
    try:
        import pyotp
    except ImportError as error:
        raise WebMissing("pyotp", str(error)) from error
    return pyotp.TOTP(base64.b32encode(secret).decode(), interval=STEP_S)
