"""Rules: a name, whom it is for, and versions that are appended in the order in which they were entered."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import KEPT
from sqlalchemy import text

from gallery import Conflict, PersonInvalid, record
from gallery.repositories import groups, rules
from gallery.repositories.events import RULE_ADDED, RULE_CHANGED, RULE_ENDED
from gallery.timetablevalues import StoredRule, StoredVersion

SPEC = {"begins": "09:00", "recurs": "FREQ=WEEKLY", "added": [["2026-03-02", "09:00", "10:00"]], "site": None}


def test_a_rule_is_told_in_full(store, gallery, now):
    """Name, group or person, and every version with its day, what it says, who entered it and why; by name."""
    ada = gallery.add_person("Ada", at=now, by="t").id
    with store.atomic() as step:
        group = groups.ensure(step, "7b")
        shift = rules.insert(step, " Shift ", at=now, person=ada)
        maths = rules.insert(step, "Maths", at=now, group_id=group)
        rules.insert(step, "Assembly", at=now)
        one = rules.add_version(step, maths, from_day=date(2026, 3, 2), spec=SPEC, at=now, by="t")
        two = rules.add_version(step, maths, from_day=date(2026, 2, 1), spec=None, at=now, by="head", reason="over")
        found = rules.all_rules(step)

    assert [
        StoredRule(3, "Assembly", None, None, now, ()),
        StoredRule(maths, "Maths", "7b", None, now, (one, two)),
        StoredRule(shift, "Shift", None, ada, now, ()),
    ] == found
    assert StoredVersion(1, maths, date(2026, 3, 2), SPEC, now, "t", "") == one
    assert StoredVersion(2, maths, date(2026, 2, 1), None, now, "head", "over") == two


def test_one_is_found_by_name_or_person(store, gallery, now):
    """By its exact name with its own versions alone; those for one person alone."""
    ada, bob = (gallery.add_person(name, at=now, by="t").id for name in ("Ada", "Bob"))
    with store.atomic() as step:
        for name, person in (("a", ada), ("b", bob), ("c", None)):
            number = rules.insert(step, name, at=now, person=person)
            rules.add_version(step, number, from_day=date(2026, 3, 2), spec={"is": name}, at=now, by="t")
        assert {"is": "b"} == rules.named(step, "b").versions[0].spec
        assert (None, ["a"]) == (rules.named(step, "B"), [each.name for each in rules.of_person(step, ada)])
        assert [1, 1, 1] == [len(each.versions) for each in rules.all_rules(step)]


def test_names_are_unique_and_whom_is_one(store, gallery, now):
    """A second rule of the name, no name, a group and a person at once: refused."""
    ada = gallery.add_person("Ada", at=now, by="t", groups=["7b"]).id
    with store.atomic() as step:
        rules.insert(step, "Maths", at=now)
    for name, more, error in (
        ("Maths", {}, Conflict),
        (" ", {}, PersonInvalid),
        ("x", {"group_id": 1, "person": ada}, Conflict),
        ("x", {"group_id": 99}, Conflict),
    ):
        with pytest.raises(error), store.atomic() as step:
            rules.insert(step, name, at=now, **more)


def test_a_rule_of_a_lost_group_is_for_nobody(store, gallery, now):
    """Where somebody has deleted the group behind the program's back, the rule is not taken for everybody's."""
    gallery.add_person("Ada", at=now, by="t", groups=["7b"])
    with store.atomic() as step:
        rules.insert(step, "Maths", at=now, group_id=groups.number_of(step, "7b"))
        sqlite = store.engine == "sqlite"
        step.execute(text("PRAGMA defer_foreign_keys = ON" if sqlite else "SET session_replication_role = replica"))
        step.execute(text('DELETE FROM "group"'))
        assert ([], False) == (rules.all_rules(step), rules.any_rule(step))
        step.execute(text("INSERT INTO \"group\" (id, name) VALUES (1, '7b')"))
        assert ["7b"] == [each.group for each in rules.all_rules(step)]
        assert rules.any_rule(step)


def test_every_version_has_an_event(store, now):
    """What the log lacks is named, one event a version; which of them changed or ended the rule is not compared."""
    with store.atomic() as step:
        one, two = (rules.insert(step, name, at=now) for name in "ab")
        for rule, spec in ((one, {}), (one, {"x": 1}), (one, None), (two, {})):
            rules.add_version(step, rule, from_day=date(2026, 3, 2), spec=spec, at=now, by="t")
        due = [(RULE_ADDED, "1"), (RULE_CHANGED, "1"), (RULE_ENDED, "1"), (RULE_ADDED, "2")]
        assert due == rules.unrecorded(step)
        for action, subject in ((RULE_ADDED, two), (RULE_CHANGED, one), (RULE_CHANGED, one)):
            record(step, at=now, by="t", action=action, subject=subject)
        assert [(RULE_ENDED, "1")] == rules.unrecorded(step)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.tuples(st.dates(), st.none() | st.dictionaries(st.text(), JSON, max_size=4), st.text(KEPT)), max_size=5
    )
)
def test_versions_come_back_as_they_went_in(store, now, said):
    """Any day, any text, any JSON: read back equal, in the order in which they were entered."""
    with store.atomic() as step:
        number = rules.insert(step, "any", at=now)
        for day, spec, reason in said:
            rules.add_version(step, number, from_day=day, spec=spec, at=now, by="t", reason=reason)
        found = rules.named(step, "any")
        step.execute(text("DELETE FROM rule"))

    assert said == [(each.from_day, each.spec, each.reason) for each in found.versions]
