"""Similarity: two or three pictures compared by a model of the workbench; nothing of them is kept."""

import asyncio

from fastapi import Request

from attendance.services.admission import SentPhoto
from attendance.web.api.models.similarity import Comparison, SimilarityModelList
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.scopes import SimilarityUse
from attendance.web.api.segments import ModelName
from attendance.web.api.uploads import FORM_OF_PICTURES, Pictures
from attendance.web.site import site_of

router = Operations("similarity", prefix="/similarity")


@router.get("", responses=refusals())
def list_similarity_models(request: Request, _who: SimilarityUse, paged: Paged) -> SimilarityModelList:
    """List the models that compare pictures, with how often each was right."""
    found = list(enumerate(site_of(request).app.similarity.cards))
    return SimilarityModelList.model_validate(paged.of(found, lambda each: each[0], lambda each: each[1].to_dict()))


@router.post("/{name}", responses=refusals(404, 413), openapi_extra=FORM_OF_PICTURES)
async def compare_pictures(request: Request, who: SimilarityUse, name: ModelName, pictures: Pictures) -> Comparison:
    """Compare two or three pictures: the distance of each pair, and whether two are alike."""
    app = site_of(request).app
    photos = [SentPhoto(each.source, each.data) for each in pictures]
    done = await asyncio.wrap_future(app.lane.submit(lambda: app.similarity.compare(who.actor, name, photos)))
    for _, reason in done.refused:
        raise reason
    return Comparison.model_validate(done.to_dict())
