"""Rosters and folders: names as people write them, every mistake named by its line and refused alone."""

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll import errors
from enroll.roster import (
    Entry,
    Roster,
    clean_name,
    joined,
    name_photos,
    read_roster,
    skipped_files,
    split_id,
    walk_folder,
)


@pytest.fixture
def roster(tmp_path):
    """Write a roster's text and return its path."""

    def write(text, encoding="utf-8"):
        path = tmp_path / "people.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


@pytest.fixture
def folder(tmp_path):
    """Make empty files under a folder and return it."""

    def make(*names):
        for name in names:
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "photos"

    return make


def test_a_roster_is_read_in_order(roster, tmp_path):
    """Photos lie beside the list, ids and groups are optional, rows know their line."""
    path = roster("photo,name,id,group\na.jpg,Ada Lovelace,E-17,3B\nsub/b.png,Grace Hopper,,3B; chess|3B\n")
    assert [
        Entry(tmp_path / "a.jpg", "Ada Lovelace", "E-17", ("3B",), 2),
        Entry(tmp_path / "sub/b.png", "Grace Hopper", None, ("3B", "chess"), 3),
    ] == list(read_roster(path).entries)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_spreadsheets_of_all_countries_are_read(roster, encoding, delimiter, end):
    """UTF-8 or UTF-16, with or without BOM, however divided, in any line ending, the result is the same."""
    rows = [["Photo", " NAME ", "Person_ID"], ["a.jpg", "Zoë 🦊", "7"], ["", "", ""], ["b.jpg", "أحمد", "8"]]
    (first, second) = read_roster(roster(end.join(delimiter.join(row) for row in rows) + end, encoding)).entries
    assert ("Zoë 🦊", "7", 2) == (first.name, first.external_id, first.row)
    assert ("أحمد", "8", 4) == (second.name, second.external_id, second.row)


def test_quoted_cells_may_hold_commas_and_lines(roster):
    """A quoted cell may hold the delimiter, and lines are still counted right after one with a line break."""
    path = roster('photo,name,note\na.jpg,"Lovelace, Ada","two\nlines"\nb.jpg,Grace,x\n')
    assert [("Lovelace, Ada", 2), ("Grace", 4)] == [(entry.name, entry.row) for entry in read_roster(path).entries]


def test_several_group_columns_and_photos_of_one_person(roster):
    """Groups of all columns join without doubles; one person may have several photos under one id."""
    path = roster("photo,name,id,group,groups\na.jpg,Ada,1,x,y\nb.jpg,Ada,1,x,x\n")
    assert [("x", "y"), ("x",)] == [entry.groups for entry in read_roster(path).entries]


def test_missing_photos_are_entries(roster):
    """A photo that does not exist is not the list's mistake: it is found when it is read."""
    assert 1 == len(read_roster(roster("photo,name\nno-such-file.jpg,Ada\n")).entries)


