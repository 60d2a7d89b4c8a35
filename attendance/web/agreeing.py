"""What a form says that people have agreed to: who says so, on which paper, for what and how long."""

import hashlib
from typing import TYPE_CHECKING, Final

from attendance.service_errors import RequestInvalid
from attendance.services.consents import PURPOSES, Agreed, GivenBy, Purpose

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.web.forms import Given

FIELD: Final = "consent"
"""The field that says who has agreed: self, guardian, or empty."""
OTHERS: Final = ("giver", "until")


def agreed_of(app: "Attendance", given: "Given") -> Agreed | None:
    """What was agreed to, None where the form says of nobody that they did. Raises RequestInvalid."""
    by = given_by(given.text(FIELD))
    if by is None:
        return None
    day, digest = given.day("until"), paper_of(given)
    on_paper = digest is not None or given.flag("on_paper")
    return Agreed(
        ("face", *purposes(given.all("for"))),
        by,
        given.text("giver"),
        "paper" if on_paper else "spoken",
        digest,
        None if day is None else app.consents.until(day),
    )


def paper_of(given: "Given") -> str | None:
    """The SHA-256 of the paper that was sent, None where none was."""
    paper = given.file("paper")
    if paper is None:
        return None
    digest = hashlib.sha256()
    while part := paper.file.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def given_by(text: str) -> GivenBy | None:
    """Who agrees; None for nobody. Raises RequestInvalid."""
    if text == "self":
        return "self"
    if text == "guardian":
        return "guardian"
    if text:
        raise RequestInvalid(FIELD, f"{text[:20]!r} is neither self nor guardian")
    return None


def purposes(names: list[str]) -> tuple[Purpose, ...]:
    """The purposes of these names but for the face, which goes without saying. Raises RequestInvalid."""
    wrong = next((each for each in names if each not in PURPOSES), None)
    if wrong is not None:
        raise RequestInvalid("for", f"{wrong[:20]!r} is nothing that is asked for")
    return tuple(each for each in PURPOSES if each in names and each != "face")
