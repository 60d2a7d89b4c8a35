"""`attendance timetable`: what each command says and prints, and how it refuses."""

import json

import pytest

from attendance.cli import output

LESSON = ("--weekly", "MO,WE", "--begins", "08:00", "--ends", "08:45")
SAYS = "Mondays and Wednesdays 08:00-08:45 (UTC), from 2026-02-02, late after 5 min"


@pytest.fixture
def school(command, draw, clock, monkeypatch):
    """Ada is in 7b, which has mathematics on Mondays and Wednesdays since February; it is Monday, 2 March."""
    monkeypatch.setattr("attendance.app.SystemClock", lambda: clock)
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "A", "--group", "7b")[0]
    code, out, err = command("timetable", "add", "Maths", *LESSON, "--group", "7b", "--from", "2026-02-02")
    assert (0, "", f"added: Maths, group 7b, from 2026-02-02: {SAYS}\n") == (code, out, err)
    return command


def test_the_list(school):
    """Piped it is CSV in words, with --json one object a line with all that a rule is made of."""
    assert f'name,whom,says,since,until\nMaths,group 7b,"{SAYS}",2026-02-02,\n' == school("timetable", "list")[1]
    row = json.loads(school("timetable", "list", "--json")[1])
    keys = ["schema", "name", "group", "person", "says", "since", "until", "ended", "rule"]
    assert (keys, "08:45", "FREQ=WEEKLY;BYDAY=MO,WE") == (list(row), row["rule"]["ends"], row["rule"]["recurs"])


def test_the_table_fits_a_terminal(school, monkeypatch):
    """On 80 columns what a rule says goes on in the next line, and no word is cut."""
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    text = school("timetable", "list")[1]
    assert 80 >= max(map(len, text.splitlines()))
    assert "…" not in text


def test_columns_that_say_nothing(school, monkeypatch):
    """On a terminal a table leaves out what no row says, so that the rest can be read; without rows it is whole."""
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    assert ["name", "whom", "says", "since"] == school("timetable", "list")[1].split("\n")[1].split()
    told = school("coverage", "list")
    assert ["what", "kind", "source", "site", "group", "begins", "ends", "by", "reason"] == told[1].split("\n")[
        1
    ].split()
    assert "nobody looked today; --from and --to tell other days\n" == told[2]
    assert "nobody looked on these days; " in school("coverage", "list", "--to", "2026-03-01")[2]
    assert (
        0 == school("coverage", "add", "--from", "08:00", "--to", "08:15", "--day", "2026-02-25", "--reason", "roll")[0]
    )
    lines = school("coverage", "list", "--from", "2026-02-25")[1].split("\n")
    assert ["what", "kind", "source", "begins", "ends", "by", "reason"] == lines[1].split()
    assert "2026-02-25 08:15:00 +00:00" in lines[3]
    monkeypatch.setenv("COLUMNS", "70")
    text = school("coverage", "list", "--from", "2026-02-25")[1]
    assert ("08:15:00" in text, "…" in text) == (True, False), text


def test_what_a_rule_said_and_says(school):
    """All versions with who, when and why, then the next ten times; the same as JSON."""
    school("timetable", "change", "Maths", "--late-grace", "10", "--from", "2026-03-09", "--reason", "new bus")
    lines = school("timetable", "show", "Maths")[1].splitlines()
    assert "Maths, group 7b" == lines[0]
    assert lines[1].startswith(f"from 2026-02-02  {SAYS} (version 1, 2026-03-02 by ")
    assert lines[2].endswith(": new bus)")
    assert ("next Mon 2026-03-02 08:00-08:45", 10) == (lines[3], len(lines[3:]))
    told = json.loads(school("timetable", "show", "Maths", "--json")[1])
    assert (2, 10, "2026-03-02T08:00:00.000Z") == (
        len(told["versions"]), len(told["next"]), told["next"][0]["begins"]
    )  # fmt: skip


