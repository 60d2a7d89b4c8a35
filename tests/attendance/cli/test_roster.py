"""attendance roster import shows what would change, asks, and tells by its exit code whether something was refused."""

import json


def test_shown_first_and_taken_in_if_asked(command, pack):
    """--dry-run writes nothing, without anybody to ask --yes is needed, and the same again is unchanged."""
    command("gallery", "stats")
    command("config", "set", "time_zone", "UTC")
    assert 3 == command("roster", "import", pack(), "--dry-run")[0]
    code, _, err = command("roster", "import", pack())
    assert (2, True) == (code, "--yes" in err)
    code, out, _ = command("roster", "import", pack(), "--dry-run")
    assert (0, "new,00123,Ann Lee,7b from 2026-02-02 on") == (code, out.splitlines()[1])
    assert "" == command("gallery", "list", "--json")[1]
    code, _, err = command("roster", "import", pack(), "--yes")
    assert 0 == code
    assert "needs a photo (2): Ann Lee (00123), Bo Ek (1E5)" in err
    code, out, err = command("roster", "import", pack(), "--yes")
    assert (0, "", True) == (code, out, "unchanged" in err)


def test_of_many_without_a_photo_some_are_named(command, pack, register):
    """The first twenty who need a photo are named, and of the others how many they are."""
    users = register.USERS + "".join(f"v{n},,,true,o1,student,v{n},,Vi,No{n},5{n:02}\n" for n in range(30))
    code, _, err = command("roster", "import", pack(users=users), "--yes")
    assert (0, 1) == (code, err.count("needs a photo (32): Ann Lee (00123)"))
    assert (True, False) == ("Vi No17 (517) and 12 more; " in err, "Vi No18" in err)


def test_refused_rows_are_listed(command, pack, register):
    """Something refused is exit code 1, with a line that names it; in JSON it is a row as well."""
    orphan = register.ENROLLMENTS + "e9,,,c1,o1,u9,student,,,\n"
    code, out, err = command("roster", "import", pack(enrollments=orphan), "--yes", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert 1 == code
    assert ["new", "new", "refused"] == [each["change"] for each in rows]
    assert "refused[orphan.user] enrollments.csv line 5: nobody has the id u9" in err


def test_a_broken_zip(command, tmp_path):
    """One line with an id, and nothing is taken in."""
    (tmp_path / "x.zip").write_bytes(b"no zip")
    code, _, err = command("roster", "import", tmp_path / "x.zip", "--yes")
    assert (1, True) == (code, "error[import.file]" in err)


def test_choices_are_pairs(command, pack):
    """--match without an equals sign is wrong usage."""
    assert 2 == command("roster", "import", pack(), "--match", "u1")[0]


def test_ids_of_other_systems(command, pack):
    """Set one, list them."""
    command("roster", "import", pack(), "--yes")
    assert 0 == command("roster", "id", "00123", "0042", "--system", "badge")[0]
    code, out, _ = command("roster", "ids", "00123")
    assert (0, "00123,Ann Lee,badge,0042") == (code, out.splitlines()[1])


def test_marks_of_a_device(command, pack, tmp_path):
    """Taken, told by counts; what is refused is listed with its line, and the exit code is 1."""
    command("roster", "import", pack(), "--yes")
    (tmp_path / "m.csv").write_text("person,at\n00123,2026-03-02 08:00\nx,2026-03-02 08:00\n")
    code, out, err = command("roster", "marks", tmp_path / "m.csv", "--covers", "2026-03-01..2026-03-01", "--json")
    assert (1, {"schema": 1, "new": 1, "unchanged": 0, "passed_over": 0, "refused": 1}) == (code, json.loads(out))
    assert "refused[person.unknown] m.csv line 3: nobody has the id x" in err
    assert "covered: 2026-03-01" in err
    assert 2 == command("roster", "marks", tmp_path / "m.csv", "--covers", "March")[0]
    assert 2 == command("roster", "marks", tmp_path / "m.csv", "--covers", "2026-03-02..2026-03-01")[0]


def test_marks_out_again(command, pack, tmp_path):
    """As a table that the import takes as unchanged; a form that there is not is wrong usage."""
    command("roster", "import", pack(), "--yes")
    (tmp_path / "m.csv").write_text("person,at\n00123,2026-03-02 08:00\n")
    command("roster", "marks", tmp_path / "m.csv")
    assert 0 == command("export", "csv", "-o", tmp_path / "out.csv")[0]
    code, _, err = command("roster", "marks", tmp_path / "out.csv")
    assert (0, True) == (code, "unchanged 1" in err)
    code, _, err = command("export", "pdf", "-o", tmp_path / "x.csv")
    assert (2, True) == (code, "error[export.form]" in err)
