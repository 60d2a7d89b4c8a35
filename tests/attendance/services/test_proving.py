"""The proof of a day: everything that it rests on, nobody else, and a digest that anybody can compute again."""

import hashlib
import json
from datetime import UTC, date, datetime, time, timedelta

import pytest

from attendance.register.proofpage import sections, to_pdf, to_text
from attendance.register.reportform import Paper
from attendance.timetable.rule import Rule
from gallery.errors import PersonUnknown
from gallery.repositories import approvals, calendar, coverage, excuses, groups, months, rules

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
LESSON = Rule(time(8), time(8, 45), "UTC", MONDAY, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")


@pytest.fixture
def proofs(app, draw, clock):
    """Ada and Bob; both seen on Tuesday, Bob by mistake; Ada excused on Tuesday, which Bob's name is in."""
    app.enroll(draw("a.png", (1,)), name="Ada Lovelace", external_id="E-17", groups=["7b"])
    app.enroll(draw("b.png", (2,)), name="Bob Byron", external_id="E-18", groups=["7b"])
    with app.store.atomic() as transaction:
        entry = rules.insert(transaction, "Maths", at=clock.now)
        rules.add_version(
            transaction, entry, from_day=MONDAY, spec=LESSON.to_dict(), at=clock.now, by="head", reason="spring"
        )
        begins = datetime(2026, 3, 3, 8, tzinfo=UTC)
        ada = app.gallery.find("Ada Lovelace").id
        made = {"at": clock.now, "by": "office"}
        excuse = excuses.insert(
            transaction, ada, begins, begins + timedelta(minutes=10), reason="helps Bob Byron", awaits=True, **made
        )
        approvals.add(transaction, granted=True, at=clock.now, by="head", reason="fine", excuse=excuse.id)
        gone = excuses.insert(transaction, ada, begins, begins + timedelta(hours=9), reason="flu", **made)
        excuses.withdraw(transaction, gone.id, at=clock.now, by="office", reason="was there")
        begins -= timedelta(minutes=10)
        coverage.begin(
            transaction, "hand", "roll call", begins=begins, ends=begins + timedelta(hours=1), reason="list", **made
        )
        calendar.insert(transaction, "term", MONDAY, date(2026, 6, 1), name="Spring", source="by hand", **made)
        calendar.insert(transaction, "closed", date(2026, 3, 6), date(2026, 3, 6), name="Founders", source="x", **made)
    clock.forward(days=1, minutes=17)
    list(app.check(draw("Bob Byron at the door.png", (1, 80), (2, 80))))
    app.void("Bob Byron", reason="that was Ada Lovelace")
    return app.proofs


def test_digest_can_be_computed_again(app, proofs):
    """The file says what its digest is of, and any JSON library computes the same again."""
    text = proofs.of(app.actor, "E-17", TUESDAY).to_json()
    told = json.loads(text)
    again = json.dumps(told["proof"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert told["sha256"] == hashlib.sha256(again.encode()).hexdigest()
    inside = text[text.index('"proof":') + 8 : text.rindex(',"sha256":')]
    assert told["sha256"] == hashlib.sha256(inside.encode()).hexdigest(), "the very bytes between the two words"


def test_same_records_same_digest(app, proofs, clock):
    """The digest is of the records: made later, or by somebody else, it is the same; after a change it is another."""
    first = proofs.of(app.actor, "E-17", TUESDAY)
    clock.forward(days=9)
    assert first.sha256 == proofs.of(app.actor, "Ada Lovelace", TUESDAY).sha256
    app.void("Ada Lovelace", session="2026-03-03", reason="a mistake")
    assert first.sha256 != proofs.of(app.actor, "E-17", TUESDAY).sha256


def test_all_that_it_rests_on(app, proofs):
    """Status, mark with its numbers, rule version, excuses, who looked, calendar and month are all there."""
    document = proofs.of(app.actor, "E-17", TUESDAY).document
    (lesson,), (mark,) = document["occurrences"], document["marks"]
    assert ("Maths", "late", [mark["mark"]]) == (lesson["entry"], lesson["status"], lesson["marks"])
    assert (True, "face", None) == (mark["counts"], mark["method"], mark["direction"])
    seen = mark["seen"]
    assert (2, 0.003, "file") == (seen["gallery_size"], seen["target_fpir"], seen["means"])
    assert seen["score"] > seen["threshold"] > 0
    rule = lesson["rule"]
    assert (LESSON.digest, "2026-03-02", "head", "spring") == tuple(
        rule[key] for key in ("digest", "from_day", "by", "reason")
    )
    assert LESSON == Rule.from_dict(rule["spec"])
    assert "Mondays to Fridays 08:00-08:45" in rule["words"]
    assert [(True, True), (False, None)] == [
        (each["counts"], each["approval"] and each["approval"]["granted"]) for each in document["excuses"]
    ]
    assert "was there" == document["excuses"][1]["withdrawn"]["reason"]
    assert ["roll call"] == [each["source"] for each in document["coverage"] if each["kind"] == "hand"]
    assert ["Spring"] == [each["name"] for each in document["calendar"]]
    assert {"month": "2026-03", "closed": False} == document["month"]
    assert app.store.schema_version == document["program"]["database"]


def test_void_mark(app, proofs):
    """A void mark is there with who declared it void and why, and does not count."""
    document = proofs.of(app.actor, "Bob Byron", TUESDAY).document
    (mark,) = document["marks"]
    assert not mark["counts"]
    (void,) = mark["corrections"]
    assert ("void", app.actor.name, "that was another person") == (void["kind"], void["by"], void["reason"])
    assert "absent" == document["occurrences"][0]["status"]


@pytest.mark.parametrize(
    ("person", "other"), [("E-17", ("Bob", "Byron", "E-18")), ("E-18", ("Ada", "Lovelace", "E-17"))]
)
def test_nobody_else_is_named(app, proofs, person, other):
    """No other person's name or id is in any form: not as candidate, in a reason, or in a file's name."""
    made = proofs.of(app.actor, person, TUESDAY)
    for text in (made.to_json(), to_text(made)):
        for word in other:
            assert word not in text


def test_closed_day(app, proofs):
    """A closed day says why nothing takes place."""
    made = proofs.of(app.actor, "E-17", date(2026, 3, 6))
    assert ([], "Founders (x)") == (made.document["occurrences"], made.document["closed"])
    assert "The day is closed: Founders (x)." in to_text(made)


def test_day_closed_for_the_group(app, proofs, clock):
    """A day off of the person's group is told where nothing takes place, and none of another group."""
    with app.store.atomic() as transaction:
        rule = Rule(time(8), time(9), "UTC", MONDAY, "FREQ=WEEKLY;BYDAY=SA").to_dict()
        for group, day in (("7b", date(2026, 3, 14)), ("8a", date(2026, 3, 21))):
            number = groups.ensure(transaction, group)
            entry = rules.insert(transaction, f"Choir {group}", at=clock.now, group_id=number)
            rules.add_version(transaction, entry, from_day=MONDAY, spec=rule, at=clock.now, by="head")
            calendar.insert(
                transaction, "closed", day, day, name="Trip", source="x", group_id=number, at=clock.now, by="head"
            )
    assert "Trip (x)" == proofs.of(app.actor, "E-17", date(2026, 3, 14)).document["closed"]
    assert proofs.of(app.actor, "E-17", date(2026, 3, 21)).document["closed"] is None


def test_closed_month(app, proofs, clock):
    """Of a closed month it is told when and by whom, with the digest of its statuses; and if it was opened again."""
    for closed, word in ((True, "is closed"), (False, "was opened again")):
        with app.store.atomic() as transaction:
            digest = "ab" * 32 if closed else None
            months.add(transaction, "2026-03", closed=closed, at=clock.now, by="head", reason="pay", digest=digest)
        made = proofs.of(app.actor, "E-17", TUESDAY)
        assert (closed, digest, "head") == tuple(made.document["month"][key] for key in ("closed", "digest", "by"))
        assert f"2026-03 {word} since" in to_text(made)


def test_groups_of_that_day(app, proofs):
    """The groups are those that the person was in on that day, whatever came later."""
    with app.store.atomic() as transaction:
        ada, at = app.gallery.find("E-17").id, app.clock.utc()
        groups.set_member(transaction, ada, ["8a"], day=date(2026, 3, 5), at=at, by="head")
    assert ["7b"] == proofs.of(app.actor, "E-17", TUESDAY).document["groups"]
    assert ["8a"] == proofs.of(app.actor, "E-17", date(2026, 3, 5)).document["groups"]


def test_mark_of_a_day_without_lessons(app, proofs, clock, draw):
    """A mark that counts for nothing is there all the same."""
    clock.forward(days=4)
    list(app.check(draw("saturday.png", (1, 80))))
    document = proofs.of(app.actor, "E-17", clock.now.date()).document
    assert [False] == [each["counts"] for each in document["marks"]]


def test_page_says_what_the_document_says(app, proofs):
    """For people each part of the document is there in words, and the digest."""
    made = proofs.of(app.actor, "E-17", TUESDAY)
    text = to_text(made)
    assert text.startswith("attendance report of ")
    for part in (
        *("Proof of a day: Ada Lovelace (E-17), 2026-03-03", "LATE", "arrived 08:15:11", "counts"),
        *("2026-03-03 08:00:00 to 2026-03-03 08:10:00", "approved", "withdrawn", "was there", "roll call", "In term"),
        *("2026-03 has not been closed", LESSON.digest, made.sha256, "among 2 people", "another person"),
    ):
        assert part in text
    assert all(sentences for _, sentences in sections(made.document))


@pytest.mark.parametrize("paper", list(Paper))
def test_printed(app, proofs, paper):
    """As a page it has the digest as text, and the same bytes each time."""
    pypdf = pytest.importorskip("pypdf", reason="reading pages back needs pypdf")
    import io

    made = proofs.of(app.actor, "E-17", TUESDAY)
    data = to_pdf(made, paper)
    assert data == to_pdf(made, paper)
    assert made.sha256 in "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def test_unknown(app, proofs):
    """Nobody's day is no proof."""
    with pytest.raises(PersonUnknown):
        proofs.of(app.actor, "nobody", TUESDAY)


def test_without_a_timetable(app, draw):
    """Without a timetable the marks of the day are proven all the same."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    list(app.check(draw("monday.png", (1, 80))))
    document = app.proofs.of(app.actor, "Ada", MONDAY).document
    assert ([], 1) == (document["occurrences"], len(document["marks"]))
