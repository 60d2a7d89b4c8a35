"""Whom pages admit, by what they may do: each of these is somebody who has that right, whichever their role.

@router.get("/people")
def people(request: Request, who: PeopleRead) -> Response: ...
"""

from typing import Annotated

from attendance.access import Visitor
from attendance.web.admits import having

AccountOwn = Annotated[Visitor, having("account.own")]
AccountsManage = Annotated[Visitor, having("accounts.manage")]
AccountsRead = Annotated[Visitor, having("accounts.read")]
AuditAnchor = Annotated[Visitor, having("audit.anchor")]
AuditRead = Annotated[Visitor, having("audit.read")]
BackupsManage = Annotated[Visitor, having("backups.manage")]
BackupsRead = Annotated[Visitor, having("backups.read")]
CamerasChange = Annotated[Visitor, having("cameras.change")]
CamerasRead = Annotated[Visitor, having("cameras.read")]
ConsentRead = Annotated[Visitor, having("consent.read")]
ConsentRecord = Annotated[Visitor, having("consent.record")]
CredentialsManage = Annotated[Visitor, having("credentials.manage")]
EventsRead = Annotated[Visitor, having("events.read")]
EvidenceLook = Annotated[Visitor, having("evidence.look")]
ExcusesChange = Annotated[Visitor, having("excuses.change")]
HoldsManage = Annotated[Visitor, having("holds.manage")]
ImportsRun = Annotated[Visitor, having("imports.run")]
JobsRead = Annotated[Visitor, having("jobs.read")]
KeysManage = Annotated[Visitor, having("keys.manage")]
KioskAct = Annotated[Visitor, having("kiosk.act")]
MarksChange = Annotated[Visitor, having("marks.change")]
MarksExport = Annotated[Visitor, having("marks.export")]
MarksRead = Annotated[Visitor, having("marks.read")]
MonthsChange = Annotated[Visitor, having("months.change")]
MonthsRead = Annotated[Visitor, having("months.read")]
PeopleChange = Annotated[Visitor, having("people.change")]
PeopleErase = Annotated[Visitor, having("people.erase")]
PeopleExport = Annotated[Visitor, having("people.export")]
PeopleRead = Annotated[Visitor, having("people.read")]
PhotosChange = Annotated[Visitor, having("photos.change")]
PhotosRead = Annotated[Visitor, having("photos.read")]
PlacesChange = Annotated[Visitor, having("places.change")]
PrivacyRead = Annotated[Visitor, having("privacy.read")]
PurgeRun = Annotated[Visitor, having("purge.run")]
ReceiversManage = Annotated[Visitor, having("receivers.manage")]
ReceiversRead = Annotated[Visitor, having("receivers.read")]
ReportsRead = Annotated[Visitor, having("reports.read")]
ReviewsRead = Annotated[Visitor, having("reviews.read")]
ReviewsSettle = Annotated[Visitor, having("reviews.settle")]
SettingsChange = Annotated[Visitor, having("settings.change")]
SettingsRead = Annotated[Visitor, having("settings.read")]
SimilarityUse = Annotated[Visitor, having("similarity.use")]
SitesChange = Annotated[Visitor, having("sites.change")]
TimetableChange = Annotated[Visitor, having("timetable.change")]
TimetableRead = Annotated[Visitor, having("timetable.read")]
TokensManage = Annotated[Visitor, having("tokens.manage")]
TokensRead = Annotated[Visitor, having("tokens.read")]
UpkeepRun = Annotated[Visitor, having("upkeep.run")]
