"""What pages are asked: numbers as databases have them, whom they mean, and where to go back to."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Request
from pydantic import Field
from starlette.datastructures import FormData

from attendance.web.helps import told_here
from attendance.web.site import site_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attendance.access import Visitor
    from attendance.services.uploads import Upload
    from attendance.web.forms import Given
    from refusal import Refusal

HIGHEST: Final = 2**63 - 1
Number = Annotated[int, Field(ge=1, le=HIGHEST)]
"""What numbers a row of the database."""


def person_of(request: Request, who: "Visitor", number: int) -> Any:
    """The person of this number, if the visitor may see them; raises PersonUnknown, alike for both."""
    return site_of(request).app.people.seen_by(who.groups, number)


def sent_file(request: Request, who: "Visitor", given: "Given") -> "Upload":
    """The file that is sent now, or was sent before and is meant by its key. Raises RequestInvalid."""
    uploads = site_of(request).app.uploads
    if given.file("file") is None and given.text("key"):
        return uploads.find(who.actor, given.text("key"))
    sent = given.needed_file("file")
    return uploads.keep(who.actor, sent.filename or "", sent.file)


async def sent_form(request: Request) -> AsyncIterator[FormData]:
    """The form of a request, read once it is known who has sent it: FastAPI reads what it is told of before that."""
    async with request.form() as form:
        yield form


Form = Annotated[FormData, Depends(sent_form)]


def back_to(path: str) -> str:
    """Where a form said to go back to, if that is a page of this service, else Today."""
    plain = path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


def wrong_in(fields: "Mapping[str, str]", error: "Refusal | None") -> dict[str, str]:
    """By field of a form what is wrong with it; ``fields`` tells by an error's id which, else it is ``all``."""
    said = dict.fromkeys(("all", *fields.values()), "")
    if error is not None:
        said[fields.get(error.id, "all")] = told_here(error)
    return said
