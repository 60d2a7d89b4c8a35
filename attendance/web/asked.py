"""What pages are asked: numbers as databases have them, whom they mean, and where to go back to."""

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Request
from pydantic import Field

from attendance.web.site import site_of

if TYPE_CHECKING:
    from attendance.access import Visitor

HIGHEST: Final = 2**63 - 1
Number = Annotated[int, Field(ge=1, le=HIGHEST)]
"""What numbers a row of the database."""


def person_of(request: Request, who: "Visitor", number: int) -> Any:
    """The person of this number, if the visitor may see them; raises PersonUnknown, alike for both."""
    return site_of(request).app.people.seen_by(who.groups, number)


def back_to(path: str) -> str:
    """Where a form said to go back to, if that is a page of this service, else Today."""
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"
