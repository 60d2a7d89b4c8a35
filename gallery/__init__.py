"""People and their sealed templates: one database as the only truth, an index derived from it.

    from gallery import Gallery, GalleryIndex, open_database

    with open_database(home) as store:
        gallery = Gallery(store, pipeline_id)
        gallery.enroll("Ada Lovelace", vector, cohort_mean, ...)

Names are loaded when first used: importing this package is cheap and has no side effects.
"""

# ruff: noqa: F403, F405  the whole tree of errors is public; a test holds the names of __all__ against it

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gallery.archive import Exported, Imported
    from gallery.errors import *
    from gallery.gallery import Gallery
    from gallery.opening import open_database
    from gallery.ports import Database, Search, Vault
    from gallery.repositories.events import history, record
    from gallery.search.follower import GalleryIndex
    from gallery.search.index import Index
    from gallery.sqlite.store import Store
    from gallery.values import (
        AddedTemplate,
        Defect,
        EnrolResult,
        Event,
        Hit,
        Lookalike,
        PersonInfo,
        Removal,
        Stats,
        StoredCrop,
        TemplateInfo,
        Templates,
    )
    from gallery.vault.key import load_key
    from gallery.vault.seal import Sealer

__all__ = [
    "AddedTemplate",
    "AddressInvalid",
    "BackupInvalid",
    "Conflict",
    "Database",
    "Defect",
    "DuplicateId",
    "EngineMissing",
    "EnrolResult",
    "ErasureListInvalid",
    "Event",
    "Exported",
    "Gallery",
    "GalleryDamaged",
    "GalleryError",
    "GalleryFailed",
    "GalleryFull",
    "GalleryIndex",
    "GalleryLocked",
    "GalleryMissing",
    "GalleryNewer",
    "GalleryOlder",
    "GalleryReadOnly",
    "GalleryRefused",
    "GalleryUnreachable",
    "GalleryUnusable",
    "Hit",
    "ImportInvalid",
    "Imported",
    "Index",
    "KeyExposed",
    "KeyMissing",
    "KeyPassphrase",
    "KeySource",
    "KeyWorks",
    "KeyWrong",
    "LeaseLost",
    "Lookalike",
    "LookalikeUnknown",
    "NotADatabase",
    "NotEmpty",
    "OfflineOver",
    "PassphraseShort",
    "PersonAmbiguous",
    "PersonInactive",
    "PersonInfo",
    "PersonInvalid",
    "PersonUnknown",
    "PgvectorMissing",
    "RecoveryKeyWrong",
    "Removal",
    "Sealer",
    "Search",
    "ServerUnfit",
    "SiteUnknown",
    "Stats",
    "Store",
    "StoredCrop",
    "TemplateAltered",
    "TemplateInfo",
    "TemplateInvalid",
    "Templates",
    "TextInvalid",
    "Vault",
    "WrongEncoder",
    "history",
    "load_key",
    "open_database",
    "record",
]

_VALUES = (
    "AddedTemplate",
    "Defect",
    "EnrolResult",
    "Event",
    "Hit",
    "Lookalike",
    "PersonInfo",
    "Removal",
    "Stats",
    "StoredCrop",
    "TemplateInfo",
    "Templates",
)
_HOME_OF = {
    **dict.fromkeys(__all__, "gallery.errors"),  # whatever has no other home below
    **dict.fromkeys(_VALUES, "gallery.values"),
    **dict.fromkeys(("Exported", "Imported"), "gallery.archive"),
    **dict.fromkeys(("Database", "Search", "Vault"), "gallery.ports"),
    **dict.fromkeys(("history", "record"), "gallery.repositories.events"),
    "Gallery": "gallery.gallery",
    "GalleryIndex": "gallery.search.follower",
    "Index": "gallery.search.index",
    "Sealer": "gallery.vault.seal",
    "Store": "gallery.sqlite.store",
    "load_key": "gallery.vault.key",
    "open_database": "gallery.opening",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
