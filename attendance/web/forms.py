"""What a form sends, read field by field; what cannot be what it is to be is refused by the field's name."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData, QueryParams, UploadFile

from attendance.service_errors import RequestInvalid
from attendance.web.admits import FORM

MOST_TEXT: Final = 4000
"""Characters of one field."""
YEARS: Final = range(1000, 9000)
"""Of which days are taken: what is counted from one must be a day, too."""


class Given:
    """The fields of a form, or of an address after its question mark."""

    def __init__(self, fields: FormData | QueryParams) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """What was typed, trimmed; empty where nothing was. Raises RequestInvalid."""
        found = self._fields.get(name)
        told = found.replace("\x00", "").strip() if isinstance(found, str) else ""
        if len(told) > MOST_TEXT:
            raise RequestInvalid(name, f"it has more than {MOST_TEXT} characters")
        return told

    def secret(self, name: str) -> str:
        """What was typed as it is: the spaces of a password belong to it."""
        found = self._fields.get(name)
        return found if isinstance(found, str) else ""

    def some(self, name: str) -> str | None:
        """What was typed, None where nothing was. Raises RequestInvalid."""
        return self.text(name) or None

    def needed(self, name: str, what: str) -> str:
        """What was typed; raises RequestInvalid where nothing was, ``what`` it is in words."""
        told = self.text(name)
        if not told:
            raise RequestInvalid(name, f"{what} is missing")
        return told

    def day(self, name: str) -> date | None:
        """A day, None where none was given. Raises RequestInvalid."""
        told = self.text(name)
        try:
            found = date.fromisoformat(told) if told else None
        except ValueError:
            raise RequestInvalid(name, f"{told!r} is no day: give it as YYYY-MM-DD") from None
        if found is not None and found.year not in YEARS:
            raise RequestInvalid(name, f"{told} is no day that counts here: give one of {YEARS[0]} to {YEARS[-1]}")
        return found

    def needed_day(self, name: str) -> date:
        """A day; raises RequestInvalid where none was given."""
        found = self.day(name)
        if found is None:
            raise RequestInvalid(name, "a day is missing")
        return found

    def number(self, name: str) -> int | None:
        """A whole number, None where none was given. Raises RequestInvalid."""
        told = self.text(name)
        if not told:
            return None
        if not told.isascii() or not told.removeprefix("-").isdecimal() or len(told) > 9:  # noqa: PLR2004
            raise RequestInvalid(name, f"{told[:20]!r} is no whole number")
        return int(told)

    def flag(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.text(name) not in {"", "0", "no"}

    def all(self, name: str) -> list[str]:
        """All that was given under this name."""
        return [each for each in self._fields.getlist(name) if isinstance(each, str) and each]

    def file(self, name: str) -> UploadFile | None:
        """A file that was sent, None where none was chosen."""
        found = self._fields.get(name)
        return found if isinstance(found, UploadFile) and found.filename else None

    def needed_file(self, name: str) -> UploadFile:
        """A file; raises RequestInvalid where none was chosen."""
        found = self.file(name)
        if found is None:
            raise RequestInvalid(name, "choose a file first")
        return found

    def values(self, *names: str) -> dict[str, str]:
        """These fields as they were typed, to be shown again."""
        return {name: self.text(name) for name in names}

    def carried(self, *without: str) -> Iterator[tuple[str, str]]:
        """All fields as they were typed but for the form's token and those named, to be sent once more."""
        for name, value in self._fields.multi_items():
            if isinstance(value, str) and name not in {FORM, *without}:
                yield name, value


async def _of_form(request: Request) -> AsyncIterator[Given]:
    form = await request.form()
    try:
        yield Given(form)
    finally:
        await form.close()


def _of_address(request: Request) -> Given:
    return Given(request.query_params)


Form = Annotated[Given, Depends(_of_form)]
"""What a form has sent by POST."""
Asked = Annotated[Given, Depends(_of_address)]
"""What stands in the address after the question mark."""
