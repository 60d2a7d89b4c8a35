"""What every writing step asks first, in one question: whether this program may still write, and where the log ends.

A database may be of a later schema than this program knows, and still be used: each version writes into it the oldest
revision whose programs may go on, so that machines are upgraded one after the other. It is asked anew in each step, as
another machine may be upgraded at any time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gallery.errors import GalleryNewer, GalleryOlder
from gallery.schema import REVISIONS

COMPATIBLE: Final = "compatible"
"""The fact about the home that says from which revision on programs may use it."""
LINKS: Final = "audit"
"""For what the secret of the home is that links entries of the log."""
LAST, SEALED = "last link", "sealed secret of links"
"""Where a step finds the link of the last entry, and the secret; both are gone where a part of it was taken back."""
START: Final = "start"
"""What the first linked entry is linked to."""
WEBHOOK: Final = "webhook"
WEBHOOKS: Final = "any webhook"
"""Where the connection of a step remembers whether one is in use; gone as soon as the step changes receivers."""
QUESTION: Final = text(f"""
SELECT (SELECT value FROM meta WHERE key = '{COMPATIBLE}'),
       (SELECT value FROM secret WHERE purpose = '{LINKS}'),
       (SELECT link FROM event ORDER BY seq DESC LIMIT 1),
       EXISTS (SELECT 1 FROM event),
       EXISTS (SELECT 1 FROM receiver WHERE kind = '{WEBHOOK}' AND active)
""")  # noqa: S608 - our own names # nosec B608


def heed(session: Session, answer: Sequence[Any], where: str) -> None:
    """Keep for the step what `QUESTION` told; raises GalleryNewer where this program may not write any more."""
    compatible, sealed, link, entries, webhooks = answer
    refuse_newer(where, REVISIONS[-1], compatible)
    session.info[SEALED] = sealed
    session.info[LAST] = link if entries else START
    session.connection().info[WEBHOOKS] = bool(webhooks)


@contextmanager
def forgetting(session: Session) -> Iterator[None]:
    """Ask anew for what is needed again, where this part of the step is taken back."""
    try:
        yield
    except BaseException:
        session.info.pop(LAST, None)
        session.info.pop(SEALED, None)
        raise


def is_older(revision: str) -> bool:
    """Whether a schema of this revision is to be upgraded by this program."""
    return revision in REVISIONS and revision != REVISIONS[-1]


def refuse_older(where: str, revision: str) -> None:
    """Raise GalleryOlder for a schema of this revision, where it may not be upgraded."""
    if is_older(revision):
        told = f"it is of an older version: its schema {revision!r} must be upgraded to {REVISIONS[-1]!r} first"
        raise GalleryOlder(where, told)


def refuse_newer(where: str, revision: object, compatible: str | None) -> None:
    """Raise GalleryNewer unless this program knows the revision, or a later one says that it may go on."""
    newest = REVISIONS[-1]
    if revision not in REVISIONS and (compatible is None or not _is_later(revision)):
        raise GalleryNewer(where, f"its schema is {revision!r}, this version knows up to {newest!r}")
    if compatible is not None and compatible > newest:
        told = f"since its last upgrade it is used by versions from schema {compatible!r} on alone"
        raise GalleryNewer(where, f"{told}; this one knows up to {newest!r}")


def _is_later(revision: object) -> bool:
    newest = REVISIONS[-1]
    return isinstance(revision, str) and revision.isdecimal() and len(revision) == len(newest) and revision > newest
