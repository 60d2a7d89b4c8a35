"""Homes that earlier versions left: brought up to date, they tell what the program of then told, and lose nothing."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gallery import Gallery, Store
from gallery.backup import erased
from gallery.repositories import (
    calendar,
    chain,
    corrections,
    events,
    excuses,
    groups,
    marks,
    months,
    places,
    rules,
    sightings,
)
from gallery.schema import REVISIONS, EventRow
from gallery.vault.filevault import FileVault

HOMES = Path(__file__).with_name("homes")
KEPT = ("0001", "0002", "0003", "0004", "0005")
SPAN = ("--from", "2026-03-01", "--to", "2026-03-31")
BY_SESSIONS = dict.fromkeys(("0003", "0004", "0005"), ("--by", "sessions"))
"""What a report of sessions must be asked with, where there is a timetable."""
AT = datetime(2026, 6, 1, tzinfo=UTC)
ENCODER = "default-2026.5"
SERVICE = ("secret", "account", "account_group", "sign_in", "token", "credential", "attempt", "answer", "receiver",
           "news", "delivery", "watch", "job")  # fmt: skip
PRIVACY = ("consent", "consent_form", "consent_text", "hold", "erasure", "backup", "second_factor")


def _copied(revision: str, tmp_path: Path) -> Path:
    """A copy of the home of a schema, as the program of then left it."""
    home = Path(shutil.copytree(HOMES / revision / "home", tmp_path / "home"))
    (home / "key").chmod(0o600)  # Git keeps no such modes
    return home


@pytest.fixture
def old(tmp_path) -> Path:
    """A copy of the home of schema 0001."""
    return _copied("0001", tmp_path)


@pytest.fixture
def command(tmp_path, capsys):
    """What a command tells of the home, on standard output."""
    from attendance.cli import run

    def call(*arguments: str) -> str:
        assert 0 == run([*arguments, "--home", str(tmp_path / "home")])
        return capsys.readouterr().out

    return call


def _told(revision: str, name: str) -> str:
    return (HOMES / revision / name).read_text(encoding="utf-8")


def _rows(home: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(home / "attendance.db")) as raw:
        return raw.execute(query).fetchall()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_every_earlier_schema_has_its_home(revision):
    """Of each schema that this version brings up to date there is a home that a program of then left."""
    assert (HOMES / revision / "home" / "attendance.db").is_file()


@pytest.mark.parametrize("revision", KEPT)
def test_the_report_is_the_same_to_the_byte(tmp_path, command, revision):
    """Who was there, when, how, and which mark was void: the report of all days is that of then."""
    asked = (*SPAN, *BY_SESSIONS.get(revision, ()))
    Store.open(_copied(revision, tmp_path), at=AT).close()

    assert _told(revision, "report.csv") == command("report", *asked, "--format", "csv")
    ours, then = command("report", *asked, "--json"), _told(revision, "report.json")
    assert _without_at(then) == _without_at(ours)


def _without_at(document: str) -> str:
    """The document without the instant at which it was made."""
    return re.sub(r'(?m)^(\{"schema": 1,)? "at": "[^"]*",', r"\1", document)


@pytest.mark.parametrize("revision", ["0003", "0004", "0005"])
@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("statuses.csv", ("report", *SPAN, "--by", "timetable", "--why-excused", "--format", "csv")),
        ("statuses.json", ("report", *SPAN, "--by", "timetable", "--why-excused", "--json")),
        ("totals.csv", ("report", *SPAN, "--by", "timetable", "--totals", "--format", "csv")),
        ("timetable.json", ("timetable", "list", "--all", "--json")),
        ("calendar.json", ("calendar", "list", "--all", "--json")),
        ("excuses.json", ("excuse", "list", "--all", "--json")),
        ("coverage.json", ("coverage", "list", *SPAN, "--json")),
        ("months.json", ("month", "list", "--json")),
        ("month.json", ("month", "verify", "2026-03", "--json")),
    ],
)
def test_what_was_decided_is_the_same(tmp_path, command, file, asked, revision):
    """Statuses, totals, timetable, calendar, excuses, coverage and closed months are told as they were, to the byte."""
    Store.open(_copied(revision, tmp_path), at=AT).close()

    assert _without_at(_told(revision, file)) == _without_at(command(*asked))


def test_a_home_of_before_has_nothing_of_the_service(tmp_path):
    """Brought up to date, nobody may sign in, nobody is told anything, and nobody has another way in than the face."""
    home = _copied("0003", tmp_path)
    Store.open(home, at=AT).close()

    assert [(name, 0) for name in SERVICE] == [
        (name, _rows(home, f"SELECT count(*) FROM {name}")[0][0])  # noqa: S608
        for name in SERVICE
    ]


@pytest.mark.parametrize(("revision", "kept"), [("0004", SERVICE), ("0005", SERVICE + PRIVACY)])
def test_the_service_goes_on(tmp_path, revision, kept):
    """Brought up to date, everything that the service and its officer kept is there: no row of it is lost."""
    home = _copied(revision, tmp_path)
    before = [_rows(home, f"SELECT count(*) FROM {name}") for name in kept]  # noqa: S608
    Store.open(home, at=AT).close()

    assert all(count > 0 for ((count,),) in before)
    assert before == [_rows(home, f"SELECT count(*) FROM {name}") for name in kept]  # noqa: S608


@pytest.mark.parametrize("revision", ["0004", "0005"])
@pytest.mark.parametrize("asked", ["account", "token", "credential", "receiver", "job"])
def test_the_service_tells_the_same(tmp_path, command, asked, revision):
    """Accounts, tokens, other ways than the face, receivers and long work are told as they were then."""
    Store.open(_copied(revision, tmp_path), at=AT).close()
    then, ours = (
        [json.loads(line) for line in text.splitlines()]
        for text in (_told(revision, f"{asked}s.json"), command(asked, "list", "--json"))
    )

    assert then == [{key: each[key] for key in then[0]} for each in ours]


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("consent.json", ("consent", "list", "--json")),
        ("texts.json", ("consent", "texts", "--json")),
        ("holds.json", ("hold", "list", "--all", "--json")),
        ("backups.json", ("backups", "list", "--json")),
        ("audit.json", ("audit", "verify", "--json")),
    ],
)
def test_what_an_officer_asks_for_is_the_same(tmp_path, command, file, asked):
    """Who agreed to what, by which text, holds, backups and the proof of the log are told as they were then."""
    Store.open(_copied("0005", tmp_path), at=AT).close()
    then, ours = ([json.loads(line) for line in text.splitlines()] for text in (_told("0005", file), command(*asked)))
    for each in then:
        each.pop("templates", None)  # of the encoder in force: a newer one has none before the first check

    assert then == [{key: each[key] for key in then[0]} for each in ours]


def test_who_was_erased_stays_erased(tmp_path):
    """The list of erasures beside the home is proved by the key as before, and tells what the table tells."""
    with Store.open(_copied("0005", tmp_path), at=AT) as store, store.reading() as view:
        keys = erased.proving(view, FileVault(store).unlock())
        listed = erased.read(store.home / erased.NAME, store.meta("home_id"), keys)

        assert {"face", "photo", "unknown", "person"} == {each.erasure.what for each in listed}
        assert listed == erased.union(erased.told(view))


@pytest.mark.parametrize(
    ("revision", "names"),
    [("0001", []), ("0004", ["North"]), ("0005", ["Branch office", "North", "Süd", "West"])],
)
def test_sites_that_were_named_are_known(tmp_path, revision, names):
    """Each site that a place, a day of the calendar or a rule names becomes a known one in use, and nobody's."""
    home = _copied(revision, tmp_path)
    Store.open(home, at=AT).close()

    assert [(name, 1) for name in names] == _rows(home, "SELECT name, active FROM site ORDER BY name")
    assert [] == _rows(home, "SELECT * FROM person_site")


