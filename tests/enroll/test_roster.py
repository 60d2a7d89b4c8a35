"""Rosters and folders: names as people write them, every mistake named by its line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll import errors
from enroll.roster import Entry, clean_name, read_roster, skipped_files, split_id, walk_folder


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
    ] == read_roster(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_spreadsheets_of_all_countries_are_read(roster, encoding, delimiter, end):
    """With or without BOM, divided by comma, semicolon or tab, in any line ending, the result is the same."""
    rows = [["Photo", " NAME ", "Person_ID"], ["a.jpg", "Zoë 🦊", "7"], ["", "", ""], ["b.jpg", "أحمد", "8"]]
    (first, second) = read_roster(roster(end.join(delimiter.join(row) for row in rows) + end, encoding))
    assert ("Zoë 🦊", "7", 2) == (first.name, first.external_id, first.row)
    assert ("أحمد", "8", 4) == (second.name, second.external_id, second.row)


def test_quoted_cells_may_hold_commas_and_lines(roster):
    """A quoted cell may hold the delimiter, and lines are still counted right after one with a line break."""
    path = roster('photo,name,note\na.jpg,"Lovelace, Ada","two\nlines"\nb.jpg,Grace,x\n')
    assert [("Lovelace, Ada", 2), ("Grace", 4)] == [(entry.name, entry.row) for entry in read_roster(path)]


def test_several_group_columns_and_photos_of_one_person(roster):
    """Groups of all columns join without doubles; one person may have several photos under one id."""
    path = roster("photo,name,id,group,groups\na.jpg,Ada,1,x,y\nb.jpg,Ada,1,x,x\n")
    assert [("x", "y"), ("x",)] == [entry.groups for entry in read_roster(path)]


def test_missing_photos_are_entries(roster):
    """A photo that does not exist is not the list's mistake: it is found when it is read."""
    assert 1 == len(read_roster(roster("photo,name\nno-such-file.jpg,Ada\n")))


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (b"", errors.RosterHeader, "photo"),
        (b"file_name,person\na.jpg,Ada\n", errors.RosterHeader, "photo"),
        (b"photo,id\na.jpg,7\n", errors.RosterHeader, "name"),
        (b"photo,name,name\na.jpg,Ada,Ada\n", errors.RosterHeader, "twice"),
        (b"photo,name\n\n,\n", errors.RosterEmpty, "no photo"),
        (b"photo,name\na.jpg,Ada\nb.jpg,Zo\xeb\n", errors.RosterEncoding, "line 3: the byte 0xEB"),
        ("photo,name\na.jpg,Ada\n".encode("utf-16"), errors.RosterEncoding, "UTF-16"),
        (b"photo,name\na.jpg\n,Ada\n", errors.RosterRow, "line 2: no name is given; line 3: no photo is given"),
        (b"photo,name\na.jpg,Ada,extra\n", errors.RosterRow, "line 2: 3 cells"),
        (b"photo,name\na.jpg,A\x07da\n", errors.RosterRow, "line 2: the character U+0007"),
        (b'photo,name\na.jpg,"Ada\nb.jpg,Grace\n', errors.RosterRow, "line 2"),
        (
            b"photo,name,id\na.jpg,Ada,1\nb.jpg,Grace,1\n",
            errors.RosterRow,
            "the id 1 stands for Ada (line 2) and Grace",
        ),
    ],
)
def test_each_mistake_is_named_with_its_line(roster, text, error, told):
    """What is wrong with a roster is said with the line, the id or the column."""
    with pytest.raises(error) as caught:
        read_roster(roster(text))
    assert error is type(caught.value)
    assert told in str(caught.value)


def test_many_bad_rows_are_cut_short(roster):
    """Of many bad rows the first five are named and the rest counted."""
    with pytest.raises(errors.RosterRow) as caught:
        read_roster(roster("photo,name\n" + "a.jpg,\n" * 12))
    assert "line 6" in str(caught.value)
    assert "line 7" not in str(caught.value)
    assert "and 7 more" in str(caught.value)


def test_a_missing_roster_is_told(tmp_path):
    """A list that does not exist, or is a folder, is missing."""
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(errors.RosterMissing):
            read_roster(path)


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
    (entry,) = walk_folder(folder(file))
    assert (name, external_id, (), None) == (entry.name, entry.external_id, entry.groups, entry.row)
    assert file.rpartition("/")[2] == entry.photo.name


def test_a_mixed_folder_is_walked_in_order(folder):
    """Flat files and people's folders may be mixed; hidden and system files are not seen, others are counted."""
    root = folder(
        "b.jpg", "Ada/2.jpg", "Ada/1.jpg", ".DS_Store", "Thumbs.db", ".git/x.jpg", "notes.txt", "Ada/clip.mp4"
    )
    assert ["Ada/1.jpg", "Ada/2.jpg", "b.jpg"] == [str(entry.photo.relative_to(root)) for entry in walk_folder(root)]
    assert ["Ada/clip.mp4", "notes.txt"] == [str(path.relative_to(root)) for path in skipped_files(root)]


@pytest.mark.parametrize(
    ("files", "error", "told"),
    [
        (["notes.txt"], errors.RosterEmpty, "no photo"),
        (["3B/Ada/1.jpg"], errors.RosterRow, "two folders deep"),
        (["1__Ada.jpg", "1__Grace.jpg"], errors.RosterRow, "the id 1 stands for Ada"),
        (["\u202eadA.jpg"], errors.RosterRow, "U+202E"),
    ],
)
def test_folders_that_name_nobody_are_refused(folder, files, error, told):
    """A folder without photos, with unclear people or with trick names is refused with the reason."""
    with pytest.raises(error) as caught:
        walk_folder(folder(*files))
    assert told in str(caught.value)


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
