"""Whatever happens in whatever order: the records tell what a list by hand tells, and who is removed leaves no byte."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from servers import contents

from gallery import Gallery, open_database, record
from gallery.repositories import aliases, approvals, corrections, excuses, marks, sessions, sightings
from gallery.repositories.events import (
    APPROVED,
    EXCUSE_ADDED,
    EXCUSE_WITHDRAWN,
    MARK_ADDED,
    REFUSED,
    excuse_subject,
)
from gallery.values import ScoredKey, Sighting

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
PICK = st.integers(0, 99)


@dataclass(frozen=True)
class Kept:
    """What the list by hand says of a mark."""

    person: int
    session: int
    at: datetime
    void: bool = False


@dataclass(frozen=True)
class Excused:
    """What the list by hand says of an excuse."""

    person: int
    awaits: bool
    granted: bool | None = None
    withdrawn: bool = False

    @property
    def counts(self) -> bool:
        return not self.withdrawn and (bool(self.granted) or not self.awaits)


class Records(RuleBasedStateMachine):
    """Two sessions and a few people; `who` follows the keys of people who were merged."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.store = open_database(home)
        self.gallery = Gallery(self.store, "e")
        self.now = BEGIN
        self.names: dict[int, str] = {}
        self.who: dict[int, int] = {}
        self.marks: dict[str, Kept] = {}
        self.excuses: dict[int, Excused] = {}
        self.waiting: dict[int, int] = {}
        self.faces: dict[int, datetime] = {}
        self.compared: dict[int, list[int]] = {}
        self.called: dict[int, set[str]] = {}
        self.gone: list[bytes] = []
        self.looked = 0
        self.swept = False
        with self.store.atomic() as step:
            self.sessions = [sessions.insert(step, name, "UTC", BEGIN).id for name in ("a", "b")]

    def teardown(self) -> None:
        self.store.close()

    def _one(self, pick: int) -> int:
        return sorted(self.names)[pick % len(self.names)]

    def _mark(self, step, person: int, session: int, **more) -> None:
        made = marks.add(step, person, session, at=self.now, entered=self.now, by="t", **more)
        theirs = [each for each in self.marks.values() if (each.person, each.session) == (person, session)]
        in_the_way = [each for each in theirs if more.get("unless", "any") == "any" or not each.void]
        assert (made is None) == bool(in_the_way)
        if made is not None:
            record(step, at=self.now, by="t", action=MARK_ADDED, subject=made.id)
            self.marks[made.id] = Kept(person, session, self.now)

    @rule()
    def a_moment_passes(self) -> None:
        self.now += timedelta(days=4)

    @precondition(lambda self: len(self.names) < 5)
    @rule()
    def enrol(self) -> None:
        name = f"person-{len(self.who)}-unmistakable-{self.store.home.name}"
        vector = np.eye(16, dtype=np.float32)[len(self.who) % 16]
        person = self.gallery.enroll(
            name,
            vector,
            0.1,
            quality={},
            source=f"{name}.jpg",
            source_sha256=name,
            at=self.now,
            by="t",
            crop=b"crop",
            external_id=f"ref-{name}",
        ).person
        self.names[person.id] = name
        self.called[person.id] = {name, f"ref-{name}"}
        self.who[person.id] = person.id

    @precondition(lambda self: self.names)
    @rule(pick=PICK, session=st.integers(0, 1), others=st.lists(PICK, max_size=3), review=st.booleans())
    def see(self, pick, session, others, review) -> None:
        person, place = self._one(pick), self.sessions[session]
        keys = [self._one(each) for each in others]
        seen = Sighting(self.now, "camera", "door", "review" if review else "present", "e", place, person)
        seen = replace(seen, candidates=tuple(ScoredKey(key, 0.5, 0.5) for key in keys))
        with self.store.atomic() as step:
            (number,) = sightings.add(step, [seen])
            self.compared[number] = keys
            if review:
                sightings.keep_crops(step, self.gallery.sealer, {number: b"a face"})
                self.waiting[number] = person
                self.faces[number] = self.now
            else:
                self._mark(step, person, place, method="face", sighting=number)

    @precondition(lambda self: self.names)
    @rule(pick=PICK, session=st.integers(0, 1))
    def by_hand(self, pick, session) -> None:
        with self.store.atomic() as step:
            self._mark(step, self._one(pick), self.sessions[session], method="manual", unless="valid")

    @precondition(lambda self: self.marks)
    @rule(pick=PICK)
    def void_or_restore(self, pick) -> None:
        mark = sorted(self.marks)[pick % len(self.marks)]
        kept = self.marks[mark]
        kind = "restore" if kept.void else "void"
        with self.store.atomic() as step:
            corrections.add(step, kind, mark=mark, at=self.now, by="t", reason="r")
            record(step, at=self.now, by="t", action=f"mark.{kind}", subject=mark)
        self.marks[mark] = replace(kept, void=not kept.void)

    @precondition(lambda self: self.names)
    @rule(pick=PICK, awaits=st.booleans())
    def excuse(self, pick, awaits) -> None:
        person, who = self._one(pick), {"at": self.now, "by": "t"}
        why = f"{self.names[person]} is ill"
        with self.store.atomic() as step:
            made = excuses.insert(step, person, self.now, self.now + timedelta(1), reason=why, awaits=awaits, **who)
            record(step, action=EXCUSE_ADDED, subject=made.id, details={"person": person}, **who)
        self.excuses[made.id] = Excused(person, awaits)

    @precondition(lambda self: any(each.awaits and each.granted is None for each in self.excuses.values()))
    @rule(pick=PICK, granted=st.booleans())
    def approve(self, pick, granted) -> None:
        waiting = sorted(number for number, each in self.excuses.items() if each.awaits and each.granted is None)
        number, who = waiting[pick % len(waiting)], {"at": self.now, "by": "o"}
        with self.store.atomic() as step:
            approvals.add(step, granted=granted, reason="", excuse=number, **who)
            record(step, action=APPROVED if granted else REFUSED, subject=excuse_subject(number), **who)
        self.excuses[number] = replace(self.excuses[number], granted=granted)

    @precondition(lambda self: not all(each.withdrawn for each in self.excuses.values()))
    @rule(pick=PICK)
    def take_back(self, pick) -> None:
        left = sorted(number for number, each in self.excuses.items() if not each.withdrawn)
        number, who = left[pick % len(left)], {"at": self.now, "by": "o"}
        with self.store.atomic() as step:
            excuses.withdraw(step, number, reason="", **who)
            record(step, action=EXCUSE_WITHDRAWN, subject=number, **who)
        self.excuses[number] = replace(self.excuses[number], withdrawn=True)

    @precondition(lambda self: self.waiting)
    @rule(pick=PICK, other=PICK, kind=st.sampled_from(["confirm", "dismiss", "reassign"]))
    def look(self, pick, other, kind) -> None:
        number = sorted(self.waiting)[pick % len(self.waiting)]
        with self.store.atomic() as step:
            person = self._one(other) if kind == "reassign" else None
            corrections.add(step, kind, sighting=number, person=person, at=self.now, by="t", reason="r")
            record(step, at=self.now, by="t", action=f"sighting.{kind}", subject=number)
            if kind != "dismiss":
                whose = person or self.waiting[number]
                self._mark(step, whose, self.sessions[0], method="face", sighting=number, unless="valid")
        del self.waiting[number]

    @rule()
    def purge(self) -> None:
        with self.store.atomic() as step:
            sightings.purge_crops(step, self.now, review_days=9, unknown_days=0)
        self.swept = True
        self.faces = {
            number: at
            for number, at in self.faces.items()
            if number in self.waiting and self.now - at < timedelta(days=9)
        }

    @precondition(lambda self: self.names)
    @rule(pick=PICK)
    def rename(self, pick) -> None:
        person = self._one(pick)
        self.names[person] = f"again-{self.now:%j}-{self.names[person]}"[:200]
        self.called[person].add(self.names[person])
        self.gallery.rename(person, self.names[person], at=self.now, by="t")

    @precondition(lambda self: len(self.names) > 1)
    @rule(pick=PICK, other=PICK)
    def merge(self, pick, other) -> None:
        gone, heir = self._one(pick), self._one(other)
        if gone == heir:
            return
        self.gallery.merge(gone, heir, at=self.now, by="t")
        self.swept = True
        del self.names[gone]
        self.called[heir] |= self.called.pop(gone)
        self.who = {key: heir if now == gone else now for key, now in self.who.items()}
        self.marks = {
            mark: replace(kept, person=heir) if kept.person == gone else kept for mark, kept in self.marks.items()
        }
        self.excuses = {
            number: replace(each, person=heir) if each.person == gone else each for number, each in self.excuses.items()
        }
        self.waiting = {number: heir if who == gone else who for number, who in self.waiting.items()}

    @precondition(lambda self: self.names)
    @rule(pick=PICK)
    def remove(self, pick) -> None:
        gone = self._one(pick)
        with self.store.reading() as view:
            own = {number for number, seen in sightings.numbered(view, self.compared).items() if seen.person == gone}
        self.gallery.remove(gone, at=self.now, by="t")
        self.swept = True
        del self.names[gone]
        self.gone += [name.encode() for name in self.called.pop(gone)]
        self.marks = {mark: kept for mark, kept in self.marks.items() if kept.person != gone}
        self.excuses = {number: each for number, each in self.excuses.items() if each.person != gone}
        for kept in (self.waiting, self.faces, self.compared):
            for number in own & set(kept):
                del kept[number]

    @invariant()
    def marks_are_those_of_the_list(self) -> None:
        with self.store.reading() as view:
            found = [mark for session in self.sessions for mark in marks.of_session(view, session)]
            assert self.marks == {
                mark.id: Kept(mark.person, mark.session, mark.at, mark.voided is not None) for mark in found
            }
            assert len(found) == len({(mark.person, mark.session, mark.ordinal) for mark in found})
        counted = {(kept.person, kept.session) for kept in self.marks.values() if not kept.void}
        assert len(counted) == self.gallery.stats().marks

    @invariant()
    def excuses_are_those_of_the_list(self) -> None:
        with self.store.reading() as view:
            found = {each.id: each for each in excuses.of(view, withdrawn=True)}
            held, waiting = excuses.of(view), approvals.waiting_excuses(view)
        assert {number: (each.person, each.counts) for number, each in self.excuses.items()} == {
            number: (each.person, each.counts) for number, each in found.items()
        }
        there = {number: each for number, each in self.excuses.items() if not each.withdrawn}
        assert sorted(there) == sorted(each.id for each in held)
        pending = [number for number, each in sorted(there.items()) if each.awaits and each.granted is None]
        assert pending == [each.id for each in waiting]

    @invariant()
    def reviews_and_faces_are_those_of_the_list(self) -> None:
        with self.store.reading() as view:
            assert self.waiting == {seen.id: seen.person for seen in sightings.waiting(view)}
            assert sorted(self.faces) == sightings.crop_ids(view)

    @invariant()
    def keys_are_called_as_people_are_called_now(self) -> None:
        with self.store.reading() as view:
            found = aliases.called(view, self.who)
            seen = sightings.numbered(view, self.compared)
        assert {key: self.names[now] for key, now in self.who.items() if now in self.names} == {
            key: each.name for key, each in found.items()
        }
        assert self.compared == {number: [each.key for each in one.candidates] for number, one in seen.items()}

    @invariant()
    def all_is_sound_and_nobody_gone_is_left(self) -> None:
        """After whatever takes something away, and each fifth time, the last among them.

        It takes as long as all others together.
        """
        self.looked += 1
        if self.looked % 5 != 1 and not self.swept:
            return
        self.swept = False
        assert [] == [each for each in self.gallery.verify() if each.id != "gallery.no_template"]
        files = b"".join(contents(self.store.home).values())
        assert [] == [each for each in self.gone if each in files]


def test_the_records_tell_what_happened(homes):
    """Sightings, marks, corrections, merges, removals, purges in any order: the answers are those of a naive list."""
    examples = 12 if homes.server is None else 8
    run_state_machine_as_test(
        lambda: Records(homes.new(filled=True)),
        settings=settings(max_examples=examples, stateful_step_count=25, deadline=None, print_blob=False),
    )
