"""Transactions: one view while reading, whatever others write; what is nested shares it."""
# ruff: noqa: PT012  what is refused is a step of several statements

import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, update

from gallery import Database, Gallery, PersonUnknown, open_database
from gallery.repositories import changes
from gallery.schema import METADATA, Person
from gallery.transactions import REKEYING


def test_nested_reading_shares_the_view(home, store, gallery, now):
    """What another program removes while somebody is reading stays in view until the outermost `reading()` is left."""
    ada = gallery.add_person("Ada", at=now, by="t")
    with open_database(home, busy_timeout_s=0.1) as other, store.reading() as outer:
        before = store.generation()
        Gallery(other, "e").remove(ada.id, at=now, by="t")
        with store.reading() as inner:
            assert inner is outer
            assert (before, "Ada") == (store.generation(), gallery.find(ada.id).name)
        assert before == store.generation()

    assert before < store.generation()
    with pytest.raises(PersonUnknown):
        gallery.find(ada.id)


def test_nested_reading_takes_no_connection_of_its_own(store, listen):
    """However deep `reading()` is nested, one transaction is begun."""
    begun = []
    listen("begin", begun.append)
    with store.reading(), store.reading(), store.reading():
        store.generation()
        store.meta("home_id")

    assert 1 == len(begun)


def test_the_generation_of_a_view_is_read_once(store, statements):
    """Within `reading()` the generation costs one statement; within `atomic()` it is what was just written."""
    with store.reading():
        assert {0} == {store.generation() for _ in range(3)}
    assert 1 == sum("FROM meta" in statement for statement in statements)

    with store.atomic() as session:
        seen = [store.generation()]
        store.bump(session)
        seen.append(store.generation())
    assert [0, 1] == seen


def test_reading_that_fails_leaves_the_next_one_fresh(home, store):
    """After an exception inside nested reading the thread is in no view any more."""
    with pytest.raises(ZeroDivisionError), store.reading(), store.reading():
        store.meta("fact")
        _ = 1 / 0
    with open_database(home) as other:
        other.set_meta("fact", "new")

    assert "new" == store.meta("fact")


def test_each_thread_has_its_own_view(store):
    """A view is the thread's own: another thread of the same store sees what was written since."""
    seen = []
    with store.reading():
        before = store.meta("fact")
        threads = [
            threading.Thread(target=store.set_meta, args=("fact", "new")),
            threading.Thread(target=lambda: seen.append(store.meta("fact"))),
        ]
        for thread in threads:
            thread.start()
            thread.join()
        seen += [before, store.meta("fact")]

    assert ["new", None, None] == seen


def test_views_are_whole_while_others_write(home, store, gallery, now):
    """While another program adds and removes people, no view ever holds a part of one of its changes."""
    stop = threading.Event()

    def write() -> None:
        with open_database(home, busy_timeout_s=30) as other:
            busy = Gallery(other, "e")
            while not stop.is_set():
                with other.atomic():  # always two more or two fewer, in one step
                    pair = [busy.add_person(name, at=now, by="t").id for name in "ab"]
                with other.atomic():
                    for person in pair:
                        busy.remove(person, at=now, by="t")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        views = []
        while len(views) < 60:
            with store.reading():
                views.append({(store.generation(), len(gallery.people()), len(gallery.people())) for _ in range(3)})
    finally:
        stop.set()
        writer.join()

    assert all(len(view) == 1 for view in views)
    assert {0, 2} >= {count for view in views for _, *counts in view for count in counts}


# What is written once


ONCE = ("approval", "calendar_entry", "consent", "consent_text", "correction", "event", "excuse", "mark",
        "membership_change", "month", "rule_version", "sighting", "withdrawal")  # fmt: skip
FOLLOW = ("consent", "correction", "excuse", "mark", "membership_change", "sighting")
"""Those that may follow a person into another, as who was merged is named as that one from then on."""


@pytest.mark.parametrize("name", ONCE)
def test_records_and_decisions_are_written_once(store, name):
    """Neither changed nor deleted, by whatever statement; a merge alone names another person, where there is one."""
    table = METADATA.tables[name]
    column = table.primary_key.columns[0]
    for statement in (update(table).values({column.name: column}), delete(table)):
        with pytest.raises(RuntimeError, match=f"the {name} table is append-only"), store.atomic() as step:
            step.execute(statement)
    rekeyed = update(table).values({column.name: column}).execution_options(**REKEYING)
    if name in FOLLOW:
        with store.atomic() as step:
            step.execute(rekeyed)
        return
    with pytest.raises(RuntimeError, match="append-only"), store.atomic() as step:
        step.execute(rekeyed)


