"""Registers of other systems come out as one kind of value, in whichever form and encoding they were saved."""

import io
import os
import warnings
import zipfile
from datetime import date

import pytest

from attendance.errors import ImportFile
from attendance.roster.reading import read_school
from attendance.roster.school import Role


def codes(school):
    return sorted({each.code for each in school.remarks})


def test_a_register_of_oneroster_1_1(pack):
    """People with roles and ids as text, classes, who is in them from when, and terms."""
    school = read_school(pack())
    assert ("oneroster 1.1", "ledger-1") == (school.form, school.source)
    assert ["Ann Lee", "Bo Ek", "Cy Orr"] == [each.name for each in school.people]
    assert ["00123", "1E5", "T7"] == [each.identifier for each in school.people]
    assert [(Role("student"),), (Role("student"),), (Role("teacher"),)] == [each.roles for each in school.people]
    assert [("c1", "7b", "7B")] == [(each.id, each.title, each.code) for each in school.classes]
    assert [("u1", date(2026, 2, 2)), ("u2", None), ("u3", None)] == [(e.person, e.first) for e in school.belongings]
    assert [("Spring", date(2026, 1, 7), date(2026, 3, 31))] == [(t.title, t.first, t.last) for t in school.terms]
    assert () == school.remarks


def test_a_register_of_oneroster_1_2(pack, register):
    """There roles stand in a file of their own, each perhaps with a last day."""
    users = "sourcedId,enabledUser,username,givenName,familyName,userMasterIdentifier\nu1,true,ann,Ann,Lee,M1\n"
    roles = (
        "sourcedId,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId\nr1,u1,primary,student,,2026-02-27,o1\n"
    )
    told = register.manifest(oneroster__version="1.2", file__roles="bulk")
    school = read_school(pack(told=told, users=users, roles=roles))
    assert "oneroster 1.2" == school.form
    assert (Role("student", date(2026, 2, 27)),) == school.people[0].roles


def test_a_register_of_sds(sds):
    """SDS 2.1 needs no manifest; who has no name is called by the user name."""
    school = read_school(sds())
    assert ("sds 2.1", "bulk", "absent") == (school.form, school.people_told, school.terms_told)
    assert ["Ann Lee", "bo@x.example", "Cy Orr"] == [each.name for each in school.people]
    assert (Role("student", date(2026, 2, 27)),) == school.people[1].roles
    assert ["u1", "u2", "u3"] == [each.person for each in school.belongings]


def test_sds_without_classes(sds):
    """A register of users alone says nothing of classes, so that nobody leaves one."""
    school = read_school(sds(classes=None, enrollments=None))
    assert ("absent", ()) == (school.belongings_told, school.belongings)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode("utf-16"),
        lambda text: ("sep=;\r\n" + text.replace(",", ";")).encode(),
    ],
    ids=["bom", "crlf", "utf-16", "semicolons", "excel's unicode text", "sep line"],
)
def test_lists_as_spreadsheets_save_them(pack, register, encode):
    """Encodings and separators make no difference, and ids stay as they stand there."""
    school = read_school(pack(users=encode(register.USERS.replace("Ann,Lee", "Zoë,Łukasz"))))
    assert [("Zoë Łukasz", "00123"), ("Bo Ek", "1E5")] == [(p.name, p.identifier) for p in school.people[:2]]
    assert () == school.remarks


def test_ids_that_are_marked_as_text(pack, register):
    """="00123" keeps Excel from taking a number of it; here it is 00123."""
    school = read_school(pack(users=register.USERS.replace("00123", '"=""00123"""').replace("1E5", '="1E5"')))
    assert ["00123", "1E5"] == [each.identifier for each in school.people[:2]]


def test_changes_of_classes_alone(pack, register):
    """A file of changes may tell of enrollments and of nobody, or of nobody new."""
    told = register.manifest(file__users="absent", file__classes="absent", file__enrollments="delta")
    school = read_school(pack(told=told, users=None, classes=None))
    assert ("absent", (), 3) == (school.people_told, school.people, len(school.belongings))
    nobody = register.manifest(file__users="delta")
    assert () == read_school(pack(told=nobody, users=register.USERS.split("\n")[0] + "\n")).people


def test_a_list_in_windows_1252(pack, register):
    """An old export is read, and it is said that accents may be wrong."""
    school = read_school(pack(users=register.USERS.replace("Ann", "Zoë").encode("cp1252")))
    assert "Zoë Lee" == school.people[0].name
    assert ["file.encoding"] == codes(school)
    assert not school.remarks[0].refused


def test_one_folder_and_litter(pack):
    """A zip of a folder, with what a Mac puts beside it, is read like the files alone."""
    school = read_school(
        pack(folder="export/", raw=[("__MACOSX/export/._users.csv", b"\0\0"), ("export/readme.txt", "x")])
    )
    assert 3 == len(school.people)
    assert ["file.other"] == codes(school)


