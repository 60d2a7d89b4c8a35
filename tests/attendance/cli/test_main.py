"""The command line: what goes to stdout, what to stderr, and with which exit code."""

import contextlib
import csv
import functools
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from attendance import app as app_module
from attendance.cli import output, run

pytestmark = pytest.mark.usefixtures("noon")

ENTRY = [sys.executable, "-m", "attendance"]


@pytest.fixture(scope="module", autouse=True)
def one_pipeline():
    """Load detector and encoder once for all commands run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app_module, "load_ahead", functools.cache(app_module.load_ahead))
        yield


@pytest.fixture(scope="module")
def both_enrolled(shared_homes, portraits):
    """A home in which the two portraits are enrolled, to be copied."""
    made = shared_homes.new()
    for name, number in (("Eileen Collins", "E-1"), ("Grace Hopper", "E-2")):
        words = ["enroll", str(portraits / f"{name}.jpg"), "--name", name, "--id", number, "--home", str(made)]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert 0 == run(words)
    return made


@pytest.fixture
def home(homes, request):
    """Where a home may begin, or one of the two portraits for a test that asks for `enrolled`."""
    if "enrolled" in request.fixturenames:
        return homes.copy(request.getfixturevalue("both_enrolled"), "home")
    return homes.new("home")


@pytest.fixture
def command(home, capsys):
    """Run a command in this process; returns exit code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([*map(str, arguments), *(() if "--help" in arguments else ("--home", str(home)))])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    return call


@pytest.fixture
def enrolled(command):
    """Commands of a home in which the two portraits are enrolled."""
    return command