def test_every_flag_of_a_rule(school):
    """Each flag reaches the rule, and what it says is told in words."""
    flags = (
        "--rrule", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "--begins", "22:00", "--ends", "06:00", "--zone", "Europe/Berlin",
        "--opens-before", "60", "--closes-after", "45", "--late-grace", "1", "--early-grace", "2", "--half-day", "240",
        "--absent-below", "60", "--pairing", "pairs", "--break", "02:00-02:30", "--break", "04:00-04:10,paid",
        "--auto-close", "90", "--always", "--site", "North", "--person", "A", "--until", "2026-12-31",
    )  # fmt: skip
    code, _, err = school("timetable", "add", "Night", *flags)
    assert 0 == code, err
    assert (
        "added: Night, Ada (A), from 2026-03-02: Every 2 weeks on Fridays 22:00-06:00 (Europe/Berlin), "
        "from 2026-03-02, unpaid break 02:00-02:30, paid break 04:00-04:10, site North, also on closed days, "
        "pairs marks, late after 1 min, early before 2 min, partial below 240 min, absent below 60 min, "
        "closed 90 min after the end; from 2027-01-01: ended\n"
    ) == err
    rule = json.loads(school("timetable", "list", "--json")[1].splitlines()[1])["rule"]
    assert (60, 45, "pairs", False) == (
        rule["opens_before"], rule["closes_after"], rule["pairing"], rule["follows_calendar"]
    )  # fmt: skip
    assert 0 == school("timetable", "change", "Night", "--by-calendar", "--break", "none", "--auto-close", "none")[0]
    rule = json.loads(school("timetable", "list", "--json")[1].splitlines()[1])["rule"]
    assert (True, [], None) == (rule["follows_calendar"], rule["breaks"], rule["auto_close"])


def test_a_change_and_its_preview(school):
    """The preview lists each status and time that differs; the change then says what holds, or that nothing does."""
    school("mark", "Ada", "--day", "2026-02-25", "--at", "08:20")
    change = ("Maths", "--begins", "08:15", "--ends", "09:00", "--from", "2026-02-25")
    code, out, err = school("timetable", "preview", *change)
    assert (0, "status,2026-02-25,Maths,Ada (A),late,present") == (code, out.splitlines()[1])
    assert "altered,2026-02-25,Maths,,08:00-08:45,08:15-09:00" == out.splitlines()[2]
    assert "1 status of days gone by would differ" == err.splitlines()[0]
    told = [json.loads(line) for line in school("timetable", "preview", *change, "--json")[1].splitlines()]
    assert (["late"], ["present"]) == (told[0]["before"], told[0]["after"])
    assert "changed: Maths, group 7b, from 2026-02-25: " in school("timetable", "change", *change)[2]
    assert "Maths says so already: nothing is changed\n" == school("timetable", "change", *change)[2]
    assert "" == "".join(school("timetable", "preview", *change)[1].splitlines()[1:])


def test_single_days_and_the_end(school):
    """Skip, move, extra and remove say from when on what holds; an ended rule is listed with --all alone."""
    assert "1 left out" in school("timetable", "skip", "Maths", "2026-03-04")[2]
    assert "1 moved" in school("timetable", "move", "Maths", "2026-03-09", "--to", "2026-03-10")[2]
    assert "1 added" in school("timetable", "extra", "Maths", "2026-03-13", "--begins", "10:00", "--ends", "11:00")[2]
    days = [line[9:] for line in school("timetable", "show", "Maths")[1].splitlines() if line.startswith("next")][:4]
    assert [
        "2026-03-02 08:00-08:45",
        "2026-03-10 08:00-08:45",
        "2026-03-11 08:00-08:45",
        "2026-03-13 10:00-11:00",
    ] == days
    assert "ended: Maths, group 7b, from 2026-03-02: ended\n" == school(
        "timetable", "remove", "Maths", "--from", "2026-03-02"
    )[2]  # fmt: skip
    assert "there is no rule that goes on; --all shows those that have ended\n" == school("timetable", "list")[2]
    assert ["Maths"] == [json.loads(school("timetable", "list", "--all", "--json")[1])["name"]]
    assert "takes place no more" in school("timetable", "show", "Maths")[1]


def test_overlaps_are_noted(school):
    """A rule for somebody who is expected elsewhere is added all the same, with a note."""
    code, _, err = school("timetable", "add", "Piano", *LESSON, "--person", "Ada")
    assert (0, "note: Piano overlaps Maths for 1 person, first on 2026-03-02") == (code, err.splitlines()[1])


