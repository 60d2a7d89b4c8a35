"""Whether what somebody names is there."""

from typing import TYPE_CHECKING

from attendance.errors import GroupUnknown

if TYPE_CHECKING:
    from gallery import Gallery


def known_group(gallery: "Gallery", group: str | None) -> str | None:
    """The group, if there is one of this name (None: no group); raises GroupUnknown."""
    if group is not None and group not in (groups := gallery.groups()):
        raise GroupUnknown.among(group, groups)
    return group
