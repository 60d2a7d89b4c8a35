"""`attendance place`: what each command says and prints, and that `check --camera NAME` watches there."""

import json

import pytest
from live_world import ScriptedCamera, World

from attendance.cli import output

ADDRESS = "rtsp://door:s3'c\\r%t@192.168.100.64:554/Streaming/Channels/101"
SHOWN = "rtsp://***@192.168.100.64:554/Streaming/Channels/101"


@pytest.fixture
def door(command, draw):
    """Ada of 7b is enrolled, and the front door's camera has a name."""
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "A", "--group", "7b")[0]
    more = ("--site", "North", "--group", "7b", "--target-fpir", "0.1%")
    assert (0, "", f"added: Front door, camera {SHOWN}, site North, group 7b, target FPIR 0.1%\n") == command(
        "place", "add", "Front door", ADDRESS, *more
    )
    return command


def test_a_new_home_may_begin_with_its_places(command):
    """Places can be named before anybody is enrolled."""
    code, out, err = command("place", "add", "Hall", "--kind", "kiosk")
    assert (0, "", "added: Hall, kiosk without address") == (code, out, err.splitlines()[-1])


def test_the_list(door):
    """Piped it is CSV, with --json one object a line; neither shows the password."""
    assert (
        "name,kind,address,site,group,target_fpir,active\n"
        f"Front door,camera,{SHOWN},North,7b,0.001,True\n"
    ) == door("place", "list")[1]  # fmt: skip
    row = json.loads(door("place", "list", "--json")[1])
    keys = ["schema", "name", "kind", "address", "site", "group", "target_fpir", "direction", "created", "active"]
    assert (keys, SHOWN) == (list(row), row["address"])


def test_the_way_people_go(door):
    """A direction is said and listed where a place has one, and an empty text takes it away."""
    said = door("place", "change", "Front door", "--direction", "out")
    assert (0, True) == (said[0], said[2].endswith("target FPIR 0.1%, people going out\n"))
    lines = door("place", "list")[1].splitlines()
    assert (True, True) == (lines[0].endswith(",active,direction"), lines[1].endswith(",True,out"))
    assert "out" == json.loads(door("place", "list", "--json")[1])["direction"]
    assert "people going" not in door("place", "change", "Front door", "--direction", "")[2]
    assert (2, True) == ((said := door("place", "add", "x", "0", "--direction", "up"))[0], "mark.direction" in said[2])


def test_the_table_cuts_no_address(door, monkeypatch):
    """On a terminal of 80 columns a long address goes on in the next line."""
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    lines = door("place", "list")[1].splitlines()
    assert 80 >= max(map(len, lines))
    begin = lines[1].index("address")
    cells = [line[begin:].split("  ")[0] for line in lines if "───" not in line]
    assert f"address{SHOWN}" == "".join(cells).replace(" ", "")


def test_a_place_is_changed_and_put_out_of_use(door):
    """Each step says what holds now; a retired place cannot be watched, and one that nobody needs can be removed."""
    assert "changed: Front door, camera 0, group 7b, target FPIR 0.1%\n" == door(
        "place", "change", "Front door", "--address", "0", "--site", ""
    )[2]  # fmt: skip
    assert "Front door is out of use\n" == door("place", "retire", "Front door")[2]
    assert door("place", "list")[1].endswith("False\n")
    code, _, err = door("check", "--camera", "Front door", "--no-window")
    assert (1, True) == (code, "error[place.retired] Front door" in err)
    assert "Front door is in use\n" == door("place", "restore", "Front door")[2]
    assert "removed: Front door\n" == door("place", "remove", "Front door", "--yes")[2]
    assert "" == door("place", "list", "--json")[1]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "Yard"), 2, "error[place.address] Yard: a camera needs an address"),
        (("add", "Front door", "0"), 1, "error[place.exists] Front door"),
        (("add", ADDRESS, "Yard"), 2, f"error[place.name] {SHOWN}"),
        (("add", "Yard", ADDRESS.removeprefix("rtsp://")), 2, "error[place.address] Yard: ***@192.168"),
        (("add", "Yard", "0", "--group", "7c"), 1, "error[group.unknown]"),
        (("add", "Yard", "0", "--target-fpir", "80%"), 2, "error[settings.value] Yard"),
        (("add", "Yard", "0", "--kind", "window"), 2, "is not one of 'camera', 'kiosk'"),
        (("change", "Front door"), 2, "say what to change"),
        (("change", "Frontdoor", "--site", "x"), 1, "did you mean Front door?"),
        (("remove", "Front door"), 2, "pass --yes"),
        (("add", "Front", "door", ADDRESS), 2, SHOWN),
        (("add", "Yard", "0", "--kind", ADDRESS), 2, SHOWN),
        ((ADDRESS,), 2, SHOWN),
    ],
)
def test_what_is_refused(door, words, code, said):
    """Each is refused with what to do, the parser's own refusals included, and none shows a password."""
    found, out, err = door("place", *words)
    assert (code, "", True) == (found, out, said in err)
    assert "s3'c" not in err
    assert 1 == len(door("place", "list", "--json")[1].splitlines())


@pytest.mark.parametrize("source", [ADDRESS, ADDRESS.removeprefix("rtsp://"), "cam/x.jpg?pwd=s3'c"])
def test_an_address_is_no_file(door, source):
    """An address given as a file is refused with what was meant, and its password is not shown."""
    code, out, err = door("check", source)
    assert (2, "", True, False) == (code, out, "give it with --camera" in err, "s3'c" in err)


def test_watching_a_place(door, pipeline, monkeypatch):
    """A check before a place calls it by name, and marks none but its group."""
    from types import SimpleNamespace

    pipeline.detector = SimpleNamespace(detect=lambda _: [])
    monkeypatch.setattr("attendance.services.watching.ProcessCamera", lambda *_, **__: ScriptedCamera(World([[]] * 5)))
    code, out, err = door("check", "--camera", "Front door", "--no-window", "--json")
    lines = err.splitlines()
    assert (0, "", "Front door: ended") == (code, out, lines[-1][:17])
    assert "for a target FPIR of 0.025% a track" in lines[0]
    assert "192.168" not in err
    assert "for a target FPIR of 0.5% a track" in door(
        "check", "--camera", "Front door", "--no-window", "--target-fpir", "2%"
    )[2]  # fmt: skip
    code, _, err = door("check", "--camera", "Frontdoor", "--no-window")
    assert (1, True) == (code, "did you mean Front door?" in err)