def process(*arguments: object, home, **more) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ATTENDANCE_HOME": str(home)}
    return subprocess.run(
        [*ENTRY, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
        **more,
    )


CHECK_HEADER = ["source", "decision", "name", "id", "score", "reasons"]


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def outcomes(text: str) -> list[list[str]]:
    """The lines of a piped enrolment below its header."""
    head, *rows = table(text)
    assert ["source", "outcome", "name", "id", "quality", "reasons"] == head
    return rows


def faces(text: str) -> list[list[str]]:
    """The lines of a piped check below its header."""
    head, *rows = table(text)
    assert CHECK_HEADER == head
    return rows


def test_whole_way_in_processes(home, portraits):
    """Enrol a folder, check a picture of both, report: three processes, each with a pure stdout."""
    done = process("enroll", portraits, home=home)
    assert (1, "enrolled 2, refused: face.several 1, total 3") == (done.returncode, done.stderr.splitlines()[-1])
    assert [["Eileen Collins", "P-1"], ["Grace Hopper", "P-2"]] == [row[2:4] for row in outcomes(done.stdout)][:2]
    done = process("check", portraits / "more" / "both.jpg", "--json", home=home)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert (0, ["present", "present"]) == (done.returncode, [each["decision"] for each in found])
    assert done.stderr.startswith("encoder ")
    assert "2 people · threshold" in done.stderr
    done = process("report", home=home)
    assert ["present", "present"] == [row["status"] for row in csv.DictReader(io.StringIO(done.stdout))]


def test_several_photos_are_named_by_their_files(command, portraits):
    """What a shell makes of *.jpg is enrolled, each person named by their file."""
    code, out, err = command("enroll", *sorted(portraits.glob("*.jpg")))
    assert (0, "enrolled 2, total 2") == (code, err.splitlines()[-1])
    assert ["Eileen Collins", "Grace Hopper"] == [row[2] for row in outcomes(out)]


def test_photos_folders_and_lists_may_be_mixed(command, portraits, tmp_path):
    """A photo, a folder and a list are enrolled in one go; a bad row and notes stop nobody."""
    (tmp_path / "people" / "Ada").mkdir(parents=True)
    (tmp_path / "people" / "Ada" / "1.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500))
    (tmp_path / "people" / "notes.txt").write_text("text")
    roster = tmp_path / "list.csv"
    roster.write_text(f"photo,name,id\n{portraits / 'Grace Hopper.jpg'},Grace,G-1\nx.jpg,,\n")
    code, out, err = command("enroll", portraits / "Eileen Collins.jpg", tmp_path / "people", roster)
    assert (1, ["Eileen Collins", "Grace"]) == (code, sorted(row[2] for row in table(out) if row[1] == "enrolled"))
    assert "passed over, no picture: notes.txt\n" in err
    assert f"error[roster.row] {roster}: line 3: no name is given." in err
    assert "enrolled 2, refused: photo.damaged 1, refused: roster.row 1, total 4" == err.splitlines()[-1]


def test_a_bad_file_of_a_folder_is_listed_and_counted(command, portraits, tmp_path):
    """A photo too deep in a folder is refused by itself, as a line of JSON too; the others are enrolled."""
    (tmp_path / "people" / "3B" / "Ada").mkdir(parents=True)
    for name in ("people/Grace.jpg", "people/3B/Ada/1.jpg"):
        (tmp_path / name).write_bytes((portraits / "Grace Hopper.jpg").read_bytes())
    code, out, err = command("enroll", tmp_path / "people", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert (1, [("refused", "roster.deep"), ("enrolled", None)]) == (
        code,
        [(each["outcome"], each["error"]) for each in found],
    )
    assert "enrolled 1, refused: roster.deep 1, total 2" == err.splitlines()[-1]


@pytest.mark.parametrize("flag", ["--name", "--id"])
def test_a_name_is_for_one_photo(command, portraits, flag):
    """One name or id for several photos is wrong usage, told in a line."""
    code, out, err = command("enroll", *portraits.glob("*.jpg"), flag, "X")
    assert (2, "") == (code, out)
    assert "exactly one photo" in " ".join(err.replace("│", "").split())


def test_a_check_that_leaves_pictures_out_says_so(enrolled, portraits, tmp_path):
    """A folder with a raw file and notes: the raw file is an error with exit code 1, the notes are named."""
    (tmp_path / "lesson").mkdir()
    (tmp_path / "lesson" / "1.jpg").write_bytes((portraits / "Grace Hopper.jpg").read_bytes())
    (tmp_path / "lesson" / "notes.txt").write_text("text")
    assert 0 == enrolled("check", tmp_path / "lesson", "--dry-run")[0]
    (tmp_path / "lesson" / "2.nef").write_bytes(b"MM\0*\0\0\0\x08" + bytes(90))
    code, out, err = enrolled("check", tmp_path / "lesson", "--dry-run")
    assert (1, ["E-2"]) == (code, [row[3] for row in faces(out)])
    assert "2.nef" in err
    assert "passed over, neither picture nor video: notes.txt\n" in err


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF"])
def test_photos_of_phones_and_scanners_enrol_and_check(command, portraits, tmp_path, kind):
    """A HEIC, AVIF or TIFF of a person enrols them, and is recognised."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    photo = tmp_path / f"Eileen.{kind.lower()}"
    with Image.open(portraits / "Eileen Collins.jpg") as picture:
        picture.save(photo, kind)
    assert 0 == command("enroll", photo, "--name", "Eileen")[0]
    _, out, _ = command("check", photo, portraits / "Eileen Collins.jpg", "--dry-run")
    assert [["present", "Eileen"]] * 2 == [row[1:3] for row in faces(out)]


def test_help_is_quick_and_lists_exit_codes():
    """--help answers without loading a heavy library, and tells every exit code."""
    code = (
        "import sys\nfrom attendance.cli import run\nassert run(['--help']) == 0\n"
        "heavy = {'numpy', 'cv2', 'faiss', 'onnxruntime', 'sqlalchemy', 'scipy', 'PIL', 'rich', 'alembic'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    took = time.monotonic() - begun
    assert "HEAVY []" in done.stdout
    for number in ("0 ", "1 ", "2 ", "3 ", "4 ", "130"):
        assert f"\n    {number}" in done.stdout
    assert took < 3, "0.3 s on an idle machine; ten times that is no matter of load"


@pytest.mark.parametrize("words", [("check", "{photo}", "--dry-run"), ("check", "{photo}"), ("gallery", "list")])
@pytest.mark.usefixtures("enrolled")
def test_everyday_commands_load_nothing_that_others_need(portraits, home, words):
    """Neither a check in a small gallery nor its list loads what searches large ones, serves, draws or upgrades."""
    others = {"faiss", "alembic", "scipy", "rich", "fastapi", "starlette", "uvicorn", "jinja2", "matplotlib", "torch"}
    others |= {"openpyxl", "reportlab", "holidays", "icalendar", "dateutil", "psycopg", "httpx", "PIL"}
    arguments = [word.format(photo=portraits / "Eileen Collins.jpg") for word in words] + ["--home", str(home)]
    code = (
        "import sys\nfrom attendance.cli import run\n"
        f"assert run({arguments!r}) == 0\nprint('LOADED', sorted({others!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LOADED []" == done.stdout.splitlines()[-1]


def test_every_command_has_help_and_a_home(command):
    """Each command tells its exit codes and takes --home."""
    commands = [
        ("enroll",),
        ("check",),
        ("mark",),
        ("void",),
        ("report",),
        ("backup",),
        ("restore",),
        ("doctor",),
        *(("config", each) for each in ("show", "set")),
        *(("session", each) for each in ("open", "close", "list", "show")),
        *(
            ("gallery", each)
            for each in ["list", "show", "rename", "remove", "deactivate", "activate", "merge", "group"]
        ),
        *(("gallery", each) for each in ["stats", "verify", "export", "import", "reembed"]),
    ]
    for each in commands:
        code, out, err = command(*each, "--help")
        assert (0, "") == (code, err), each
        assert "--home" in out, each
        assert "Exit codes:" in out, each


def test_plain_lines(enrolled, portraits):
    """Piped, a check prints one line a face below a header: source, decision, name, id, score, reasons."""
    code, out, _ = enrolled("check", portraits / "more" / "both.jpg")
    rows = faces(out)
    assert code == 0
    expected = [["present", "Eileen Collins", "E-1"], ["present", "Grace Hopper", "E-2"]]
    assert expected == sorted(row[1:4] for row in rows)
    assert all(0 < float(row[4]) <= 2 for row in rows)


def test_without_a_header(enrolled, portraits, tmp_path):
    """--no-header leaves the faces' lines alone, so that a script that cuts fields goes on as it did."""
    _, out, _ = enrolled("check", portraits / "more" / "both.jpg", "--no-header")
    assert ["Eileen Collins", "Grace Hopper"] == sorted(row[2] for row in table(out))
    Image.new("RGB", (200, 200)).save(tmp_path / "empty.png")
    assert CHECK_HEADER == table(enrolled("check", tmp_path / "empty.png")[1])[0]


def test_reasons_are_piped(enrolled, portraits, tmp_path):
    """A face that cannot be judged says why in the last column of a piped check."""
    with Image.open(portraits / "Grace Hopper.jpg") as picture:
        picture.resize((70, 83)).save(tmp_path / "tiny.png")
    (row,) = faces(enrolled("check", tmp_path / "tiny.png", "--set", "min_face_px=60")[1])
    assert ("refused", "face_too_small") == (row[1], row[5])


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_is_a_formula(command, portraits, start):
    """What starts as a formula stands behind an apostrophe wherever names and ids are printed as CSV."""
    name, number = f"{start}cmd|calc", f"{start}1+1"
    photo = portraits / "Eileen Collins.jpg"
    texts = [command("enroll", photo, "--name", name, "--id", f" {number}")[1], command("check", photo)[1]]
    texts += [command(*words)[1] for words in (("gallery", "list"), ("session", "show"), ("report",))]
    for text in texts:
        assert {f"'{name}", f"'{number}"} <= {cell for row in table(text) for cell in row}
        assert [] == [cell for row in table(text) for cell in row if cell.startswith(start)]


def test_negative_scores_stay_numbers(enrolled, portraits, tmp_path):
    """A score below zero is a number, not a text behind an apostrophe."""
    with Image.open(portraits / "Eileen Collins.jpg") as picture:
        picture.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "lying.png")
    scores = [row[4] for row in faces(enrolled("check", tmp_path / "lying.png", portraits)[1]) if row[4]]
    assert scores == [f"{float(score):.4f}" for score in scores]


def test_a_check_ends_with_its_sum(enrolled, portraits, tmp_path):
    """The last line on stderr says how much was looked at and what came of it."""
    Image.new("RGB", (200, 200)).save(tmp_path / "empty.png")
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    _, _, err = enrolled("check", portraits / "more" / "both.jpg", tmp_path / "empty.png", tmp_path / "bad.jpg")
    expected = r"checked 2 pictures, 2 faces: present 2; skipped 1; without a face 1; \d+\.\d s"
    assert re.fullmatch(expected, err.splitlines()[-1])


def test_percent(enrolled, portraits):
    """A share may be given in percent, on the command line and as a setting; nonsense is refused."""
    photo = portraits / "Eileen Collins.jpg"
    for words in (("--target-fpir", "1%"), ("--target-fpir", "0.01"), ("--set", "target_fpir= 1 %")):
        assert "target FPIR of 1.00%" in enrolled("check", photo, "--dry-run", *words)[2]
    for wrong in ("100%", "%", "1%%", "one"):
        code, out, err = enrolled("check", photo, "--target-fpir", wrong)
        assert (2, "") == (code, out)
        assert "1e-06 to 0.5, or 0.0001% to 50%" in err


def test_completion():
    """A shell can complete commands."""
    environment = {
        **os.environ,
        "_ATTENDANCE_COMPLETE": "complete_bash",
        "COMP_WORDS": "attendance gal",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(ENTRY, capture_output=True, text=True, env=environment, check=False)
    assert "gallery" == done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("bash"), reason="/proc is Linux's, and bash is needed")
def test_completion_that_cannot_be_installed():
    """Where the shell's files cannot be written, one line says which."""
    environment = {**os.environ, "HOME": "/proc"}
    words = f"'{sys.executable}' -m attendance --install-completion; exit $?"  # the shell is told by who called
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, env=environment, check=False)
    assert (1, 1) == (done.returncode, done.stderr.count("\n"))
    assert done.stderr.startswith("error[output.failed] /proc/.bash")


def test_awkward_names_are_quoted(command, portraits):
    """Commas, quotes, emoji and right-to-left text survive the piped form."""
    name = 'Collins, "Eileen" 🎓 هوبر'
    assert command("enroll", portraits / "Eileen Collins.jpg", "--name", name)[0] == 0
    _, out, _ = command("check", portraits / "Eileen Collins.jpg")
    assert name == faces(out)[0][2]


def test_terminal_form(enrolled, portraits, monkeypatch):
    """On a terminal there is a head and one aligned line a face."""
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    _, out, _ = enrolled("check", portraits / "more" / "both.jpg")
    head, *lines = out.splitlines()
    assert ["DECISION", "SCORE", "LEAD", "ID", "NAME", "SOURCE"] == head.split()
    assert all(line.startswith("present ") for line in lines)
    assert len(lines) == 2


def test_nothing_of_a_name_steers_the_terminal():
    """Escape sequences in file names are shown, not obeyed."""
    assert output.printable("a\x1b[2Jb\nc") == r"a\x1b[2Jb\nc"
    assert output.printable("Zoë 🎓 هوبر") == "Zoë 🎓 هوبر"


def test_refusals_exit_with_1(enrolled, portraits, tmp_path):
    """What is refused is listed on stderr with its id, and the rest is done."""
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    code, out, err = enrolled("check", tmp_path / "bad.jpg", tmp_path / "none.jpg", portraits / "more" / "both.jpg")
    assert (1, 2) == (code, len(faces(out)))
    assert "error[photo." in err
    assert "error[source.missing]" in err
    code, out, err = enrolled("enroll", portraits / "more" / "both.jpg", "--name", "X")
    assert (1, "refused", "face.several") == (code, outcomes(out)[0][1], outcomes(out)[0][5])
    assert "error[face.several]" in err
    assert enrolled("enroll", portraits / "Grace Hopper.jpg", "--name", "Y")[0] == 1


def test_several_faces_by_choice(command, portraits):
    """--multi largest takes the largest face."""
    code, out, _ = command("enroll", portraits / "more" / "both.jpg", "--name", "Grace", "--multi", "largest", "--json")
    assert (0, "enrolled") == (code, json.loads(out)["outcome"])


def test_namesakes(enrolled, portraits, tmp_path):
    """A list that names two people alike enrols the first and says for the second what to do; either way helps."""
    photos = [portraits / "Eileen Collins.jpg", portraits / "Grace Hopper.jpg"]
    (tmp_path / "list.csv").write_text("photo,name\n" + "".join(f'"{photo}",John Smith\n' for photo in photos))
    done = process("enroll", tmp_path / "list.csv", home=tmp_path / "other")
    assert [("enrolled", ""), ("refused", "person.unlike")] == [(row[1], row[5]) for row in outcomes(done.stdout)]
    assert (1, "enrolled 1, refused: person.unlike 1, total 2") == (done.returncode, done.stderr.splitlines()[-1])
    code, out, err = enrolled("enroll", photos[1], "--name", "Eileen Collins")
    assert (1, "person.duplicate") == (code, outcomes(out)[0][5])
    assert 0 == enrolled("gallery", "remove", "E-2", "--yes")[0]
    code, out, err = enrolled("enroll", photos[1], "--name", "Eileen Collins")
    assert (1, "person.unlike") == (code, outcomes(out)[0][5])
    assert "give them an id of their own (--id, the id column, or ID__Name as file name)" in err
    assert "pass --same-person" in err
    assert 0 == enrolled("enroll", photos[1], "--name", "Eileen Collins", "--id", "E-9")[0]
    assert 0 == enrolled("enroll", photos[1], "--name", "Eileen Collins", "--id", "E-1", "--allow-duplicate")[0]


def test_again_is_unchanged(enrolled, portraits):
    """Enrolling the same photo again says unchanged and exits with 0."""
    code, out, _ = enrolled("enroll", portraits / "Eileen Collins.jpg", "--name", "Eileen Collins")
    assert (0, "unchanged") == (code, outcomes(out)[0][1])
    _, out, _ = enrolled("enroll", portraits / "Eileen Collins.jpg", "--name", "Eileen Collins", "--no-header")
    assert "unchanged" == table(out)[0][1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "a.jpg", "--camera", "0"],
        ["enroll", "a.jpg"],
        ["enroll", ".", "--name", "Ada"],
        ["enroll", "a.jpg", "--name", "\n"],
        ["nonsense"],
        ["check", "a.jpg", "--target-fpir", "2"],
        ["check", "a.jpg", "--set", "margin"],
        ["check", "a.jpg", "--set", "colour=red"],
        ["report", "--from", "yesterday"],
        ["report", "--from", "2020-03-02", "--to", "2020-03-01"],
        ["report", "--session", "x", "--from", "2020-03-02"],
        ["config", "set", "margin", "wide"],
        ["config", "set", "colour", "red"],
    ],
)
def test_wrong_usage_exits_with_2(command, arguments):
    """Wrong usage says so on stderr, prints nothing, exits with 2."""
    code, out, err = command(*arguments)
    assert (2, "") == (code, out)
    assert err


