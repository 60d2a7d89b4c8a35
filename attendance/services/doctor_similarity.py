"""Whether the folders by which pictures are compared can be used."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attendance.services.doctor_finding import Finding

if TYPE_CHECKING:
    from attendance.settings import Settings

EXPORT = "attendance train export RUN --to FOLDER --id NAME"


def similarity_findings(settings: "Settings") -> Iterator[Finding]:
    """One finding a folder; nothing where none is set."""
    if not settings.similarity_folders:
        return
    from attendance.services.similarity import Similarity

    found = Similarity(settings.similarity_folders, threads=1)
    for card in found.cards:
        digest = next(iter(card.files.values()))
        yield Finding("similarity", f"{card.name}, {card.method} on {card.data}, sha256 {digest[:12]}… as on its card")
    for error in found.refused:
        yield Finding("similarity", str(error), error.id, EXPORT, error.exit_code)