def test_what_may_be_changed(store):
    """People, groups, places, sessions, rules' names, how far coverage reaches and what the service keeps change."""
    free = {
        "account", "account_group", "alias", "answer", "arrival", "attempt", "backup", "consent_form", "coverage",
        "credential", "crop", "delivery", "erasure", "foreign_id", "group", "hold", "job", "lease", "lookalike",
        "membership", "meta", "news", "person", "person_site", "place", "receiver", "rule", "second_factor", "secret",
        "session", "sighting_crop", "sign_in", "site", "template", "template_change", "token", "watch", "worker",
    }  # fmt: skip
    assert free == set(METADATA.tables) - set(ONCE)
    for name in free - {"meta"}:
        with store.atomic() as step:
            step.execute(delete(METADATA.tables[name]))


Shown = tuple[str | None, int]


class Views(RuleBasedStateMachine):
    """Two programs at one home: one enters and leaves views and steps in any order, the other writes in between.

    `frames` are the contexts entered, each with the state that its transaction shows, in a list that is shared where
    the transaction is, and that state as it was at its beginning.
    """

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.one, self.other = (open_database(home, busy_timeout_s=0) for _ in range(2))
        self.frames: list[tuple[AbstractContextManager, str, list[Shown], Shown]] = []
        self.count = 0
        self.committed: Shown = self._told(self.other)

    def _told(self, store: Database) -> Shown:
        return store.meta("fact"), store.generation()

    def _written(self, store: Database) -> Shown:
        self.count += 1
        with store.atomic() as session:
            store.set_meta("fact", str(self.count))
            store.bump(session)
            return self._told(store)

    def _steps(self) -> list[list[Shown]]:
        return [shown for _, kind, shown, _ in self.frames if kind == "write"]

    def _enter(self, context: AbstractContextManager, kind: str, around: list[Shown] | None) -> None:
        shown = [self.committed] if around is None else around
        context.__enter__()
        self.frames.append((context, kind, shown, shown[0]))

    @rule()
    def enter_reading(self) -> None:
        self._enter(self.one.reading(), "read", self.frames[-1][2] if self.frames else None)

    @rule()
    def enter_atomic(self) -> None:
        self._enter(self.one.atomic(), "write", self._steps()[-1] if self._steps() else None)

    @precondition(lambda self: self._steps())
    @rule()
    def write(self) -> None:
        self._steps()[-1][0] = self._written(self.one)

    @precondition(lambda self: not self._steps())
    @rule()
    def another_program_writes(self) -> None:
        self.committed = self._written(self.other)

    @precondition(lambda self: self.frames)
    @rule()
    def leave(self) -> None:
        context, kind, shown, _ = self.frames.pop()
        context.__exit__(None, None, None)
        if kind == "write" and not self._steps():
            self.committed = shown[0]

    @precondition(lambda self: self.frames)
    @rule()
    def break_off(self) -> None:
        context, kind, shown, before = self.frames.pop()
        error = ZeroDivisionError()
        assert not context.__exit__(ZeroDivisionError, error, None)
        if kind == "write":
            shown[0] = before

    @invariant()
    def the_innermost_is_shown(self) -> None:
        assert (self.frames[-1][2][0] if self.frames else self.committed) == self._told(self.one)

    def teardown(self) -> None:
        while self.frames:
            self.leave()
        self.one.close()
        self.other.close()


def test_any_nesting_of_views_and_steps(homes):
    """Entered, left and broken off in whatever order, each view and step shows its own state and no other's."""
    run_state_machine_as_test(
        lambda: Views(homes.new(filled=True)),
        settings=settings(max_examples=16, stateful_step_count=25, deadline=None),
    )


def test_what_a_part_said_that_was_taken_back_is_unsaid(store, gallery, now):
    """A step whose part named the people it changed, and failed, still tells that others changed before it."""
    person = gallery.add_person("Ada", at=now, by="test")
    with store.atomic() as session:
        before = changes.last(session)
        session.execute(update(Person).where(Person.id == person.id).values(active=False))
        with pytest.raises(ZeroDivisionError), store.atomic():
            changes.note(session, ())
            _ = 1 / 0
    with store.reading() as session:
        assert None is changes.since(session, before, 100)


def test_who_is_called_otherwise_has_the_same_templates(store, gallery, now):
    """A step that renames somebody, by whichever statement, is told of as nobody's change of templates."""
    person = gallery.add_person("Ada", at=now, by="test")
    with store.atomic() as session:
        before = changes.last(session)
        session.get_one(Person, person.id).name = "Ada L."
        session.flush()
        session.execute(update(Person).where(Person.id == person.id).values(note="new"))
    with store.reading() as session:
        assert set() == changes.since(session, before, 100)
