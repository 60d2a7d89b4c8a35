"""Lists of people on the command line: who is enrolled, who is refused, and what it says."""

import csv
import io

import pytest


def test_roster(command, draw, tmp_path, outcomes):
    """A list enrols its people with ids and groups; a missing photo is refused alone."""
    for name, person in (("a", 1), ("b", 2)):
        draw(f"{name}.png", (person,))
    roster = tmp_path / "photos" / "list.csv"
    roster.write_text(
        "photo,name,id,group\na.png,Ada,E-1,7b\nnone.png,Nell,E-9,7b\nb.png,Bob,E-2,8a;choir\n", "utf-8-sig"
    )
    code, out, err = command("enroll", roster, "--group", "all")
    assert (1, [("enrolled", "Ada"), ("refused", "Nell"), ("enrolled", "Bob")]) == (code, outcomes(out))
    assert "error[photo.missing]" in err
    assert err.splitlines()[-1] == "enrolled 2, refused: photo.missing 1, total 3"
    _, out, _ = command("gallery", "list")
    assert [["E-1", "Ada", "7b; all"], ["E-2", "Bob", "8a; all; choir"]] == [
        [row[0], row[1], "; ".join(sorted(row[2].split("; "), key=["7b", "8a", "all", "choir"].index))]
        for row in list(csv.reader(io.StringIO(out)))[1:]
    ]


@pytest.mark.parametrize(
    ("content", "id_"),
    [
        (b'photo,name\na.png,"Ada\n', "roster.broken"),
        ("photo,name\na.png,Ada\n".encode("utf-16")[:-1], "roster.encoding"),
        (b"photo,name\na.png,Jos\xe9\n", "roster.encoding"),
        (b"picture,who\na.png,Ada\n", "roster.header"),
        (b"photo,name\n", "roster.empty"),
    ],
)
@pytest.mark.sqlite_only("a home on a server has a folder that names it")
def test_senseless_roster(command, home, tmp_path, content, id_):
    """A list with an open quote, another encoding, no header or no rows is refused whole, before any work."""
    roster = tmp_path / "list.csv"
    roster.write_bytes(content)
    code, out, err = command("enroll", roster)
    assert (2, "", True) == (code, out, err.startswith(f"error[{id_}] "))
    assert not home.exists()


def test_a_list_with_doubled_ids(command, draw, outcomes):
    """Rows whose id stands for two names are refused by their lines, everybody else is enrolled: exit code 1."""
    for name in ("a.png", "b.png", "c.png"):
        roster = draw(name, (ord(name[0]),)).parent / "list.csv"
    roster.write_text("photo,name,id\na.png,Ada,1\nb.png,Bob,1\nc.png,Eve,2\n")
    code, out, err = command("enroll", roster)
    assert (1, ["refused", "refused", "enrolled"]) == (code, [kind for kind, _ in outcomes(out)])
    assert ["line 2", "line 3"] == [line.split(": ")[1] for line in err.splitlines() if "roster.row]" in line]


def test_folder_given_as_a_photo(command, draw):
    """A folder with a photo's name is walked by a check; as a photo to enrol it is a usage error."""
    folder = draw("odd.jpg/a.png", (1,)).parent
    assert command("enroll", folder, "--name", "Ada")[0] == 2
    assert command("enroll", folder)[0] == 0
    assert command("check", folder)[0] == 0
