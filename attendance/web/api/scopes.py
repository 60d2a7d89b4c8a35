"""What a program may be allowed: each route of the API takes one of these as ``who``.

Admins who are signed in may ask, too; teachers have their pages, as a program sees the people of every group.
"""

from typing import Annotated

from attendance.access import Visitor
from attendance.web.admits import program

PeopleRead = Annotated[Visitor, program("people:read", "people.read")]
PeopleWrite = Annotated[Visitor, program("people:write", "people.change")]
PeopleErase = Annotated[Visitor, program("people:erase", "people.erase")]
PhotosRead = Annotated[Visitor, program("photos:read", "photos.read")]
MarksRead = Annotated[Visitor, program("marks:read", "marks.read")]
MarksWrite = Annotated[Visitor, program("marks:write", "marks.change")]
Decide = Annotated[Visitor, program("decide", "faces.judge")]
ReviewsWrite = Annotated[Visitor, program("reviews:write", "reviews.settle")]
SimilarityUse = Annotated[Visitor, program("similarity", "similarity.use")]
TimetableRead = Annotated[Visitor, program("timetable:read", "timetable.read")]
TimetableWrite = Annotated[Visitor, program("timetable:write", "timetable.change")]
ReportsRead = Annotated[Visitor, program("reports:read", "reports.read")]
CamerasRead = Annotated[Visitor, program("cameras:read", "cameras.read")]
CamerasWrite = Annotated[Visitor, program("cameras:write", "cameras.change")]
EventsRead = Annotated[Visitor, program("events:read", "events.read")]
