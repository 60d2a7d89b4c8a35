"""`Visitor`: who has come by the web's doors: by which account or token, in which role, and whose people they see."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self

from attendance.access.actor import Actor

if TYPE_CHECKING:
    from gallery.servicevalues import Account, Token

Role = Literal["admin", "teacher", "auditor", "kiosk", "program"]
ALL_GROUPS: Final = frozenset({"admin", "auditor"})
"""The roles that see everybody."""


class Grouped(Protocol):
    """Whoever belongs to groups."""

    @property
    def groups(self) -> Collection[str]:
        """Their names."""
        ...


def may_see(groups: Collection[str] | None, person: Grouped) -> bool:
    """Whether one who sees the people of these groups alone (None: of all) sees this person."""
    return groups is None or not set(groups).isdisjoint(person.groups)


def for_all_or(groups: Collection[str] | None, group: str | None) -> bool:
    """Whether what is of this group (None: for all) is for one who sees these groups alone (None: all)."""
    return groups is None or group is None or group in groups


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. ``groups`` are those whose people they may see, None: all. ``form_token`` goes into every form."""

    actor: Actor
    role: Role
    groups: frozenset[str] | None = None
    form_token: str = ""
    account: "Account | None" = None
    token: "Token | None" = None

    @classmethod
    def of_account(cls, account: "Account", form_token: str) -> Self:
        """Somebody who is signed in; a teacher sees the people of their groups."""
        actor = Actor(account.name, frozenset({account.role}), "web", account.id)
        groups = None if account.role in ALL_GROUPS else frozenset(account.groups)
        return cls(actor, account.role, groups, form_token, account)

    @classmethod
    def of_token(cls, token: "Token") -> Self:
        """A paired kiosk, or a program, which holds the scopes of its token, and never none at all."""
        if token.kind == "kiosk":
            return cls(Actor(f"kiosk {token.name}", frozenset({"kiosk"}), "kiosk"), "kiosk", token=token)
        return cls(Actor(f"token {token.name}", frozenset({"program", *token.scopes}), "web"), "program", token=token)

    def may_see(self, person: Grouped) -> bool:
        """Whether this person is one of theirs."""
        return may_see(self.groups, person)

    def may_read(self, group: str | None) -> bool:
        """Whether what is of this group (None: for all) is for them."""
        return for_all_or(self.groups, group)
