"""Passwords and PINs: which may be chosen, and how they are kept, as argon2id hashes (RFC 9106).

The cost is the OWASP floor, 19 MiB and two passes: a school's smallest computer answers a sign-in in a twentieth of a
second. `GUESSES` bounds how many are computed at once, so that many sign-ins do not fill the memory.
"""

import secrets
import threading
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from attendance.service_errors import AccountPassword, WebMissing

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 10
"""Characters of a password."""
LONGEST: Final = 256
"""Of a longer one nobody gains anything, but its hash costs."""
MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
DIFFERENT: Final = 5
"""Fewer different characters are tried first by whoever guesses."""
_COMMON = """
    0123456789 0987654321 1029384756 123123123123 1234512345 1234554321 1234567890 12345678910 123456789a
    1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc a1b2c3d4e5 abcd123456 abcdefghij administrator administrateur
    attendance attendance1 attendance123 asdfghjkl1 azertyuiop changeme123 correcthorsebatterystaple
    football123 iloveyou123 letmein123 liverpool1 manchester motdepasse passw0rd123 password01 password10
    password11 password12 password123 password1234 password12345 password123456 passwordpassword passwort123
    passwort1234 princess123 q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedcrfv qwerty12345 qwerty123456 qwertyuiop
    qwertzuiop secret1234 superman123 teacher123 unknown123 welcome123 welcome1234 willkommen willkommen1
    zaq12wsxcde3
"""
COMMON: Final = frozenset(_COMMON.split())
"""What is tried first of those that are long enough."""
GUESSES: Final = threading.BoundedSemaphore(4)


def refuse_weak(password: str, name: str) -> None:
    """Raise AccountPassword unless this may be the password of the account of this name."""
    told = _weakness(_normal(password), _normal(name).casefold())
    if told is not None:
        raise AccountPassword("password", told)


def _weakness(password: str, name: str) -> str | None:
    if len(password) < SHORTEST:
        return f"{len(password)} characters, at least {SHORTEST} are needed"
    if len(password) > LONGEST:
        return f"{len(password)} characters, at most {LONGEST} are taken"
    folded = password.casefold().strip()
    if name and folded.replace(" ", "") in {name.replace(" ", "") + end for end in ("", "1", "123", "!")}:
        return "it is the name of the account"
    if len(set(folded)) < DIFFERENT or folded.replace(" ", "") in COMMON:
        return "it is one of those that are guessed first"
    return None


def hashed(secret: str) -> str:
    """What is kept of a password or a PIN. Raises WebMissing."""
    with GUESSES:
        return _hasher().hash(_normal(secret))


def fits(kept: str | None, secret: str) -> bool:
    """Whether a password or a PIN is the one that was kept; for None the same work is done, and it is not.

    Raises WebMissing.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    with GUESSES:
        try:
            proved = _hasher().verify(_nobodys() if kept is None else kept, _normal(secret)[: 4 * LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return proved and kept is not None


def outdated(kept: str) -> bool:
    """Whether a hash was made at another cost than today's."""
    return _hasher().check_needs_rehash(kept)


def _normal(text: str) -> str:
    """The same characters whichever keyboard wrote them; halves of surrogate pairs cannot be hashed."""
    return unicodedata.normalize("NFKC", text).encode("utf-8", "replace").decode()


@lru_cache
def _hasher() -> "PasswordHasher":
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        raise WebMissing("argon2", str(error)) from error
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)


@lru_cache
def _nobodys() -> str:
    """The hash of what nobody knows, at today's cost."""
    return _hasher().hash(secrets.token_hex(32))