@pytest.mark.sqlite_only("a home on a server has a folder that names it")
def test_no_home_yet_exits_with_3(command, home):
    """Reading commands need a home and make none."""
    for arguments in (["gallery", "list"], ["report"], ["session", "list"], ["gallery", "rename", "a", "b"]):
        code, out, err = command(*arguments)
        assert (3, "") == (code, out)
        assert err.startswith("error[gallery.missing] ")
        assert err.count("\n") == 1
    assert not home.exists()


@pytest.mark.sqlite_only("the file of its database is something else")
def test_home_that_is_no_home_exits_with_3(command, home):
    """A database that is something else is refused on one line and stays as it is."""
    home.mkdir()
    (home / "attendance.db").write_bytes(b"something else entirely" * 100)
    code, _, err = command("check", "a.jpg")
    assert (3, 1) == (code, err.count("\n"))
    assert err.startswith("error[gallery.not_a_database] ")
    assert (home / "attendance.db").read_bytes() == b"something else entirely" * 100


def test_altered_encoder_exits_with_3(command, portraits, tmp_path):
    """An encoder file with one byte changed is refused; nobody is enrolled or marked by it."""
    from enroll.registry import MODELS

    copy = tmp_path / "encoder"
    shutil.copytree(MODELS / "default", copy)
    model = copy / "encoder.onnx"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    code, out, err = command("enroll", portraits / "Eileen Collins.jpg", "--name", "E", "--set", f"encoder={copy}")
    assert (3, "") == (code, out)
    assert err.splitlines()[-1].startswith("error[encoder.altered] ")