@pytest.mark.parametrize("head", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;", "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_separator_line_of_excel_is_understood(roster, head, end):
    """A first line `sep=;` says how cells are divided, whatever the header looks like; lines count from it."""
    path = roster(end.join([head, "photo;name;note, if any", "a.jpg;Ada;x,y", "b.jpg;Grace;"]))
    assert [("Ada", 3), ("Grace", 4)] == [(entry.name, entry.row) for entry in read_roster(path).entries]


@pytest.mark.parametrize("separator", [",", "|", "\t", ":", "^"])
def test_any_separator_may_be_told(roster, separator):
    """A separator that is told divides the cells, also one that is never guessed."""
    text = f"sep={separator}\n" + "\n".join(separator.join(row) for row in (("name", "photo"), ("Ada", "a.jpg")))
    assert ["Ada"] == [entry.name for entry in read_roster(roster(text)).entries]


def test_bars_may_divide_columns_and_groups(roster):
    """In a list divided by bars a quoted cell still holds several groups."""
    path = roster('photo|name|group\na.jpg|Ada|"3B|chess"\nb.jpg|Grace|3B;chess\n')
    assert [("3B", "chess")] * 2 == [entry.groups for entry in read_roster(path).entries]


@pytest.mark.parametrize(
    "header",
    [
        "First name,Last name,photo",
        "forename,SURNAME,File",
        "Given-Name,family_name, 'Photo' ",
        "\u201cfirst_name\u201d,Last Name,file name",
    ],
)
def test_first_and_last_name_are_joined(roster, header):
    """A name in two columns is the name, whatever they are called; one of them may be empty."""
    entries = read_roster(roster(f"{header}\nAda,Lovelace,a.jpg\nPlato,,b.jpg\n")).entries
    assert ["Ada Lovelace", "Plato"] == [entry.name for entry in entries]


def test_windows_paths_are_found(roster, tmp_path):
    """Where a path is missing as given, its backslashes are slashes; a file that has one in its name is that file."""
    (tmp_path / "class 7b").mkdir()
    (tmp_path / "class 7b" / "ada.jpg").touch()
    (tmp_path / "a\\b.jpg").touch()
    path = roster("photo,name\nclass 7b\\ada.jpg,Ada\na\\b.jpg,Grace\nno\\c.jpg,Zoe\n")
    photos = [str(entry.photo.relative_to(tmp_path)) for entry in read_roster(path).entries]
    assert ["class 7b/ada.jpg", "a\\b.jpg", "no\\c.jpg"] == photos


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (b"", errors.RosterHeader, "found: nothing"),
        (b"file_name,person\na.jpg,Ada\n", errors.RosterHeader, "'name', found: file_name, person"),
        (b"portrait,name\na.jpg,Ada\n", errors.RosterHeader, "'photo', found: portrait, name"),
        (b"photo,First name\na.jpg,Ada\n", errors.RosterHeader, "'name', found: photo, First name"),
        (b"sep=;\nphoto,name\na.jpg,Ada\n", errors.RosterHeader, "line 2 names no column"),
        (b"photo,name,name\na.jpg,Ada,Ada\n", errors.RosterHeader, "twice"),
        (b"photo,name\n\n", errors.RosterEmpty, "no photo"),
        (b"photo,name\na.jpg,Ada\nb.jpg,Zo\xeb\n", errors.RosterEncoding, "line 3: the byte 0xEB is not UTF-8"),
        ("photo,name\na.jpg,Ada".encode("utf-16")[:-1], errors.RosterEncoding, "UTF-16"),
        (b'photo,name\na.jpg,"Ada\nb.jpg,Grace\n', errors.RosterBroken, "line 2"),
    ],
)
def test_what_is_wrong_with_a_whole_list_is_told(roster, text, error, told):
    """A list that cannot be read as one is refused whole, with the line, the columns found or the byte."""
    with pytest.raises(error) as caught:
        read_roster(roster(text))
    assert error is type(caught.value)
    assert told in str(caught.value)


def test_a_list_of_a_million_rows_and_more_is_refused(roster, monkeypatch):
    """A list is given up at the row that is one too many, before all of it fills the memory."""
    monkeypatch.setattr("enroll.sheet.MOST_ROWS", 3)
    assert 2 == len(read_roster(roster(b"photo,name\n\na.jpg,Ada\nb.jpg,Grace\n")).entries)
    with pytest.raises(errors.RosterBroken, match="line 5: at most 3 rows are read"):
        read_roster(roster(b"photo,name\n\na.jpg,Ada\nb.jpg,Grace\nc.jpg,Zoe\nd.jpg,Di\n"))


@pytest.mark.parametrize(
    ("row", "error", "told"),
    [
        ("a.jpg", errors.RosterRow, "line 3: no name is given"),
        (",Ada", errors.RosterRow, "line 3: no photo is given"),
        ("a.jpg,Ada,1,extra", errors.RosterRow, "line 3: 4 cells"),
        ("a.jpg,A\x07da", errors.NameInvalid, "line 3: the character U+0007"),
    ],
)
def test_a_bad_row_is_refused_alone(roster, row, error, told):
    """What is wrong with one row is told with its line, and the rows around it are entries."""
    found = read_roster(roster(f"photo,name,id\nb.jpg,Grace,2\n{row}\nc.jpg,Zoe,3\n"))
    (problem,) = found.problems
    assert (error, ["Grace", "Zoe"]) == (type(problem), [entry.name for entry in found.entries])
    assert told in str(problem)


def test_an_id_of_two_names_refuses_all_its_rows(roster):
    """Nobody is enrolled under an id that stands for two names; everybody else is."""
    found = read_roster(roster("photo,name,id\na.jpg,Ada,1\nb.jpg,Grace,1\nc.jpg,Zoe,3\nd.jpg,Ada,1\n"))
    assert ["Zoe"] == [entry.name for entry in found.entries]
    told = "the id 1 stands for Ada (line 2) and Grace (line 3)"
    assert [f"line {line}: {told}" for line in (2, 3, 5)] == [problem.detail for problem in found.problems]


def test_an_id_of_two_names_is_found_over_all_sources(tmp_path):
    """Ids are compared over all rosters that are joined."""
    one, two = (Roster((Entry(tmp_path / f"{name}.jpg", name, "1"),)) for name in ("Ada", "Grace"))
    found = joined([one, two])
    assert ((), 2) == (found.entries, len(found.problems))


