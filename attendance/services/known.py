"""Whether what somebody names is there."""

import unicodedata
from typing import TYPE_CHECKING

from attendance.errors import GroupUnknown, PlaceUnknown
from gallery.repositories import places

if TYPE_CHECKING:
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Place


def known_group(gallery: "Gallery", group: str | None) -> str | None:
    """The group, if there is one of this name (None: no group); raises GroupUnknown."""
    if group is not None and group not in (groups := gallery.groups()):
        raise GroupUnknown.among(group, groups)
    return group


def known_place(transaction: "Transaction", name: str) -> "Place":
    """The place of this name, in use or not; raises PlaceUnknown, which shows no password of an address."""
    found = places.named(transaction, folded(name))
    if found is None:
        from attendance.cameras import hidden

        raise PlaceUnknown.among(hidden(name), [each.name for each in places.all_places(transaction)])
    return found


def folded(name: str) -> str:
    """As names are kept, see `gallery.names.clean`; what can be none is found nowhere."""
    return unicodedata.normalize("NFC", name).strip()