def test_no_camera_exits_with_4(enrolled):
    """A camera that is not there is one line and exit code 4."""
    code, out, err = enrolled("check", "--camera", "/dev/video99", "--no-window")
    assert (4, "") == (code, out)
    assert "error[camera." in err.splitlines()[-1]


def test_debug_shows_the_traceback(command):
    """With --debug the error comes with its traceback."""
    from gallery import GalleryMissing

    with pytest.raises(GalleryMissing):
        command("gallery", "list", "--debug")


def test_unforeseen_error_is_one_line(command, monkeypatch):
    """An error nobody foresaw is one line with an id, too."""

    def broken(*_, **__):
        raise ZeroDivisionError("by\ndesign")

    monkeypatch.setattr(app_module.Attendance, "open", broken)
    code, out, err = command("gallery", "list")
    assert (1, "") == (code, out)
    assert err.startswith("error[internal.failed] attendance: ZeroDivisionError: by design. ")
    assert err.count("\n") == 1


def test_interrupt_exits_with_130(command, monkeypatch):
    """Ctrl-C is no traceback: a line and exit code 130."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(app_module.Attendance, "open", interrupted)
    code, out, err = command("gallery", "list")
    assert (130, "", "interrupted; what was reported is kept\n") == (code, out, err)


@pytest.fixture
def heeded_interrupts():
    """Children heed Ctrl-C even where the test run itself was started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is POSIX's")
