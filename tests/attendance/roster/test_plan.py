"""What taking in a register would change is told by ids, never by names, and never more than the register says."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.roster.changes import Asked, Gone, Known, KnownTerm, Turn, fingerprint
from attendance.roster.naming import Member
from attendance.roster.plan import make_plan
from attendance.roster.school import Belonging, Course, Pupil, Role, School, Term

TODAY = date(2026, 3, 2)
STUDENT = (Role("student"),)
SEVEN = fingerprint("7b")


def pupil(key, name, **named):
    return Pupil(key, name, f"users.csv line {key[1:]}", **({"roles": STUDENT} | named))


def belongs(person, course="c1", **named):
    return Belonging(person, course, "student", "enrollments.csv line 2", **named)


CLASSES = (Course("c1", "7b"),)
TODAYS = Asked(TODAY)


def school(*people, belongings=(), classes=CLASSES, **named):
    return School("oneroster 1.1", "x", people, classes, tuple(belongings), **named)


def plan(found, *, asked=TODAYS, **known):
    return make_plan(found, Known(**known), asked)


ANN = Member(1, "A", "Ann Lee", groups=frozenset({"7b"}))
BO = Member(2, "B", "Bo Ek")
HERE = {"people": (ANN, BO), "foreign": {"u1": 1, "u2": 2}, "classes": {"c1": SEVEN}, "groups": ("7b",)}


def codes(made):
    return [each.code for each in made.refused]


def test_somebody_new_gets_an_id_and_joins():
    """Who is not here is made, with the school's number as id, and joins from the day the file tells, else today."""
    made = plan(school(pupil("u1", "Ann Lee", identifier="00123"), belongings=[belongs("u1", first=date(2026, 2, 2))]))
    (new,) = made.new
    assert ("00123", (Turn("7b", date(2026, 2, 2)),)) == (new.external_id, new.joins)
    (later,) = plan(school(pupil("u1", "Ann Lee"), belongings=[belongs("u1")])).new
    assert ("u1", (Turn("7b", TODAY),)) == (later.external_id, later.joins)


def test_the_same_again_changes_nothing():
    """A register that says what is known already plans nothing."""
    made = plan(school(pupil("u1", "Ann Lee"), pupil("u2", "Bo Ek"), belongings=[belongs("u1")]), **HERE)
    assert not made
    assert 2 == made.same


def test_matched_by_what_the_system_calls_them_before_any_other_id():
    """A foreign id says who somebody is, also under a new name, and whoever else has that external id."""
    other = Member(3, "u1", "Cy Orr")
    made = plan(school(pupil("u1", "Ann Poe"), pupil("u2", "Bo Ek")), **HERE | {"people": (ANN, BO, other)})
    (changed,) = [each for each in made.changed if each.name]
    assert (1, "Ann Poe", False) == (changed.member.key, changed.name, changed.linked)


@pytest.mark.parametrize("where", ["identifier", "username", "id"])
def test_matched_by_an_external_id(where):
    """Else the school's number, the user name or the system's id may be the external id here."""
    told = {"identifier": {"identifier": "A"}, "username": {"username": "A"}, "id": {}}[where]
    found = pupil("A" if where == "id" else "u9", "Ann Lee", **told)
    (changed,) = plan(school(found), people=(ANN,)).changed
    assert (1, True, None) == (changed.member.key, changed.linked, changed.name)


def test_a_name_alone_is_nobody():
    """A new row of an enrolled person's name is refused with the choices; the rest goes on."""
    made = plan(school(pupil("u8", "ann LEE"), pupil("u9", "Di Fox")), people=(ANN,))
    assert ["import.identity"] == codes(made)
    assert "--match u8=A or --match u8=new" in made.refused[0].detail
    assert ["Di Fox"] == [each.pupil.name for each in made.new]