def test_delta_and_who_goes(pack, register):
    """A file of changes says who is to be deleted; OneRoster 1.0 calls the same inactive."""
    users = register.USERS.replace("u1,,", "u1,tobedeleted,2026-02-01").replace("u2,,", "u2,inactive,2026-02-01")
    told = register.manifest(file__users="delta", file__classes="absent", file__enrollments="absent")
    school = read_school(pack(told=told, users=users, classes=None, enrollments=None))
    assert ("delta", "absent") == (school.people_told, school.belongings_told)
    assert [True, True, False] == [each.leaves for each in school.people]


def test_a_disabled_account_is_no_leaving(pack, register):
    """By the standard a user without an account belongs all the same; that is said."""
    school = read_school(pack(users=register.USERS.replace("u1,,,true", "u1,,,false")))
    assert [(False, False)] == [(each.enabled, each.leaves) for each in school.people if each.id == "u1"]
    assert [("people.disabled", False)] == [(each.code, each.refused) for each in school.remarks]


def bomb() -> bytes:
    """60 MB of nothing, in a few kilobytes."""
    return b"a" * 60_000_000


def encrypted(path):
    """Set the flag of encryption in every entry."""
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 4)
    path.write_bytes(data)
    return path


def spoilt(path):
    """Turn bytes in the middle of the first file."""
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(each ^ 0xFF for each in data[60:90])
    path.write_bytes(data)
    return path


def cut(path):
    """Lose the end."""
    path.write_bytes(path.read_bytes()[:-40])
    return path


def no_zip(path):
    path.write_bytes(b"id,name\n1,Ann\n")
    return path