@pytest.mark.usefixtures("heeded_interrupts")
def test_ctrl_c_in_the_middle(enrolled, home, portraits):
    """Ctrl-C in the middle of a run: exit code 130, no traceback, and the marks reported are kept."""
    pictures = [str(portraits / "more" / "both.jpg")] * 300
    command = [*ENTRY, "check", *pictures, "--json", "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        first = json.loads(running.stdout.readline())
        running.send_signal(signal.SIGINT)
        rest, err = running.communicate(timeout=60)
    assert (130, "interrupted; what was reported is kept") == (running.returncode, err.splitlines()[-1])
    assert "Traceback" not in err
    assert len(rest.splitlines()) < 598
    marks = [json.loads(each)["mark"] for each in enrolled("session", "show", "--json")[1].splitlines()]
    assert first["mark"] in marks


def test_reader_that_leaves():
    """A reader that stops early (head) is no reason for a traceback."""
    source = subprocess.Popen(
        [*ENTRY, "config", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    source.stdout.close()
    err = source.stderr.read()
    source.stderr.close()
    assert source.wait(60) in (0, 1)
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")
def test_progress_leaves_stdout_alone(home, portraits):
    """With stderr on a terminal and stdout in a file, the bar is on the terminal and every result in the file."""
    import pty

    terminal, other_end = pty.openpty()
    environment = {**os.environ, "ATTENDANCE_HOME": str(home), "TERM": "xterm"}
    command = [*ENTRY, "enroll", str(portraits)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=other_end, text=True, env=environment) as running:
        os.close(other_end)
        shown = b""
        with contextlib.suppress(OSError):  # Linux tells the end of a terminal as an error
            while part := os.read(terminal, 4096):  # first: a terminal that nobody reads holds a slow run up for ever
                shown += part
        out = running.stdout.read()
    os.close(terminal)
    assert ["enrolled", "enrolled", "refused"] == [row[1] for row in outcomes(out)]
    assert b"3/3" in shown or b"Enrolling" in shown
    assert b"face.several" in shown


def test_annotated_pictures(enrolled, portraits, tmp_path):
    """--annotate writes a picture a source, and never over the source."""
    one = tmp_path / "out.png"
    assert enrolled("check", portraits / "more" / "both.jpg", "--annotate", one)[0] == 0
    with Image.open(one) as image:
        assert image.width == 1024
    assert enrolled("check", portraits, "--annotate", tmp_path / "all")[0] == 0
    names = ["Eileen Collins.jpg", "Grace Hopper.jpg", "both.jpg"]
    assert names == sorted(path.name for path in (tmp_path / "all").iterdir())
    before = (portraits / "more" / "both.jpg").read_bytes()
    assert enrolled("check", portraits / "more" / "both.jpg", "--annotate", portraits / "more")[0] == 0
    assert before == (portraits / "more" / "both.jpg").read_bytes()
    (portraits / "more" / "both-2.jpg").unlink()


@pytest.mark.sqlite_only("a home on a server has a folder that names it")
def test_dry_run_of_an_empty_home(command, portraits, home):
    """A dry run makes no home."""
    assert command("check", portraits / "Eileen Collins.jpg", "--dry-run")[0] == 3
    assert not home.exists()


def test_by_hand(enrolled, portraits):
    """Mark, void, check, mark again by hand: the last word is a person's."""
    assert enrolled("mark", "E-1", "--note", "roll call")[0] == 0
    code, out, _ = enrolled("session", "show", "--json")
    assert (0, "manual", "E-1") == (code, json.loads(out)["how"], json.loads(out)["id"])
    assert enrolled("void", "E-1", "--reason", "wrong person")[0] == 0
    assert enrolled("void", "E-1", "--reason", "again")[0] == 1
    _, out, _ = enrolled("check", portraits / "Eileen Collins.jpg")
    assert ["review", "mark_voided"] == [faces(out)[0][place] for place in (1, 5)]
    assert enrolled("mark", "Eileen Collins")[0] == 0
    assert enrolled("mark", "Nobody")[0] == 1


def test_sessions(enrolled, portraits):
    """Open, check, close; a closed or unknown session takes no check."""
    picture = portraits / "Eileen Collins.jpg"
    assert enrolled("check", picture, "--session", "Maths")[0] == 1
    assert enrolled("session", "open", "Maths")[0] == 0
    assert enrolled("session", "open", "Maths")[0] == 1
    assert enrolled("check", picture, "--session", "Maths")[0] == 0
    assert "1 mark" in enrolled("session", "close", "Maths")[2]
    assert "error[session.closed]" in enrolled("check", picture, "--session", "Maths")[2]
    _, out, _ = enrolled("session", "list", "--json")
    assert ("Maths", 1) == tuple(json.loads(out)[key] for key in ("name", "marks"))
    _, out, _ = enrolled("session", "show", "Maths", "--evidence", "--json")
    assert {"score", "threshold", "candidates", "quality", "encoder"} <= set(json.loads(out)["evidence"])
    _, out, _ = enrolled("report", "--session", "Maths", "--format", "json")
    assert ["present", "absent"] == [row["status"] for row in json.loads(out)["rows"]]


def test_gallery_commands(enrolled, tmp_path):
    """List, show, rename, group, stats, verify, export, import, merge and remove do what they say."""
    assert enrolled("gallery", "group", "E-1", "crew", "7b")[0] == 0
    _, out, _ = enrolled("gallery", "list", "--group", "7b", "--json")
    assert ("E-1", ["7b", "crew"]) == tuple(json.loads(out)[key] for key in ("id", "groups"))
    assert enrolled("gallery", "list", "--group", "none")[0] == 1
    assert enrolled("gallery", "rename", "E-1", "Colonel Collins")[0] == 0
    _, out, _ = enrolled("gallery", "show", "Colonel Collins", "--json")
    shown = json.loads(out)
    assert (1, "E-2") == (len(shown["templates"]), shown["closest"][0]["id"])
    assert "closest   Grace Hopper" in enrolled("gallery", "show", "E-1")[1]
    assert json.loads(enrolled("gallery", "stats", "--json")[1])["people"] == 2
    assert (0, "", "no problem found\n") == enrolled("gallery", "verify")
    assert (0, "", "no problem found\n") == enrolled("gallery", "verify", "--repair")
    assert enrolled("gallery", "export", tmp_path / "people.zip")[0] == 0
    assert enrolled("gallery", "export", tmp_path / "people.zip")[0] == 1, "nothing is written over"
    assert enrolled("gallery", "import", tmp_path / "people.zip")[0] == 0
    assert enrolled("gallery", "reembed")[0] == 0
    assert enrolled("gallery", "remove", "E-1")[0] == 2, "nobody can be asked"
    assert enrolled("gallery", "merge", "E-1", "E-2", "--yes")[0] == 0
    assert enrolled("gallery", "remove", "E-2", "--yes")[0] == 0
    assert enrolled("gallery", "list", "--json")[1] == ""


def test_sealed_export(enrolled, tmp_path, monkeypatch, capsys):
    """With a passphrase the templates travel, too, and are recognised in the new home."""
    monkeypatch.setenv("ATTENDANCE_PASSPHRASE", "correct horse")
    assert enrolled("gallery", "export", tmp_path / "all.zip", "--templates")[0] == 0
    other = str(tmp_path / "other")
    assert run(["gallery", "import", str(tmp_path / "all.zip"), "--templates", "--home", other]) == 0
    capsys.readouterr()
    assert run(["gallery", "list", "--json", "--home", other]) == 0
    assert [1, 1] == [json.loads(line)["templates"] for line in capsys.readouterr().out.splitlines()]


def test_config(command, home):
    """A setting is set, shown with its origin, and used."""
    assert command("config", "set", "margin", "0.08")[0] == 0
    _, out, _ = command("config", "show", "--json")
    shown = {row["setting"]: row for row in map(json.loads, out.splitlines())}
    assert (0.08, "file", None) == (
        shown["margin"]["value"],
        shown["margin"]["origin"],
        shown["match_threshold"]["value"],
    )
    (home / "config.toml").write_text("nonsense = 1\n")
    code, _, err = command("config", "show")
    assert (2, True) == (code, "error[settings.unknown]" in err)


def test_another_zone_says_what_stays(command):
    """Where a zone takes the place of another one it is said what becomes of what is there already."""
    told = [command("config", "set", "time_zone", zone)[2] for zone in ("UTC", "Asia/Tokyo", "Asia/Tokyo")]
    assert [False, True, False] == ["no status of the past changes" in text for text in told]


def test_report_to_a_file(enrolled, portraits, tmp_path):
    """A report is written whole, or its error says where it could not be."""
    enrolled("check", portraits / "Eileen Collins.jpg")
    assert enrolled("report", "--output", tmp_path / "report.csv")[0] == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "report.csv").read_text())))
    assert ["present", "absent"] == [row["status"] for row in rows]
    code, _, err = enrolled("report", "--output", tmp_path / "none" / "report.csv")
    assert (1, True) == (code, "error[output.failed]" in err)


