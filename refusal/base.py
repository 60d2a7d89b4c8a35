'''The base of every error that is raised on purpose.

A package gives its tree a table of help texts by id; a class then needs its id and one sentence on what it means::

    HELP = {"photo.truncated": "Copy the photo again: its end is missing."}

    class EnrollError(Refusal, helps=HELP):
        """Base of the tree."""

    class PhotoTruncated(EnrollError, id="photo.truncated"):
        """The file ends before the picture does."""

The exit code is that of the class above unless ``exit_code`` gives another. ``id``, ``exit_code`` and ``help`` may
stand in the body of the class as well. A class without an id of its own or from above is a family: to be caught,
not raised.
'''

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from refusal.text import one_line, told

__all__ = ["Refusal"]

ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
EXIT_CODES = range(1, 5)
_OWNERS: dict[str, str] = {}


class Refusal(Exception):  # noqa: N818 - the members' names say what was refused
    """Something is refused: ``where`` names the file or thing, ``detail`` says what is wrong with it."""

    id: ClassVar[str]
    exit_code: ClassVar[int] = 1
    help: ClassVar[str]
    reasons: tuple[str, ...] = ()
    """The codes of a refused face; nothing with any other refusal."""

    _helps: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init_subclass__(
        cls,
        *,
        id: str | None = None,  # noqa: A002 - the attribute's name
        exit_code: int | None = None,
        helps: Mapping[str, str] | None = None,
    ) -> None:
        """Take the class's facts. Raises TypeError where one is missing or the id is another's."""
        super().__init_subclass__()
        if helps is not None:
            cls._helps = helps
        if exit_code is not None:
            cls.exit_code = exit_code
        if id is not None:
            cls.id = id
            cls.help = vars(cls).get("help", cls._helps.get(id, ""))
        _enter(cls)

    def __init__(self, where: str, detail: str) -> None:
        if not hasattr(self, "id"):
            raise TypeError(f"{type(self).__name__} is a family without an id: raise one of its members")
        super().__init__(where, detail)
        self.where = one_line(where)
        self.detail = one_line(detail)

    def __str__(self) -> str:
        return f"{self.where}: {self.detail}"

    @property
    def line(self) -> str:
        """One line for people: which error, where, what, and what to do."""
        return told(self.id, str(self), self.help)


def _enter(kind: type[Refusal]) -> None:
    who = f"{kind.__module__}.{kind.__qualname__}"
    if kind.exit_code not in EXIT_CODES:
        raise TypeError(f"{who}: an exit code from 1 to 4 was expected, not {kind.exit_code!r}")
    own = vars(kind)
    if "id" not in own and "help" not in own:
        return
    if not ID.fullmatch(own.get("id", "")):
        raise TypeError(f"{who}: an id such as photo.truncated was expected, not {own.get('id')!r}")
    if not own.get("help"):
        raise TypeError(f"{who}: there is no help for {kind.id}")
    owner = _OWNERS.setdefault(kind.id, who)
    if owner != who:  # the same name again is the same class, loaded anew
        raise TypeError(f"{who}: {kind.id} is the id of {owner}")
