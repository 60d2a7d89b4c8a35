"""`Actor`: who asks for something to be done; it goes into every record of what was done."""

import getpass
from dataclasses import dataclass
from typing import Literal, Self

Door = Literal["cli", "python", "camera", "web", "kiosk"]
NOBODY_KNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as records name them; ``roles`` are those they hold, ``door`` is the way they came in.

    ``account`` is the number of the account that they are signed in to. Without any role they are the program itself,
    or the system's user at the machine.
    """

    name: str
    roles: frozenset[str] = frozenset()
    door: Door = "python"
    account: int | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("an actor needs a name")

    @classmethod
    def of_account(cls, door: Door = "python") -> Self:
        """The account that this process runs under, "unknown" where the system does not tell."""
        try:
            return cls(getpass.getuser() or NOBODY_KNOWN, door=door)
        except (OSError, KeyError, ImportError):
            return cls(NOBODY_KNOWN, door=door)