def test_report_follows_the_name(enrolled, portraits, tmp_path):
    """The form of a report follows the file's name, nothing is written over, and what does not fit is refused."""
    enrolled("check", portraits / "Eileen Collins.jpg")
    for name, head in (
        ("a.csv", b"\xef\xbb\xbfsession,"),
        ("a.json", b"{"),
        ("a.xlsx", b"PK"),
        ("a.txt", b"attendance report"),
    ):
        code, out, err = enrolled("report", "-o", tmp_path / name)
        assert (0, "", True) == (code, out, f"wrote {tmp_path / name}" in err)
        assert (tmp_path / name).read_bytes().startswith(head)
        code, _, err = enrolled("report", "-o", tmp_path / name)
        assert (1, True) == (code, "error[output.failed]" in err)
        assert enrolled("report", "-o", tmp_path / name, "--overwrite")[0] == 0
    for more in (["-o", "a.doc"], ["-o", "a.xlsx", "--format", "csv"], ["--format", "xlsx"]):
        code, out, err = enrolled("report", *more)
        assert (2, "", True) == (code, out, "error[output.form]" in err)
    assert enrolled("report", "--json", "--format", "csv")[0] == 2
    photo = tmp_path / "photo.csv"
    photo.write_bytes(b"\xff\xd8\xff")
    assert enrolled("report", "-o", photo, "--overwrite")[0] == 1
    assert b"\xff\xd8\xff" == photo.read_bytes()