def test_a_file_is_shown_first(school, tmp_path):
    """What a file would do is shown, and done when it is agreed to; the second time there is nothing to do."""
    file = tmp_path / "plan.csv"
    file.write_text("name,begins,ends,first,weekly\nGym,10:00,11:00,2026-03-02,TU\n", encoding="utf-8")
    code, _, err = school("timetable", "import", file, "--group", "7b")
    assert (2, True, True) == (code, "new       Gym, from 2026-03-02" in err, "pass --yes" in err)
    assert 1 == len(school("timetable", "list", "--json")[1].splitlines())
    code, _, err = school("timetable", "import", file, "--group", "7b", "--yes")
    assert (0, True) == (code, "taken in: Gym, group 7b" in err)
    assert "all of it is there already" in school("timetable", "import", file, "--group", "7b")[2]


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
SUMMARY:Art
DTSTART:20260303T100000
DTEND:20260303T110000
RRULE:FREQ=WEEKLY
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Ping
DTSTART:20260303T100000Z
DTEND:20260303T100500Z
RRULE:FREQ=HOURLY
END:VEVENT
END:VCALENDAR
"""


def test_what_a_file_cannot_tell_is_left_out(school, tmp_path):
    """An event that no rule can be is named and left out, the others are taken in, and the exit code tells."""
    pytest.importorskip("icalendar")
    file = tmp_path / "plan.ics"
    file.write_text(ICS, encoding="utf-8", newline="\r\n")
    code, _, err = school("timetable", "import", file, "--yes")
    assert (1, True, True) == (code, "left out: Ping" in err, "taken in: Art, everybody" in err)
    code, _, err = school("timetable", "import", file, "--yes")
    assert (1, True) == (code, "all of it is there already" in err)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "Maths", *LESSON), 1, "error[rule.exists] Maths"),
        (("add", "Art", *LESSON, "--group", "7c"), 1, "error[group.unknown] 7c"),
        (("add", "Art", *LESSON, "--person", "Zoe"), 1, "error[gallery.person_unknown] Zoe"),
        (("add", "Art", *LESSON, "--person", "A", "--group", "7b"), 2, "error[rule.invalid] Art"),
        (("add", "Art", "--weekly", "MO"), 2, "error[rule.invalid] Art"),
        (("add", "Art", "--begins", "8:00", "--ends", "9:00"), 2, "error[rule.recurrence] Art"),
        (("add", "Art", *LESSON, "--rrule", "FREQ=DAILY"), 2, "error[rule.recurrence] Art"),
        (("add", "Art", "--rrule", "FREQ=SECONDLY", *LESSON[2:]), 2, "error[rule.recurrence]"),
        (("add", "Art", *LESSON, "--zone", "Berlin"), 2, "error[session.zone] Berlin"),
        (("add", "Art", *LESSON, "--late-grace", "-1"), 2, "error[rule.invalid] Art"),
        (("add", "Art", *LESSON, "--late-grace", "soon"), 2, "valid integer"),
        (("add", "Art", *LESSON, "--pairing", "twice"), 2, "'twice' is not one of"),
        (("add", "Art", *LESSON, "--from", "tomorrow"), 2, "'tomorrow' is no day"),
        (("add", "Art", *LESSON, "--until", "2026-03-01"), 2, "error[rule.invalid] Art"),
        (("change", "Maths"), 2, "say what to change"),
        (("preview", "Maths", "--from", "2026-03-02"), 2, "say what to change"),
        (
            ("change", "Math", "--late-grace", "1"),
            1,
            "error[rule.unknown] Math: there is no rule of this name; did you",
        ),
        (("show", "Physics"), 1, "error[rule.unknown] Physics"),
        (("skip", "Maths", "2026-03-03"), 2, "error[rule.invalid] Maths: it does not take place on 2026-03-03"),
        (("skip", "Maths", "soon"), 2, "'soon' is no day"),
        (("move", "Maths", "2026-03-04"), 2, "say where to"),
        (("extra", "Maths", "2026-03-04"), 2, "error[rule.invalid] Maths"),
        (("remove", "Maths"), 2, "--from"),
        (("import", "none.csv"), 1, "error[rule.file]"),
        (("import", "plan.txt"), 1, "error[rule.file]"),
    ],
)
def test_what_is_refused(school, words, code, said):
    """Each is refused with its id and what to do, and nothing is changed."""
    before = school("timetable", "show", "Maths")[1]
    found, out, err = school("timetable", *words)
    assert (code, "", True) == (found, out, said in err), err
    assert (before, 1) == (
        school("timetable", "show", "Maths")[1], len(school("timetable", "list", "--json")[1].splitlines())
    )  # fmt: skip
