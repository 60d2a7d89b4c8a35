"""The keys that the service signs with: random bytes of this home, one for each purpose, sealed in the database."""

from typing import TYPE_CHECKING

from gallery.repositories import secrets

if TYPE_CHECKING:
    from gallery import Gallery


def secret_of(gallery: "Gallery", purpose: str) -> bytes:
    """The 32 bytes for a purpose, made at first use. Raises KeyMissing, KeyExposed, KeyWrong, TemplateAltered."""
    with gallery.store.reading() as transaction:
        found = secrets.stored(transaction, gallery.sealer, purpose)
    if found is not None:
        return found
    with gallery.store.atomic() as transaction:
        return secrets.of(transaction, gallery.sealer, purpose)
