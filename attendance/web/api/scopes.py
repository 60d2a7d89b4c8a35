"""What a program may be allowed: each route of the API takes one of these as ``who``.

Admins who are signed in may ask, too; teachers have their pages, as a program sees the people of every group.
"""

from typing import Annotated

from attendance.access import Visitor
from attendance.web.admits import program

PeopleRead = Annotated[Visitor, program("people:read", "admin")]
PeopleWrite = Annotated[Visitor, program("people:write", "admin")]
PeopleErase = Annotated[Visitor, program("people:erase", "admin")]
PhotosRead = Annotated[Visitor, program("photos:read", "admin")]
MarksRead = Annotated[Visitor, program("marks:read", "admin")]
MarksWrite = Annotated[Visitor, program("marks:write", "admin")]
Decide = Annotated[Visitor, program("decide", "admin")]
ReviewsWrite = Annotated[Visitor, program("reviews:write", "admin")]
TimetableRead = Annotated[Visitor, program("timetable:read", "admin")]
TimetableWrite = Annotated[Visitor, program("timetable:write", "admin")]
ReportsRead = Annotated[Visitor, program("reports:read", "admin")]
CamerasRead = Annotated[Visitor, program("cameras:read", "admin")]
CamerasWrite = Annotated[Visitor, program("cameras:write", "admin")]
EventsRead = Annotated[Visitor, program("events:read", "admin")]