@pytest.mark.parametrize("revision", KEPT[:4])
def test_the_log_of_before_is_vouched_for(tmp_path, revision):
    """The first new entry of the log follows one that tells how many there were before, and their SHA-256."""
    home = _copied(revision, tmp_path)
    before = _rows(home, "SELECT count(*), max(seq) FROM event")
    with Store.open(home, at=AT) as store:
        Gallery(store, ENCODER).rename("E-1", "Ada King", at=AT, by="t")
        with store.reading() as view:
            old = list(chain.stored(view, chain.columns().where(EventRow.link.is_(None)).order_by(EventRow.seq)))
            begun, renamed = events.history(view)[len(old) :]
            digest = chain.digest(old)

    assert before == [(len(old), old[-1].seq)]
    assert ("audit.begin", {"entries": len(old), "sha256": digest}) == (begun.action, begun.details)
    assert "person.rename" == renamed.action


@pytest.mark.parametrize(
    "file", sorted(HOMES.glob("*/session *.json")), ids=lambda file: f"{file.parent.name} {file.stem}"
)
def test_what_marks_rest_on_is_the_same(tmp_path, command, file):
    """Every mark is shown with the evidence of then, void or not, with the candidates' names, in the same order."""
    Store.open(_copied(file.parent.name, tmp_path), at=AT).close()
    name = file.stem.removeprefix("session ")

    assert file.read_text(encoding="utf-8") == command("session", "show", name, "--json", "--evidence")


