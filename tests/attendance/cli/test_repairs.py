"""What `gallery verify` and `doctor` name as a repair does repair: each defect is planted, mended as told, and gone."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from servers import raw

from attendance import Attendance
from attendance.services.doctor import Doctor
from enroll import load_card
from enroll.registry import MODELS
from gallery.repositories import places
from gallery.schema import PlaceRow, Template

ALTERED = "CAST(substr({0}, 1, 40) || x'00ff00ff' || substr({0}, 45) AS BLOB)"
UNSURE = 25  # a likeness that somebody must look at
NAMES = {"E-1": 'Ada O\'Neil "Lovelace"', "E-2": "Bob", "E 3": "Cid"}


@pytest.fixture
def pipeline(fake):
    """The pipeline without models under the name of the one that ships, which doctor expects."""
    card = load_card(MODELS / "default")
    return fake.FakePipeline(fake.FakeEncoder(fake.card(card.id, card.finder)), card.finder)


@pytest.fixture
def planted(home, clock, pipeline, draw) -> Path:
    """Three people, one of whom has left, a mark, a review whose face is kept, and a camera with an address."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"guard_people": 0}) as app:
        for number, (ref, name) in enumerate(NAMES.items(), 1):
            app.enroll(draw(f"{number}.png", (number,)), name=name, external_id=ref)
        app.session_book.open(app.actor, "First lesson")
        list(app.check(draw("lesson.png", (1, 90), (2, UNSURE), seed=1), session="First lesson"))
        app.gallery.set_active("E 3", False, at=clock.utc(), by="test")
        with app.store.atomic() as step:
            places.insert(step, app.gallery.sealer, "door", "camera", at=clock.utc(), address="rtsp://u:p@cam/1")
    return home


def spoilt(*statements: str):
    """Change the file behind the program's back."""

    def plant(home: Path, _: Attendance) -> None:
        with raw(home) as run:
            for statement in statements:
                run(statement)

    return plant


def altered(table: str, column: str, where: str) -> str:
    return f"UPDATE {table} SET {column} = {ALTERED.format(column)} WHERE {where}"  # noqa: S608 - of this file alone


def resealed(_: Path, app: Attendance) -> None:
    """Put under the right seal what no encoder would make."""
    with app.store.atomic() as step:
        row = step.get(Template, 1)
        plain = np.ones(65, "<f4").tobytes()
        row.vector = app.gallery.sealer.seal(plain, person=1, pipeline_id=row.pipeline_id, purpose="vector")


DEFECTS = {
    "template": spoilt(altered("template", "vector", "id = 1")),
    "template cut": spoilt("UPDATE template SET vector = x'01' WHERE id = 1"),
    "templates of two": spoilt(altered("template", "vector", "id < 3")),
    "cut templates of two": spoilt("UPDATE template SET vector = x'01' WHERE id < 3"),
    "template of somebody else": spoilt("UPDATE template SET person_id = 2 WHERE id = 1"),
    "template of another pipeline": spoilt("UPDATE template SET pipeline_id = 'other' WHERE id = 1"),
    "template of no encoder": resealed,
    "template of who left": spoilt(altered("template", "vector", "id = 3")),
    "crop": spoilt(altered("crop", "picture", "template_id = 1")),
    "crop of who left": spoilt(altered("crop", "picture", "template_id = 3")),
    "template and crop": spoilt(altered("template", "vector", "id = 1"), altered("crop", "picture", "template_id < 3")),
    "no template": spoilt("DELETE FROM crop WHERE template_id = 2", "DELETE FROM template WHERE id = 2"),
    "face of a sighting": spoilt("UPDATE sighting_crop SET picture = CAST(picture || x'00' AS BLOB)"),
    "address of a place": spoilt("UPDATE place SET address = CAST(address || x'00' AS BLOB)"),
    "group of nobody": spoilt("INSERT INTO membership (person_id, group_id) VALUES (1, 9)"),
    "mark of another face": spoilt("UPDATE sighting SET person_id = 2 WHERE id = 1"),
    "mark without event": spoilt("DELETE FROM event WHERE action = 'mark.add'"),
    "half a file": lambda home, _: (home / ".attendance.db.0001.bak.abc.new").write_text("half"),
}


@pytest.mark.parametrize("photo", ["the same", "another"])
@pytest.mark.parametrize("defect", DEFECTS)
def test_what_is_named_repairs(planted, command, clock, pipeline, draw, defect, photo):
    """Each defect is found; the commands named for it, typed as they stand, leave none, and everybody is known."""
    with Attendance.open(planted, clock=clock, pipeline=pipeline) as app:
        DEFECTS[defect](planted, app)
    code, out, _ = command("gallery", "verify", "--json")
    told = [json.loads(line) for line in out.splitlines()]
    examined = [each for each in Doctor(planted, clock).examine(full=True) if each.check == "integrity"]
    assert [(each["problem"], each["repair"]) for each in told] == [(each.id, each.repair) for each in examined]
    assert code == 1

    pictures = {ref: draw(f"{n}.png", (n,), seed=0 if photo == "the same" else 7) for n, ref in enumerate(NAMES, 1)}
    for repair in dict.fromkeys(each["repair"] for each in told):
        for words in repaired_by(repair, pictures):
            assert 0 == command(*words)[0], words

    assert (0, "no problem found\n") == command("gallery", "verify")[::2]
    with Attendance.open(planted, clock=clock, pipeline=pipeline, read_only=True) as app:
        found = app.check(draw("after.png", (1, 90), (2, 90), (3, 90), seed=9), dry_run=True)
        assert [NAMES["E-1"], "Bob", None] == [each.person and each.person.name for each in found]


def repaired_by(repair: str, pictures: dict[str, Path]) -> list[list[str]]:
    """The words of each command of a repair, without the program's name; the photo is the person's."""
    commands = []
    for part in repair.split(" && "):
        program, *words = shlex.split(part)
        assert program == "attendance"
        if "--id" in words:
            words[words.index("PHOTO")] = str(pictures[words[words.index("--id") + 1]])
        commands.append(["no face of hers" if word == "REASON" else word for word in words])
    return commands


def test_an_address_that_went_is_told(planted, command, clock, pipeline):
    """The place whose address does not open stays, without it, and is named so that it can be given anew."""
    DEFECTS["address of a place"](planted, None)
    assert "address of place door, to be given anew afterwards" in command("gallery", "verify", "--json")[1]
    assert 0 == command("gallery", "verify", "--repair")[0]
    with Attendance.open(planted, clock=clock, pipeline=pipeline, read_only=True) as app, app.store.reading() as view:
        assert ("door", None) == (places.all_places(view)[0].name, view.get(PlaceRow, 1).address)


def test_checks_stop_until_it_is_repaired(planted, command, draw):
    """Nobody is marked with an altered template about, nor is a photo added: `--replace` alone goes past it."""
    DEFECTS["template"](planted, None)
    for words in (("check", draw("x.png", (2, 90))), ("enroll", draw("y.png", (2, 95)), "--name", "Bob")):
        code, out, err = command(*words)
        assert (3, True) == (code, "gallery.template_altered" in err)
        assert "present" not in out
