"""A home moved from a folder to a database server and back: nothing that anybody sees differs."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from servers import Homes, contents

from attendance import Attendance
from attendance.cli import run
from attendance.services.homecopying import COPIED, copy
from gallery import (
    GalleryMissing,
    GalleryReadOnly,
    GalleryUnreachable,
    KeyMissing,
    NotADatabase,
    NotEmpty,
    open_database,
)
from gallery.locations import pointer
from gallery.repositories import events

SPAN = ("--from", "2026-03-01", "--to", "2026-03-03")


@pytest.fixture
def lived(app, draw, home) -> Path:
    """A home with people, marks by face and by hand, one that is void, settings, and an account that is signed in."""
    for person, name in ((7, "Ada Lovelace"), (8, "Bob"), (9, 'Cleo, "C"')):
        app.enroll(draw(f"{person}.png", (person,)), name=name, groups=["7b"])
    list(app.check(draw("door.png", (7,), (9,))))
    app.enter("Bob", session=None, note="came late, “sorry”")
    app.void('Cleo, "C"', reason="a mask")
    app.sign_ins.begin(app.accounts.add(app.actor, "head", "a password for this test", "admin"))
    (home / "config.toml").write_text('time_zone = "Asia/Tokyo"\n')
    app.close()
    return home


@pytest.fixture
def on_server(tmp_path, request) -> Iterator[Path]:
    """A folder that names an empty database."""
    with closing(Homes(tmp_path, request.getfixturevalue("postgres"))) as made:
        yield made.new("server")


@pytest.fixture
def command(capsys):
    """Run a command in this process; returns exit code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([*map(str, arguments)])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    return call


def told(command, home: Path) -> list[str]:
    """What commands tell of a home."""
    asked = (
        ("report", *SPAN, "--by", "sessions", "--format", "csv"),
        ("report", *SPAN, "--by", "timetable", "--format", "csv"),
        ("gallery", "list", "--all", "--json"),
        ("session", "show", "2026-03-02", "--json", "--evidence"),
        ("account", "list", "--json"),
        ("config", "show", "--json"),
    )
    return [command(*each, "--home", home)[1] for each in asked]


def test_a_home_that_moved_is_the_same(lived, on_server, command, tmp_path, clock):
    """To a server and back: the digest, reports and every answer are the same; nobody is signed in there any more."""
    there = copy(lived, on_server, clock, "head")
    back = copy(on_server, tmp_path / "back", clock, "head")
    before, moved, again = (told(command, each) for each in (lived, on_server, tmp_path / "back"))
    with open_database(on_server, create=False) as store, store.reading() as view:
        noted = events.page(view, action=COPIED)

    assert (True, True, False) == (there.sound, back.sound, there.went_on)
    assert all(before)
    assert before == moved == again
    assert [("head", {"to": "folder"}), ("head", {"to": "server"})] == [(each.by, each.details) for each in noted]
    assert 0 == there.saved.rows["sign_in"]


def test_people_are_known_there(lived, on_server, clock, pipeline, draw):
    """A face that was enrolled in a folder is marked where the home is on a server."""
    copy(lived, on_server, clock, "head")
    clock.forward(days=1)
    with Attendance.open(on_server, clock=clock, pipeline=pipeline, flags={"guard_people": 0}, create=False) as there:
        found = list(there.check(draw("next day.png", (7,))))

    assert [("present", "Ada Lovelace")] == [(each.decision, each.person.name) for each in found]


def test_the_command_tells_digest_and_what_to_do(lived, tmp_path, command):
    """The digest goes to standard output, in words what was copied where, and that one of the two is to be used."""
    code, out, err = command("home", "copy", lived, tmp_path / "new")
    again = json.loads(command("home", "copy", tmp_path / "new", tmp_path / "third", "--json")[1])

    assert (0, "sha256:") == (code, out[:7])
    assert all(each in err for each in ("read it back and compared", "entries proved", "use one of the two"))
    assert ({"person": 3, "mark": 3}.items() <= again["rows"].items(), again["log"]["sound"]) == (True, True)