@pytest.mark.parametrize(
    ("revision", "pipeline", "crop"),
    [
        ("0001", ENCODER, (112, "aligned")),
        ("0002", f"yunet-2026.1+landmarks-2026.4+{ENCODER}", (168, "chip")),
        ("0003", f"yunet-2026.1+landmarks-2026.4+{ENCODER}", (168, "chip")),
        ("0004", f"yunet-2026.1+landmarks-2026.4+{ENCODER}", (168, "chip")),
        ("0005", f"yunet-2026.1+landmarks-2026.4+{ENCODER}", (168, "chip")),
    ],
)
def test_people_are_the_same(tmp_path, revision, pipeline, crop):
    """Ids, names, groups, who is active and how many templates everybody has are those of then; all of it is sound."""
    with Store.open(_copied(revision, tmp_path), at=AT) as store:
        gallery = Gallery(store, pipeline)
        people = [
            {
                "id": p.external_id,
                "name": p.name,
                "groups": list(p.groups),
                "templates": p.templates,
                "active": p.active,
            }
            for p in gallery.people(active=None)
        ]
        then = [json.loads(line) for line in _told(revision, "people.json").splitlines()]

        assert [{key: each[key] for key in people[0]} for each in then] == people
        found = {(each.id, each.where) for each in gallery.verify()}
        assert {
            ("gallery.no_template", f"{p['id']} cannot be recognised") for p in people if not p["templates"]
        } == found
        assert () == gallery.load(active=None).altered
        assert {crop} == {_size(each) for each in gallery.crops(pipeline)}


def _size(crop) -> tuple[int, str]:
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(crop.picture)) as picture:
        return picture.width, crop.form


@pytest.mark.parametrize("revision", ["0002", "0003", "0004", "0005"])
@pytest.mark.parametrize(("asked", "file"), [("place", "places.json"), ("review", "reviews.json")])
def test_places_and_reviews_are_the_same(tmp_path, command, asked, file, revision):
    """Every place with its sealed address, in use or not, and every review that waits is told as it was then."""
    Store.open(_copied(revision, tmp_path), at=AT).close()
    then, ours = (
        [json.loads(line) for line in text.splitlines()]
        for text in (_told(revision, file), command(asked, "list", "--json"))
    )

    assert then == [{key: each[key] for key in then[0]} for each in ours]


def test_nothing_is_said_that_nobody_said(tmp_path):
    """Brought up to date, a home has no turns of membership, no direction and nothing decided: all is as it was."""
    with Store.open(_copied("0002", tmp_path), at=AT) as store, store.reading() as view:
        assert ([], [], [], [], {}) == (
            groups.turns(view),
            rules.all_rules(view),
            calendar.entries(view, withdrawn=True),
            excuses.of(view, withdrawn=True),
            months.states(view),
        )
        assert {None} == {each.direction for each in places.all_places(view)}
        assert {"choir": 3, "first": 2, "twins": 1} == groups.sizes(view)


def test_every_mark_has_its_records(old):
    """Marks by face rest on a sighting of their person, those by hand on none; what was void is so by a correction."""
    before = _rows(old, "SELECT id, person_id, how, voided_at IS NOT NULL FROM mark ORDER BY id")
    with Store.open(old, at=AT) as store, store.reading() as view:
        sessions = [row[0] for row in _rows(old, "SELECT id FROM session")]
        found = sorted((mark for each in sessions for mark in marks.of_session(view, each)), key=lambda mark: mark.id)
        seen = sightings.numbered(view, [mark.sighting for mark in found if mark.sighting is not None])
        told = {mark.id: corrections.of_mark(view, mark.id) for mark in found}

    assert before == [(m.id, m.person, m.means or m.method, int(m.voided is not None)) for m in found]
    assert [m.person for m in found if m.sighting] == [seen[m.sighting].person for m in found if m.sighting]
    assert {"present"} == {each.ruling for each in seen.values()}
    assert all([said.kind for said in told[m.id]] == (["void"] if m.voided else []) for m in found)
    assert {("warden", 1)} == {(mark.by, mark.ordinal) for mark in found}