def test_an_id_of_somebody_of_another_name_is_nobody():
    """An external id that happens to be a stranger's renames nobody."""
    made = plan(school(pupil("A", "Zed Quill")), people=(ANN,))
    assert (["import.identity"], ()) == (codes(made), made.changed)


def test_an_id_that_is_quite_another_name_now_renames_nobody():
    """A second school that numbers alike takes nobody's place; a person may say that it is a new name."""
    second = school(pupil("u1", "Zed Quill"), pupil("u2", "Bo Ek"))
    made = plan(second, **HERE)
    assert (["import.identity"], (), ()) == (codes(made), made.changed, made.gone)
    assert "--match u1=A renames them" in made.refused[0].detail
    (changed,) = plan(second, asked=Asked(TODAY, matches={"u1": 1}), **HERE).changed
    assert (1, "Zed Quill") == (changed.member.key, changed.name)


def test_who_leaves_need_not_be_called_alike():
    """A row that is to be deleted sets its person inactive by the id, whatever name is left in it."""
    made = plan(school(pupil("u1", "deleted", leaves=True), pupil("u2", "Bo Ek")), **HERE)
    assert ([], [1]) == (codes(made), [each.member.key for each in made.gone])


@pytest.mark.parametrize(
    ("name", "elsewhere", "asked"),
    [
        ("Ann Poe", set(), False),
        ("Ann Poe", {1}, True),
        ("Ann Marie Lee", {1}, False),
        ("LEE Ann", {1}, False),
    ],
)
def test_the_id_of_somebody_whom_another_system_knows(name, elsewhere, asked):
    """Where two schools number alike, one first name in common does not make two pupils one."""
    made = plan(school(pupil("u9", name, identifier="A")), people=(ANN,), elsewhere=frozenset(elsewhere))
    assert asked == (codes(made) == ["import.identity"])
    assert asked != bool(made.changed)


@pytest.mark.parametrize(("choice", "found", "new"), [(1, [1], []), (None, [], ["u8"])])
def test_a_choice_settles_it(choice, found, new):
    """--match says who that is here, or that it is somebody new."""
    made = plan(school(pupil("u8", "Ann Lee")), people=(ANN,), asked=Asked(TODAY, matches={"u8": choice}))
    assert (found, new) == ([each.member.key for each in made.changed], [each.pupil.id for each in made.new])
    assert [] == codes(made)


def test_namesakes_in_the_file_are_two_people():
    """Two rows of one name are two people by their ids."""
    made = plan(school(pupil("u8", "J. Smith"), pupil("u9", "J. Smith")))
    assert ["u8", "u9"] == [each.external_id for each in made.new]


def test_a_third_of_the_name_beside_two_who_are_known():
    """Somebody new is not asked about where both enrolled people of the name have rows of their own."""
    smiths = (Member(1, "A", "J. Smith"), Member(2, "B", "J. Smith"))
    rows = [pupil(key, "J. Smith") for key in ("u1", "u2", "u3")]
    made = plan(school(*rows), people=smiths, foreign={"u1": 1, "u2": 2})
    assert (["u3"], []) == ([each.pupil.id for each in made.new], codes(made))


def test_two_rows_of_one_person_are_refused():
    """Two rows that ids lead to one person mean nobody; what the system itself said before stands."""
    rows = [pupil("u8", "Ann Lee", identifier="A"), pupil("u9", "Ann Lee", username="A")]
    made = plan(school(*rows), people=(ANN,))
    assert (["import.identity"] * 2, (), ()) == (codes(made), made.new, made.changed)
    known = plan(school(*rows), people=(replace(ANN, groups=frozenset()),), foreign={"u8": 1})
    assert (["import.identity"], 1) == (codes(known), known.same)


def test_who_is_not_in_it_any_more_is_set_inactive():
    """In a register that tells all; people whom another system or a hand entered stay."""
    di = Member(3, "D", "Di Fox")
    made = plan(school(pupil("u1", "Ann Lee"), belongings=[belongs("u1")]), **HERE | {"people": (ANN, BO, di)})
    assert (Gone(BO, "u2", None),) == made.gone