def test_a_missing_roster_is_told(tmp_path):
    """A list that does not exist, or is a folder, is missing."""
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(errors.RosterMissing):
            read_roster(path)


def test_a_name_in_several_sources_is_unclear(tmp_path):
    """Photos called 1 in the folders of two people make no person called 1; with ids, and in one source, names may."""
    one = Roster((Entry(tmp_path / "Ada/1.jpg", "1"), Entry(tmp_path / "Ada/Zoe.jpg", "Zoe", "7")))
    two = Roster((Entry(tmp_path / "Grace/1.jpg", "1"), Entry(tmp_path / "Grace/Zoe.jpg", "Zoe", "7")))
    three = Roster((Entry(tmp_path / "Eve_1.jpg", "Eve"), Entry(tmp_path / "Eve_2.jpg", "Eve")))
    found = joined([one, two, three])
    assert ["Zoe", "Zoe", "Eve", "Eve"] == [entry.name for entry in found.entries]
    assert [str(tmp_path / f"{name}/1.jpg") for name in ("Ada", "Grace")] == [each.where for each in found.problems]


@pytest.mark.parametrize(
    ("file", "name", "external_id"),
    [
        ("Ada Lovelace.jpg", "Ada Lovelace", None),
        ("Ada_Lovelace.JPG", "Ada Lovelace", None),
        ("Ada_Lovelace_0001.jpg", "Ada Lovelace", None),
        ("Ada Lovelace_2.png", "Ada Lovelace", None),
        ("Ada Lovelace (2).png", "Ada Lovelace", None),
        ("Jean-Luc 3.jpg", "Jean-Luc 3", None),
        ("IMG_1234.jpg", "IMG 1234", None),
        ("student_7.jpg", "student 7", None),
        ("0001__Alice.jpg", "Alice", "0001"),
        ("E-17__Ada_Lovelace_2.jpg", "Ada Lovelace", "E-17"),
        ("Zoe\u0308 🦊.jpg", "Zoë 🦊", None),
        ("Ahmad/1.jpg", "Ahmad", None),
        ("Person_2/1.jpg", "Person 2", None),
        ("0002__Bob/gallery.jpg", "Bob", "0002"),
    ],
)
def test_names_come_from_files_and_folders(folder, file, name, external_id):
    """A flat file's stem or the person's folder gives the name, by the rules of the module."""
    (entry,) = walk_folder(folder(file)).entries
    assert (name, external_id, (), None) == (entry.name, entry.external_id, entry.groups, entry.row)
    assert file.rpartition("/")[2] == entry.photo.name


def test_a_mixed_folder_is_walked_in_order(folder):
    """Flat files and people's folders may be mixed; hidden and system files are not seen, others are counted."""
    root = folder(
        "b.jpg", "Ada/2.jpg", "Ada/1.jpg", ".DS_Store", "Thumbs.db", ".git/x.jpg", "notes.txt", "Ada/clip.mp4"
    )
    found = walk_folder(root)
    assert ["Ada/1.jpg", "Ada/2.jpg", "b.jpg"] == [str(entry.photo.relative_to(root)) for entry in found.entries]
    assert ["Ada/clip.mp4", "notes.txt"] == [str(path.relative_to(root)) for path in found.passed_over]
    assert skipped_files(root) == list(found.passed_over)


def test_what_looks_like_a_picture_is_an_entry(folder):
    """A raw file, and a picture without a suffix, are entries: whether they can be read shows later."""
    root = folder("Ada.NEF", "Grace.heic", "Zoe.jp2", "list.csv", "Ada.xmp")
    (root / "Eve").write_bytes(b"\xff\xd8\xff\xe0")
    assert ["Ada", "Eve", "Grace", "Zoe"] == [entry.name for entry in walk_folder(root).entries]


LITTER = [
    "@eaDir/Ada.jpg/SYNOPHOTO_THUMB_M.jpg",
    "#recycle/x.jpg",
    "@Recycle/x.jpg",
    ".@__thumb/x.jpg",
    "$RECYCLE.BIN/S-1-5/x.jpg",
    "System Volume Information/x.jpg",
    "LOST+FOUND/x.jpg",
    "__MACOSX/._Ada.jpg",
    "._Ada.jpg",
    "Ada.jpg@SynoEAStream",
    ".picasaoriginals/Ada.jpg",
    "THUMBS.DB",
    "desktop.ini",
]