def test_an_address_is_a_home(lived, on_server, tmp_path, monkeypatch, command):
    """Both places may be the address of a server; its folder on this computer gets settings and key."""
    address = pointer(on_server).text
    monkeypatch.setenv("ATTENDANCE_FOLDER", str(tmp_path / "mine"))
    code, out, _ = command("home", "copy", lived, address)
    back = command("home", "copy", address, tmp_path / "back", "--json")[1]

    assert (0, {"config.toml", "database", "erased", "key"}) == (
        code,
        {each.name for each in (tmp_path / "mine").iterdir()},
    )
    assert "Ada Lovelace" in command("gallery", "list", "--home", tmp_path / "back")[1]
    assert json.loads(back)["from"] == pointer(on_server).shown
    assert out.startswith("sha256:")


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_password_in_an_address_is_never_shown(lived, tmp_path, monkeypatch, command, as_json):
    """Whatever comes of it, no message holds the password of the server."""
    monkeypatch.setenv("ATTENDANCE_FOLDER", str(tmp_path / "mine"))
    code, out, err = command("home", "copy", lived, "postgresql://u:hunter2@127.0.0.1:1/x", *as_json)

    assert (3, False) == (code, "hunter2" in out + err)
    assert GalleryUnreachable.id in out + err


def test_nothing_is_made_of_nothing(tmp_path, clock, on_server):
    """A home that is not there is not copied, and leaves nothing."""
    with pytest.raises(GalleryMissing):
        copy(tmp_path / "none", tmp_path / "new", clock, "t")
    with pytest.raises(GalleryMissing):
        copy(on_server, tmp_path / "new", clock, "t")

    assert not (tmp_path / "new").exists()


def test_a_copy_that_is_refused_is_not_in_the_log(lived, tmp_path, clock):
    """Where there is a home already, nothing is noted, and both stay as they were."""
    copy(lived, tmp_path / "new", clock, "t")
    before = [contents(each) for each in (lived, tmp_path / "new")]
    with pytest.raises(NotEmpty):
        copy(lived, tmp_path / "new", clock, "t")
    with pytest.raises(NotEmpty):
        copy(lived, lived, clock, "t")

    assert before == [contents(each) for each in (lived, tmp_path / "new")]


def test_a_database_of_something_else_is_left_alone(lived, on_server, clock):
    """Tables that are not the gallery's are not filled, and stay."""
    import psycopg

    with psycopg.connect(pointer(on_server).text) as connection:
        connection.execute("CREATE TABLE meta (theirs text)")
    with pytest.raises(NotADatabase):
        copy(lived, on_server, clock, "t")


def test_a_home_that_may_only_be_read_is_copied(lived, tmp_path, clock, monkeypatch):
    """Where nothing can be written to the old home, it is copied as it is, without a word in its log."""
    from gallery import opening

    def refusing(home, **given):
        if Path(home) == lived and not given.get("read_only"):
            raise GalleryReadOnly(str(home), "this account may not write here")
        return open_database(home, **given)

    monkeypatch.setattr("gallery.open_database", refusing)
    done = copy(lived, tmp_path / "new", clock, "t")
    with opening.open_database(tmp_path / "new", create=False) as store, store.reading() as view:
        assert [] == events.page(view, action=COPIED)

    assert done.sound


def test_a_computer_without_the_key_copies_nothing_and_leaves_the_log_whole(lived, tmp_path, clock):
    """Refused for want of the key, a copy has written no entry into the log, which nobody could prove later."""
    key = (lived / "key").read_bytes()
    (lived / "key").unlink()
    with pytest.raises(KeyMissing):
        copy(lived, tmp_path / "there", clock, "head")
    (lived / "key").write_bytes(key)
    (lived / "key").chmod(0o600)

    with open_database(lived, create=False) as store, store.reading() as view:
        assert 0 == len(events.page(view, action=COPIED))
    assert not (tmp_path / "there").exists()