def test_a_file_in_which_most_are_missing():
    """Where more than half would be set inactive, a note asks whether the file is whole."""
    made = plan(school(pupil("u9", "Di Fox")), **HERE)
    assert (2, ["people.many"]) == (len(made.gone), [each.code for each in made.remarks])
    assert [] == codes(made)


def test_in_a_file_of_changes_only_who_is_to_be_deleted_goes():
    """Absent from a delta is unchanged."""
    found = school(pupil("u1", "Ann Lee", leaves=True), people_told="delta", belongings_told="absent")
    assert (Gone(ANN, "u1", None),) == plan(found, **HERE).gone


def test_whose_role_is_over_goes_after_its_last_day():
    """A role with a last day that has passed sets inactive from the day after."""
    over = pupil("u2", "Bo Ek", roles=(Role("student", date(2026, 2, 27)),))
    made = plan(school(pupil("u1", "Ann Lee"), over, belongings=[belongs("u1")]), **HERE)
    assert (Gone(BO, "u2", date(2026, 2, 28)),) == made.gone


def test_whoever_is_in_it_in_another_role_stays():
    """A teacher taken in once is not set inactive by an import of students alone."""
    teacher = pupil("u2", "Bo Ek", roles=(Role("teacher"),))
    made = plan(school(pupil("u1", "Ann Lee"), teacher, belongings=[belongs("u1")]), **HERE)
    assert ((), ()) == (made.gone, made.changed)
    assert ["people.roles"] == [each.code for each in made.remarks]


def test_a_disputed_person_is_left_alone():
    """While a row waits for a choice, whom it may mean is not set inactive for not being in the file."""
    made = plan(school(pupil("u8", "Ann Lee"), pupil("u2", "Bo Ek")), **HERE)
    assert (["import.identity"], ()) == (codes(made), made.gone)


def test_an_unreadable_row_sets_nobody_inactive():
    """Whose row could not be read stays as they are."""
    found = school(pupil("u1", "Ann Lee"), belongings=[belongs("u1")], unclear_people=frozenset({"u2"}))
    assert not plan(found, **HERE)


def test_who_comes_back_is_active_again():
    """Somebody inactive who is in the register belongs again."""
    left = replace(BO, active=False)
    made = plan(
        school(pupil("u1", "Ann Lee"), pupil("u2", "Bo Ek"), belongings=[belongs("u1")]),
        **HERE | {"people": (ANN, left)},
    )
    assert [(2, True)] == [(each.member.key, each.returns) for each in made.changed]


def test_leaving_a_class():
    """Who is not enrolled any more leaves from today, or after the last day told; groups given by hand stay."""
    ann = replace(ANN, groups=frozenset({"7b", "Chess"}))
    known = HERE | {"people": (ann, BO), "groups": ("7b", "Chess")}
    rows = (pupil("u1", "Ann Lee"), pupil("u2", "Bo Ek"))
    (gone,) = plan(school(*rows), **known).changed
    assert (Turn("7b", TODAY),) == gone.leaves
    (ended,) = plan(school(*rows, belongings=[belongs("u1", last=date(2026, 2, 20))]), **known).changed
    assert (Turn("7b", date(2026, 2, 21)),) == ended.leaves


def test_a_class_that_is_gone_from_the_register_is_left():
    """A group that an earlier import made is left also where its class is in the file no more."""
    (changed,) = plan(school(pupil("u1", "Ann Lee"), pupil("u2", "Bo Ek"), classes=()), **HERE).changed
    assert (Turn("7b", TODAY),) == changed.leaves


def test_changes_of_somebody_known_need_no_role():
    """A delta of OneRoster 1.2 may tell a new name and leave the roles, in a file of their own, as they are."""
    rows = [pupil("u1", "Ann Poe", roles=()), pupil("u9", "Di Fox", roles=())]
    made = plan(school(*rows, people_told="delta", belongings_told="absent"), **HERE)
    assert (["Ann Poe"], ()) == ([each.name for each in made.changed], made.new)
    assert ["not taken in: no role 1; see --role"] == [each.detail for each in made.remarks]


