"""What the API can be asked, as a page of our own."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.web.api.reference import Reference
from attendance.web.doors import AccountOwn
from attendance.web.pages import page
from attendance.web.site import site_of

router = APIRouter(include_in_schema=False)


@router.get("/api/docs")
def api_docs(request: Request, who: AccountOwn) -> Response:
    """Subjects, operations and shapes, each with what it needs and an example."""
    told = request.app.openapi()
    reference = Reference(told, site_of(request).public)
    about = told["info"]["description"].strip().split("\n\n")
    return page(
        request, who, "apidocs/index.html", about=about, subjects=reference.subjects(), shapes=reference.shapes()
    )