def twice(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("users.csv", "sourcedId\nu9\n")
    return path


def nameless(path):
    """The name of the last file begins with a zero byte, before which the library ends it."""
    path.write_bytes(path.read_bytes().replace(b"~~~~~~", b"\x00~~~~~"))
    return path


def unreadable(path):
    """The lists are whole, and no file of it unpacks."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    whole = path.read_bytes()
    path.write_bytes(whole[:45] + bytes(each ^ 0x5A for each in whole[45:75]) + whole[75:])
    return path


def nested() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("users.csv", "sourcedId\nu1\n")
    return inner.getvalue()


BROKEN = {
    "no zip": (lambda pack, **_: no_zip(pack()), "no zip"),
    "cut off": (lambda pack, **_: cut(pack()), "no zip"),
    "damaged": (lambda pack, **_: spoilt(pack()), "no zip"),
    "packed by LZMA and damaged": (lambda pack, **_: unreadable(pack()), "no zip"),
    "encrypted": (lambda pack, **_: encrypted(pack()), "encrypted"),
    "a bomb": (lambda pack, **_: pack(users=bomb()), "at most 50000000"),
    "too many files": (lambda pack, **_: pack(raw=[(f"{n}.csv", "") for n in range(1_001)]), "1007 files"),
    "a path upwards": (lambda pack, **_: pack(raw=[("../../users.csv", "x")]), "leads out"),
    "an absolute path": (lambda pack, **_: pack(raw=[("/etc/users.csv", "x")]), "leads out"),
    "a drive": (lambda pack, **_: pack(raw=[("C:\\users.csv", "x")]), "leads out"),
    "a file without a name": (lambda pack, **_: nameless(pack(raw=[("~~~~~~", "x")])), "a file without a name"),
    "a name of a dot": (lambda pack, **_: pack(raw=[("./.", "x")]), "a file without a name"),
    "two folders": (lambda pack, r: pack(raw=[("old/users.csv", r.USERS)]), "several folders"),
    "the same file twice": (lambda pack, **_: twice(pack()), "twice"),
    "a zip in a zip": (lambda pack, **_: pack(files={"export.zip": nested()}), "orgs.csv is missing"),
    "empty": (lambda pack, **_: pack(files={}), "orgs.csv is missing"),
    "no manifest": (lambda pack, r: pack(files={"users.csv": r.USERS, "orgs.csv": r.ORGS}), "manifest.csv is missing"),
    "a promised file missing": (lambda pack, **_: pack(enrollments=None), "enrollments.csv is missing"),
    "another version": (lambda pack, r: pack(told=r.manifest(oneroster__version="2.0")), "oneroster.version is 2.0"),
    "no version": (lambda pack, r: pack(told=r.manifest(oneroster__version=None)), "not told"),
    "nothing at all": (
        lambda pack, r: pack(
            told=r.manifest(file__users="absent", file__enrollments="absent", file__academicSessions="absent")
        ),
        "all there is",
    ),
    "neither bulk nor delta": (lambda pack, r: pack(told=r.manifest(file__users="some")), "'some'"),
    "users not told of": (lambda pack, r: pack(told=r.manifest(file__users=None)), "does not say"),
    "a manifest of two minds": (lambda pack, r: pack(told=r.manifest() + "file.users,delta\n"), "twice"),
    "a column missing": (
        lambda pack, r: pack(enrollments=r.ENROLLMENTS.replace("userSourcedId", "user")),
        "userSourcedId is missing",
    ),
    "a column twice": (lambda pack, r: pack(users=r.USERS.replace("userIds", "username")), "'username' twice"),
    "an empty file": (lambda pack, **_: pack(users=""), "the list is empty"),
    "nobody": (lambda pack, r: pack(users=r.USERS.split("\n")[0] + "\n"), "names nobody"),
    "no text": (lambda pack, **_: pack(users=b"\x00\x01\x02\x03" * 9), "no text"),
    "an open quote": (lambda pack, r: pack(users=r.USERS + 'u9,,,true,o1,student,"x\n'), "line 5"),
    "sds 1": (lambda pack, **_: pack(files={"School.csv": "a", "Student.csv": "b"}), "SDS 1"),
    "sds in lower case": (
        lambda pack, r: pack(files=r.SDS | {"users.csv": r.SDS["users.csv"].lower()}),
        "upper and lower case count: sourcedid",
    ),
    "sds without roles": (lambda pack, r: pack(files=r.SDS, roles=None), "roles.csv is missing"),
    "sds with classes alone": (lambda pack, r: pack(files=r.SDS, enrollments=None), "go together"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_zips_are_refused_whole(pack, register, case):
    """What cannot be read as a whole is refused with import.file and a word on what is wrong; nothing is guessed."""
    make, told = BROKEN[case]
    with pytest.raises(ImportFile) as refused:
        read_school(make(pack, r=register))
    assert "import.file" == refused.value.id
    assert told in str(refused.value)


def test_no_such_file(tmp_path):
    """A path that leads nowhere, and a folder, are refused by name."""
    with pytest.raises(ImportFile, match="no such file"):
        read_school(tmp_path / "none.zip")
    with pytest.raises(ImportFile, match="a folder"):
        read_school(tmp_path)


def test_a_device_is_no_zip(tmp_path):
    """What never ends, or waits for a writer, is refused at once."""
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(ImportFile, match="no file that stays"):
        read_school(tmp_path / "pipe.zip")


ODD = {
    "a duplicate id": ("users", lambda t: t + "u1,,,true,o1,student,x,,Al,Poe,9\n", "row.duplicate", {"u1"}),
    "no id": ("users", lambda t: t + ",,,true,o1,student,x,,Al,Poe,9\n", "row.id", set()),
    "no name": ("users", lambda t: t + "u9,,,true,o1,student,,,,,9\n", "row.name", {"u9"}),
    "a name with a trick": ("users", lambda t: t + "u9,,,true,o1,student,,,A\u202eb,,9\n", "row.name", {"u9"}),
    "a status that is none": ("users", lambda t: t.replace("u1,,", "u1,deleted,"), "row.status", {"u1"}),
    "too many cells": ("users", lambda t: t.replace("00123", "00123,7,8"), "row.cells", {"u1"}),
    "a day that is none": ("enrollments", lambda t: t.replace("2026-02-02", "2026-02-30"), "row.date", set()),
    "days in the wrong order": (
        "enrollments",
        lambda t: t.replace("2026-02-02,", "2026-02-02,2026-02-01"),
        "row.date",
        set(),
    ),
    "an enrollment of nobody": ("enrollments", lambda t: t + "e9,,,c1,o1,,student,,,\n", "row.id", set()),
    "a class without a title": ("classes", lambda t: t + "c9,,,,,,,,,\n", "row.name", set()),
    "a session without days": ("academicSessions", lambda t: t + "t9,,,Odd,term,,,,\n", "row.date", set()),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_rows_are_refused_alone(pack, register, case):
    """A row that cannot be used is named with its line, the others are read, and whom it is about stays as they are."""
    name, change, code, unclear = ODD[case]
    text = {"academicSessions": register.SESSIONS}.get(name) or getattr(register, name.upper())
    school = read_school(pack(**{name: change(text)}))
    assert [code] == codes(school)
    assert all(each.refused and f"{name}.csv line " in each.where for each in school.remarks)
    assert unclear == set(school.unclear_people)
    assert {"u2", "u3"} <= {each.id for each in school.people}


def test_an_unreadable_enrollment_is_unclear(pack, register):
    """Who stands in a row that cannot be read is neither in the class nor out of it."""
    school = read_school(pack(enrollments=register.ENROLLMENTS.replace("2026-02-02", "soon")))
    assert {("u1", "c1")} == set(school.unclear_belongings)


def test_the_same_row_twice_is_one(pack, register):
    """A line that was written twice says nothing new."""
    school = read_school(pack(users=register.USERS + "u3,,,true,o1,teacher,cy,,Cy,Orr,T7\n"))
    assert (3, ()) == (len(school.people), school.remarks)


def test_circles_among_organisations_are_named(pack):
    """Organisations that are above themselves are named once, and refuse nothing."""
    orgs = "sourcedId,name,type,parentSourcedId\no1,A,school,o2\no2,B,district,o3\no3,C,district,o2\no4,D,school,o9\n"
    school = read_school(pack(orgs=orgs))
    assert [("org.cycle", False), ("org.parent", False)] == [(each.code, each.refused) for each in school.remarks]
    assert "o2, o3" in school.remarks[0].detail


def test_ids_that_a_spreadsheet_shortened(pack, register):
    """Ids such as 1,23E+15 are named: several people may share one now."""
    school = read_school(pack(users=register.USERS + '"1,23E+15",,,true,o1,student,x,,Al,Poe,9\n'))
    assert ["row.spreadsheet"] == codes(school)