@pytest.mark.parametrize("people", ["delta", "absent"])
def test_classes_in_a_file_of_changes(people):
    """A delta of enrollments moves whom it names, by classes and people of earlier imports."""
    rows = [belongs("u1", leaves=True), belongs("u2", first=date(2026, 3, 1))]
    found = school(classes=(), belongings=rows, people_told=people, classes_told="absent", belongings_told="delta")
    made = plan(found, **HERE)
    assert {1: ((), (Turn("7b", TODAY),)), 2: ((Turn("7b", date(2026, 3, 1)),), ())} == {
        each.member.key: (each.joins, each.leaves) for each in made.changed
    }


def test_orphans_are_named():
    """An enrollment of a person or in a class that there is not is refused alone."""
    rows = [belongs("u1"), belongs("u7"), belongs("u1", "c9")]
    made = plan(school(pupil("u1", "Ann Lee"), belongings=rows))
    assert ["orphan.user", "orphan.class"] == codes(made)
    assert 1 == len(made.new[0].joins)


def test_classes_of_one_title_are_told_apart():
    """By their codes, else their ids; a class that was known under its title keeps it."""
    classes = (Course("c1", "Art", "A1"), Course("c2", "Art", "A2"), Course("c3", "Art"))
    rows = [belongs("u1", key) for key in ("c1", "c2", "c3")]
    (new,) = plan(school(pupil("u1", "Ann Lee"), classes=classes, belongings=rows)).new
    assert ["Art (A1)", "Art (A2)", "Art (c3)"] == [each.group for each in new.joins]
    known = {"classes": {"c1": fingerprint("Art")}, "groups": ("Art",)}
    (new,) = plan(school(pupil("u1", "Ann Lee"), classes=classes, belongings=rows), **known).new
    assert ["Art", "Art (A2)", "Art (c3)"] == [each.group for each in new.joins]


def test_a_new_class_of_a_known_title():
    """In a file of changes it is another class; in one that tells all it is that of a new year, and the same group."""
    found = school(pupil("u8", "Di Fox"), classes=(Course("c9", "7b"),), belongings=[belongs("u8", "c9")])
    changes = replace(found, people_told="delta", classes_told="delta", belongings_told="delta")
    assert [["7b"], ["7b (c9)"]] == [
        [turn.group for turn in plan(each, **HERE).new[0].joins] for each in (found, changes)
    ]


def test_nothing_counts_from_before_a_day_that_is_given():
    """Days that the file tells are moved to the one given where they are earlier."""
    asked = Asked(TODAY, first=date(2026, 3, 1))
    (new,) = plan(school(pupil("u1", "Ann Lee"), belongings=[belongs("u1", first=date(2026, 2, 2))]), asked=asked).new
    assert (Turn("7b", date(2026, 3, 1)),) == new.joins


def test_a_closed_month_is_not_changed():
    """What would count in a closed month is refused, also where it begins before that month; the rest goes on."""
    rows = [belongs("u1", first=date(2026, 1, 9)), belongs("u2", first=date(2026, 3, 1))]
    made = plan(school(pupil("u1", "Ann Lee"), pupil("u2", "Bo Ek"), belongings=rows), closed=frozenset({"2026-02"}))
    assert ["month.closed"] == codes(made)
    assert [(), (Turn("7b", date(2026, 3, 1)),)] == [each.joins for each in made.new]


TERM = Term("t1", "Spring", "term", date(2026, 1, 7), date(2026, 3, 31))


def terms(*found, known=(), wanted=True):
    made = plan(school(terms=found, terms_told="bulk"), terms=known, asked=Asked(TODAY, terms=wanted))
    return [each.title for each in made.terms], [each.key for each in made.terms_gone]


