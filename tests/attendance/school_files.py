"""Registers of pupils as zips, made of a few lines of text."""

import zipfile

MANIFEST = {
    "manifest.version": "1.0",
    "oneroster.version": "1.1",
    "file.academicSessions": "bulk",
    "file.classes": "bulk",
    "file.enrollments": "bulk",
    "file.orgs": "bulk",
    "file.users": "bulk",
    "source.systemName": "Ledger",
    "source.systemCode": "ledger-1",
}
ORGS = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\no1,,,North School,school,,\n"
USERS = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,identifier\n"
    "u1,,,true,o1,student,ann,,Ann,Lee,00123\n"
    "u2,,,true,o1,student,bo,,Bo,Ek,1E5\n"
    "u3,,,true,o1,teacher,cy,,Cy,Orr,T7\n"
)
CLASSES = (
    "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,schoolSourcedId,termSourcedIds\n"
    "c1,,,7b,,k1,7B,homeroom,o1,t1\n"
)
ENROLLMENTS = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
    "e1,,,c1,o1,u1,student,,2026-02-02,\n"
    "e2,,,c1,o1,u2,student,,,\n"
    "e3,,,c1,o1,u3,teacher,,,\n"
)
SESSIONS = (
    "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\n"
    "t1,,,Spring,term,2026-01-07,2026-03-31,,2026\n"
)
FILES = {
    "orgs.csv": ORGS,
    "users.csv": USERS,
    "classes.csv": CLASSES,
    "enrollments.csv": ENROLLMENTS,
    "academicSessions.csv": SESSIONS,
}
SDS = {
    "orgs.csv": "sourcedId,name,type,parentSourcedId\no1,North School,school,\n",
    "users.csv": (
        "sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms\n"
        "u1,ann@x.example,Ann,Lee,,,,,\nu2,bo@x.example,,,,,,,\nu3,cy@x.example,Cy,Orr,,,,,\n"
    ),
    "roles.csv": (
        "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary,roleStartDate,roleEndDate\n"
        "u1,o1,student,,7,true,,\nu2,o1,student,,7,true,,2026-02-27\nu3,o1,teacher,,,true,,\n"
    ),
    "classes.csv": "sourcedId,orgSourcedId,title,sessionSourcedIds,courseSourcedId,code\nc1,o1,7b,,,7B\n",
    "enrollments.csv": "classSourcedId,userSourcedId,role\nc1,u1,student\nc1,u2,student\nc1,u3,teacher\n",
}


def manifest(**changed: str | None) -> str:
    """The manifest's text; names with a double underscore for the dot, None leaves a line out."""
    told = MANIFEST | {name.replace("__", "."): value for name, value in changed.items()}
    return "propertyName,value\n" + "".join(f"{name},{value}\n" for name, value in told.items() if value is not None)


def packed(folder_of_zips):
    """A function that writes a zip: without anything a sound OneRoster 1.1, ``users="..."`` gives another users.csv."""

    def write(name="ledger.zip", *, folder="", told=None, files=None, raw=None, **changed):
        content = dict(FILES if files is None else files)
        content |= {f"{key}.csv": value for key, value in changed.items()}
        if files is None:
            content["manifest.csv"] = manifest() if told is None else told
        path = folder_of_zips / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for key, value in content.items():
                if value is not None:
                    archive.writestr(folder + key, value)
            for key, value in raw or ():
                archive.writestr(key, value)
        return path

    return write