def test_who_is_removed_afterwards_leaves_no_byte(old):
    """Names that the evidence of others held before the upgrade are gone with the person, but for the dated copy."""
    needles = [b"Ada Lovelace", b'E-1"']
    before = (old / "attendance.db").read_bytes()
    with Store.open(old, at=AT) as store:
        removed = Gallery(store, ENCODER).remove("E-1", at=AT, by="t")
    files = [path for path in old.iterdir() if path.suffix != ".bak"]

    assert all(needle in before for needle in needles)
    assert removed.erased
    assert [] == [(path.name, needle) for path in files for needle in needles if needle in path.read_bytes()]


def test_ids_go_on(old):
    """After the upgrade no template gets the number of one that was removed before it."""
    (highest,) = _rows(old, "SELECT seq FROM sqlite_sequence WHERE name = 'template'")
    Store.open(old, at=AT).close()

    assert [highest] == _rows(old, "SELECT seq FROM sqlite_sequence WHERE name = 'template'")
    assert highest > _rows(old, "SELECT max(id) FROM template")[0], "the newest template was removed"


@pytest.mark.parametrize(
    ("candidate", "key"),
    [
        ({"id": "E-2", "name": "whoever"}, 2),
        ({"id": None, "name": "Cid"}, 3),
        ({"name": "Cid"}, 3),
        ({"id": "E-99", "name": "Cid"}, None),
        ({"id": None, "name": "nobody"}, None),
    ],
)
def test_candidates_become_keys(old, candidate, key):
    """Somebody in an old mark's candidates is found by id, else by name; who is not enrolled any more is nobody."""
    (mark,) = _rows(old, "SELECT id FROM mark WHERE how = 'camera' ORDER BY id LIMIT 1")
    evidence = json.dumps({"candidates": [{**candidate, "score": 0.5, "cosine": 0.25}]})
    with closing(sqlite3.connect(old / "attendance.db")) as raw, raw:
        raw.execute("UPDATE mark SET evidence = ? WHERE id = ?", (evidence, *mark))
    with Store.open(old, at=AT) as store, store.reading() as view:
        found = sightings.by_id(view, marks.by_id(view, *mark).sighting)

    assert [(key, 0.5, 0.25)] == list(found.candidates)
    assert (None, "", {}) == (found.threshold, found.source, found.quality)


def test_what_no_column_takes_is_kept(old):
    """What the evidence of an old mark told beyond what sightings hold stays with the mark."""
    (mark,) = _rows(old, "SELECT id FROM mark WHERE how = 'file' ORDER BY id LIMIT 1")
    with closing(sqlite3.connect(old / "attendance.db")) as raw, raw:
        raw.execute("UPDATE mark SET evidence = json_set(evidence, '$.door', 'left') WHERE id = ?", mark)
    with Store.open(old, at=AT) as store, store.reading() as view:
        assert {"door": "left"} == marks.by_id(view, *mark).details


def test_many_marks_move_in_batches(old):
    """More marks than one batch holds, many of one instant: each is there once, with its own sighting."""
    many = 1203
    with closing(sqlite3.connect(old / "attendance.db")) as raw, raw:
        (person,) = raw.execute("SELECT max(id) FROM person").fetchone()
        session = (
            "INSERT INTO session (name, kind, opens, zone) VALUES (?, 'named', '2026-04-01 07:00:00.000000', 'UTC')"
        )
        numbers = [raw.execute(session, (f"s{n}",)).lastrowid for n in range(many)]
        old_marks = [
            (f"{n:032x}", person, n, f"2026-04-01 07:00:{n % 7:02d}.000000", '{"score": 0.5}') for n in numbers
        ]
        raw.executemany(
            "INSERT INTO mark (id, person_id, session_id, at, how, evidence) VALUES (?, ?, ?, ?, 'camera', ?)",
            old_marks,
        )
    with Store.open(old, at=AT) as store, store.reading() as view:
        found = [marks.of_session(view, number) for number in numbers]
        seen = {each.sighting for (each,) in found}

    assert [f"{n:032x}" for n in numbers] == [mark.id for (mark,) in found]
    assert many == len(seen)