def test_terms_are_entered_if_asked():
    """Terms before semesters, these before school years, which have the holidays in them; the same again is none."""
    year = Term("y1", "2026", "schoolyear", date(2026, 1, 1), date(2026, 12, 31))
    assert ([], []) == terms(TERM, wanted=False)
    assert (["Spring"], []) == terms(year, TERM)
    assert (["2026"], []) == terms(year)
    assert ([], []) == terms(TERM, known=(KnownTerm(4, "Spring", TERM.first, TERM.last),))


def test_a_term_of_other_days_takes_the_place_of_the_earlier_one():
    """But not that of last year's term of this name."""
    before = (
        KnownTerm(4, "Spring", TERM.first, date(2026, 3, 27)),
        KnownTerm(3, "Spring", date(2025, 1, 7), date(2025, 3, 31)),
    )
    assert (["Spring"], [4]) == terms(TERM, known=before)


NAMES = ("Ann Lee", "Bo Ek", "J. Smith")


@st.composite
def registers(draw):
    """A small register: people of few names, classes of few titles, anybody in any class, all told or changes."""
    told = [draw(st.sampled_from(["bulk", "delta"])) for _ in range(3)]
    rows = [
        pupil(
            f"u{number}",
            draw(st.sampled_from(NAMES)),
            identifier=draw(st.sampled_from([None, f"i{number}", "i0"])),
            leaves=draw(st.integers(0, 5)) == 0,
        )
        for number in draw(st.sets(st.integers(0, 4)))
    ]
    classes = tuple(
        Course(f"c{number}", draw(st.sampled_from("AB")), draw(st.sampled_from([None, "x"])))
        for number in draw(st.sets(st.integers(0, 2)))
    )
    days = st.sampled_from([None, date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)])
    rooms = [
        belongs(f"u{person}", f"c{course}", first=draw(days), last=draw(days), leaves=draw(st.integers(0, 4)) == 0)
        for person, course in draw(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 3))))
    ]
    return school(
        *rows, belongings=rooms, classes=classes, people_told=told[0], classes_told=told[1], belongings_told=told[2]
    )


def applied(known, made):
    """What is known once a plan was carried out."""
    people = {each.key: each for each in known.people}
    foreign, groups = dict(known.foreign), set(known.groups)
    for each in made.new:
        key = max(people, default=0) + 1
        joined = frozenset(turn.group for turn in each.joins)
        people[key] = Member(key, each.external_id or f"P-{key}", each.pupil.name, groups=joined)
        foreign[each.pupil.id] = key
    for each in made.changed:
        now = people[each.member.key]
        joined, left = ({turn.group for turn in turns} for turns in (each.joins, each.leaves))
        people[now.key] = replace(
            now,
            name=each.name or now.name,
            active=now.active or each.returns,
            groups=(now.groups - left) | joined,
        )
        foreign[each.id] = now.key
    for each in made.gone:
        people[each.member.key] = replace(people[each.member.key], active=False)
    groups |= {group for each in people.values() for group in each.groups}
    return Known(tuple(people.values()), foreign, {**known.classes, **made.classes}, tuple(sorted(groups)))


@given(st.lists(registers(), min_size=1, max_size=3))
def test_whatever_was_taken_in_is_unchanged_the_next_time(several):
    """After any registers, the last one again plans nothing, and namesakes whom no id tells are never touched."""
    known = Known((Member(1, "A", "Ann Lee"), Member(2, "B", "Ann Lee")))
    for each in several:
        known = applied(known, make_plan(each, known, TODAYS))
    again = make_plan(several[-1], known, TODAYS)
    assert not again
    assert len({each.id for each in known.people}) == len(known.people)
    untouched = (Member(1, "A", "Ann Lee"), Member(2, "B", "Ann Lee"))
    assert untouched == tuple(each for each in known.people if each.key in {1, 2})
