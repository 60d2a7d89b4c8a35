"""Groups: they are there as long as somebody belongs to them."""

from collections import Counter

from fastapi import Request

from attendance.web.api.models.people import Groups
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.scopes import PeopleRead
from attendance.web.site import site_of

router = Operations("groups", prefix="/groups")


@router.get("", responses=refusals())
def list_groups(request: Request, _who: PeopleRead, paged: Paged) -> Groups:
    """List the groups by name, each with how many active people belong to it."""
    app = site_of(request).app
    sizes = Counter(group for each in app.people.all() for group in each.groups)
    names = app.gallery.groups()
    found = paged.of(names, lambda name: name, lambda name: {"name": name, "people": sizes[name]})
    return Groups.model_validate(found)
