"""What has no subject of its own: whether the service lives."""

from fastapi import APIRouter

from attendance.web.admits import Anyone

router = APIRouter(include_in_schema=False)


@router.get("/alive")
def alive(_who: Anyone) -> dict[str, str]:
    """A word for whoever supervises the service; it tells nothing of what is in it."""
    return {"state": "alive"}