@pytest.mark.parametrize("litter", LITTER)
@pytest.mark.parametrize("person", ["Ada.jpg", "Ada/1.jpg"])
def test_what_systems_put_into_folders_is_nobody(folder, litter, person):
    """What a NAS, Windows or a Mac puts among photos is neither person nor problem, and goes unmentioned."""
    found = walk_folder(folder(person, litter))
    assert (["Ada"], (), ()) == ([entry.name for entry in found.entries], found.problems, found.passed_over)


@pytest.mark.parametrize("name", ["Recycle", "Thumbs", "Macosx", "Eadir", "Temp", "Originals"])
def test_people_with_such_names_are_people(folder, name):
    """Only the exact names of systems count: somebody called almost so is enrolled."""
    assert [name] * 2 == [entry.name for entry in walk_folder(folder(f"{name}/1.jpg", f"{name}.jpg")).entries]


@pytest.mark.parametrize(
    ("files", "error", "told", "others"),
    [
        (["3B/Ada/1.jpg", "Grace/1.jpg"], errors.RosterDeep, "two folders deep", ["Grace"]),
        (["\u202eadA.jpg", "Grace.jpg"], errors.NameInvalid, "U+202E", ["Grace"]),
        (["1__Ada.jpg", "1__Grace.jpg", "Zoe.jpg"], errors.RosterRow, "the id 1 stands for Ada", ["Zoe"]),
    ],
)
def test_a_bad_file_is_refused_alone(folder, files, error, told, others):
    """A photo whose person is unclear is refused by itself, with the reason; the others are entries."""
    found = walk_folder(folder(*files))
    assert {error} == {type(problem) for problem in found.problems}
    assert told in found.problems[0].detail
    assert others == [entry.name for entry in found.entries]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
def test_a_closed_folder_is_refused_alone(folder):
    """A person's folder that cannot be opened is named; the others are entries."""
    root = folder("Ada/1.jpg", "Grace/1.jpg")
    (root / "Ada").chmod(0)
    found = walk_folder(root)
    (root / "Ada").chmod(0o700)
    assert ["Grace"] == [entry.name for entry in found.entries]
    assert [str(root / "Ada")] == [problem.where for problem in found.problems]


@pytest.mark.parametrize("files", [[], ["notes.txt"], ["@eaDir/x.jpg"]])
def test_a_folder_without_photos_is_refused(folder, tmp_path, files):
    """A folder in which nothing is a photo is an error, and what it holds instead is named."""
    (tmp_path / "photos").mkdir()
    with pytest.raises(errors.RosterEmpty) as caught:
        walk_folder(folder(*files))
    assert ("notes.txt" in files) == ("only notes.txt" in caught.value.detail)


def test_photos_given_one_by_one_are_named_as_in_a_flat_folder(folder):
    """Photos given singly follow the rules of a flat folder; one that is missing stays an entry."""
    root = folder("0001__Ada_Lovelace_2.jpg", "notes.txt", "Thumbs.db", "x\u202e.jpg")
    found = name_photos([*sorted(root.iterdir()), root / "no.jpg"])
    assert [("Ada Lovelace", "0001"), ("no", None)] == [(entry.name, entry.external_id) for entry in found.entries]
    assert (["notes.txt"], 1) == ([path.name for path in found.passed_over], len(found.problems))


def test_a_missing_folder_is_told(tmp_path):
    """A folder that does not exist is missing."""
    with pytest.raises(errors.RosterMissing):
        walk_folder(tmp_path / "no")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("  Ada   Lovelace ", "Ada Lovelace"), ("Zoe\u0308", "Zoë"), ("👩‍🚀", "👩‍🚀"), ("שרה", "שרה")],
)
def test_names_are_trimmed_and_composed(text, expected):
    """Names are stored composed and trimmed; joined emoji and right-to-left scripts are kept."""
    assert expected == clean_name(text)


@pytest.mark.parametrize("text", ["", "   ", "\u200d", "a\nb", "a\tb", "a\0b", "x" * 201, "\u2066a", "\ud800"])
def test_names_that_cannot_be_shown_are_refused(text):
    """Empty, endless, controlling or misleading names are refused."""
    with pytest.raises(errors.NameInvalid):
        clean_name(text)


@given(st.text(max_size=40))
def test_cleaning_a_name_twice_changes_nothing(text):
    """A name that was accepted is accepted again, unchanged and in composed form."""
    try:
        name = clean_name(text)
    except errors.NameInvalid:
        return
    assert name == clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("stem", "expected"), [("a__b", ("a", "b")), ("a_b", (None, "a_b")), ("__b", (None, "__b")), ("a__", (None, "a__"))]
)
def test_ids_are_split_off_at_the_double_underscore(stem, expected):
    """Only text on both sides of a double underscore makes an id."""
    assert expected == split_id(stem)