def test_report_to_a_pipe(enrolled, portraits):
    """Piped, a report is plain CSV; --json is that of the other commands; Excel's form is there on purpose."""
    enrolled("check", portraits / "Eileen Collins.jpg")
    assert enrolled("report")[1].startswith("session,day,id,name,status,at,")
    assert enrolled("report", "--format", "csv-excel")[1].startswith("\ufeffsession,day,")
    assert ["present", "absent"] == [row["status"] for row in json.loads(enrolled("report", "--json")[1])["rows"]]


def test_empty_reports(enrolled):
    """A report without rows says why: no session, nobody enrolled, nobody of the group."""
    assert "no session was held" in enrolled("report")[2]
    enrolled("session", "open", "Maths")
    for number in ("E-1", "E-2"):
        enrolled("gallery", "remove", number, "--yes")
    assert "nobody is enrolled" in enrolled("report")[2]


def test_yesterday_by_hand(enrolled, portraits):
    """The days gone by are entered by hand and from recordings, and told from those that have not begun."""
    code, _, err = enrolled("mark", "E-1", "--day", "2020-03-02", "--at", "8:05", "--note", "roll call")
    assert (0, True) == (code, "2020-03-02 08:05, by hand" in err)
    assert "stays" in enrolled("mark", "E-1", "--session", "2020-03-02")[2]
    assert enrolled("check", portraits / "Grace Hopper.jpg", "--day", "2020-03-02")[0] == 0
    _, out, _ = enrolled("report", "--session", "2020-03-02", "--format", "table")
    assert "08:05 by hand" in out
    assert "checked later" in out
    assert enrolled("void", "E-1", "--day", "2020-03-02", "--reason", "wrong day")[0] == 0
    for arguments, code, id_ in (
        (["mark", "E-1", "--day", "2999-01-01"], 1, "session.day"),
        (["check", portraits, "--day", "2999-01-01"], 1, "session.day"),
        (["mark", "E-1", "--at", "25:00"], 2, "mark.time"),
        (["session", "open", "2020-03-01"], 1, "session.exists"),
        (["report", "--session", "2020-03-01"], 1, "session.unknown"),
    ):
        found = enrolled(*arguments)
        assert (code, "", True) == (found[0], found[1], f"error[{id_}]" in found[2]), arguments
    for wrong in (["mark", "E-1", "--day", "x"], ["mark", "E-1", "--day", "2020-03-02", "--session", "x"]):
        assert enrolled(*wrong)[0] == 2
    assert enrolled("check", "--camera", "0", "--day", "2020-03-02")[0] == 2


