"""Query parameters that several operations have."""

from typing import Annotated, Final

from fastapi import Query

from attendance.web.api.models.shared import Day

LONGEST: Final = 300
InSession = Annotated[str | None, Query(description="A session's name or a day; else today's.", max_length=LONGEST)]
OfSession = Annotated[str | None, Query(description="Of this session alone.", max_length=LONGEST)]
OfGroup = Annotated[str | None, Query(description="Of this group alone.", max_length=LONGEST)]
OfPerson = Annotated[str | None, Query(description="Of this external id alone.", max_length=LONGEST)]
OfRule = Annotated[str | None, Query(description="Of this entry of the timetable alone.", max_length=LONGEST)]
AtPlace = Annotated[str | None, Query(description="Where the photo was taken: a place's name.", max_length=LONGEST)]
First = Annotated[Day | None, Query(alias="from", description="From this day on.")]
Last = Annotated[Day | None, Query(alias="to", description="Up to this day.")]
After = Annotated[int | None, Query(description="As Last-Event-ID, for those who cannot send it.", ge=0, le=2**53)]