def test_leavers(enrolled, portraits):
    """Who is set inactive is not recognised, is listed as such, keeps past marks, and comes back only on purpose."""
    picture = portraits / "Eileen Collins.jpg"
    enrolled("mark", "E-1", "--day", "2020-03-02")
    code, _, err = enrolled("gallery", "deactivate", "E-1", "--on", "2020-03-03")
    assert (0, True) == (code, "inactive since 2020-03-03 00:00" in err)
    assert faces(enrolled("check", picture)[1])[0][1] == "unknown"
    assert ["E-2"] == [json.loads(line)["id"] for line in enrolled("gallery", "list", "--json")[1].splitlines()]
    everybody = [json.loads(line) for line in enrolled("gallery", "list", "--all", "--json")[1].splitlines()]
    assert {"E-1": False, "E-2": True} == {each["id"]: each["active"] for each in everybody}
    assert "inactive since 2020-03-03" in enrolled("gallery", "show", "E-1")[1]
    past = json.loads(enrolled("report", "--session", "2020-03-02", "--json")[1])["rows"]
    assert {"E-1": "present", "E-2": "no log"} == {each["id"]: each["status"] for each in past}
    assert ["E-2"] == [each["id"] for each in json.loads(enrolled("report", "--json")[1])["rows"]]
    assert outcomes(enrolled("enroll", picture, "--name", "Eileen Collins")[1])[0][1] == "unchanged"
    code, _, err = enrolled("mark", "E-1")
    assert (1, True) == (code, "error[gallery.person_inactive]" in err)
    assert enrolled("gallery", "deactivate", "E-1", "--on", "2999-01-01")[0] == 1
    assert "is active" in enrolled("gallery", "activate", "E-1")[2]
    assert faces(enrolled("check", picture)[1])[0][1] == "present"


def test_remove_names_the_other_way(enrolled, monkeypatch):
    """Before somebody is removed, the question counts what goes and names what would keep it."""
    enrolled("mark", "E-1")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    code, _, err = enrolled("gallery", "remove", "E-1")
    assert 1 == code
    assert "with 1 template, and 1 mark " in err
    assert "attendance gallery deactivate E-1" in err
    assert 0 == enrolled("gallery", "show", "E-1")[0]


@pytest.mark.skipif(sys.platform == "win32", reason="rules in TZ are POSIX's")
def test_zone_in_doubt_is_said_once(command, home, portraits, tz):
    """A check whose days may not be the site's says so once, with the command that settles it; after that, never."""
    tz("JST-9")
    assert 0 == command("enroll", portraits / "Eileen Collins.jpg", "--name", "E")[0]
    done = process("check", portraits / "Eileen Collins.jpg", portraits / "Grace Hopper.jpg", home=home)
    assert 1 == done.stderr.count("warning[clock.zone]")
    assert "attendance config set time_zone Asia/Tokyo" in done.stderr
    assert "warning" not in command("report")[2]
    assert 0 == command("config", "set", "time_zone", "Asia/Tokyo")[0]
    assert "warning" not in command("check", portraits / "Eileen Collins.jpg")[2]


def test_report_as_table(enrolled, portraits):
    """The table has people down and sessions across."""
    enrolled("check", portraits / "Eileen Collins.jpg")
    _, out, _ = enrolled("report", "--format", "table")
    assert "Grace Hopper" in out
    assert "absent" in out


def test_train_without_its_extra(monkeypatch, capsys):
    """Without the training tools one line says how to install them."""
    monkeypatch.setitem(sys.modules, "train.cli", None)
    code, caught = run(["train", "fit"]), capsys.readouterr()
    assert (3, "", True) == (code, caught.out, "pip install 'attendance[train]'" in caught.err)


def test_version(capsys):
    """--version prints the version of the installed package."""
    code = run(["--version"])
    out = capsys.readouterr().out
    assert (code == 0 and out.strip()) or code == 1


def test_a_home_goes_on_with_a_new_encoder(tmp_path, capsys, astronaut):
    """Who was enrolled with another encoder is recognised at once, from the kept crop; dry runs change nothing."""
    photo = tmp_path / "Eileen Collins.png"
    Image.fromarray(astronaut[:300]).save(photo)
    home = ["--home", str(tmp_path / "home")]
    assert run(["enroll", str(photo), "--name", "Eileen Collins", "--set", "encoder=fast", *home]) == 0
    capsys.readouterr()
    assert run(["check", str(photo), "--dry-run", *home]) == 0
    out, err = capsys.readouterr()
    assert ("unknown", True) == (out.splitlines()[1].split(",")[1], "nobody is enrolled with this encoder" in err)
    for expected in (1, 0):
        assert run(["check", str(photo), *home]) == 0
        out, err = capsys.readouterr()
        assert expected == err.count("1 template was made from kept crops")
        assert out.splitlines()[1].split(",")[1] == ("present" if expected else "already")


def test_who_has_no_kept_crop_is_named(tmp_path, capsys, astronaut, hopper):
    """Where a crop was not kept, one line says how many are not recognised; the others are."""
    home = ["--home", str(tmp_path / "home")]
    for name, pixels, keep in (("Eileen", astronaut[:300], "true"), ("Grace", hopper, "false")):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        words = ["--set", "encoder=fast", "--set", f"keep_crops={keep}"]
        assert run(["enroll", str(tmp_path / f"{name}.png"), "--name", name, *words, *home]) == 0
    capsys.readouterr()
    assert run(["check", str(tmp_path / "Grace.png"), str(tmp_path / "Eileen.png"), *home]) == 0
    out, err = capsys.readouterr()
    assert ["unknown", "present"] == [row.split(",")[1] for row in out.splitlines()[1:]]
    assert "1 person has no template made with it: they are not" in err
