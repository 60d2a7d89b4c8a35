"""Enrolment: one photo, one person, whole or not at all; the same again changes nothing."""

import dataclasses

import pytest

from attendance import Attendance
from attendance.errors import PersonDuplicate, PersonUnlike
from attendance.judge.decision import Policy
from attendance.services.enrolment import UNLIKE_OWN, Enrolled, NotEnrolled, Rules
from enroll import (
    EncoderFailed,
    Entry,
    NoFace,
    PhotoEmpty,
    PhotoMissing,
    PhotoRefused,
    PhotoTooManyBytes,
    PhotoTruncated,
    PhotoUnknownFormat,
    SeveralFaces,
)
from enroll.photolimits import DEFAULT_LIMITS
from gallery import GalleryFull
from gallery.repositories import groups


def outcomes(app, *entries: Entry, **more) -> list[str]:
    found = app.enroll_many(entries, **more)
    return [each.outcome if isinstance(each, Enrolled) else each.problem.id for each in found]


def test_new_person(app, draw):
    """A photo of nobody known makes a new person with one template."""
    done = app.enroll(draw("ada.png", (1,)), name=" Ada  Lovelace ", external_id="E-17", groups=["7b"])
    assert ("enrolled", "E-17", "Ada Lovelace") == (done.outcome, done.person.id, done.person.name)
    info = app.gallery.find("E-17")
    assert (1, ("7b",)) == (info.templates, info.groups)


def test_same_photo_is_unchanged(app, draw, pipeline):
    """The same photo for the same person again changes nothing, and is not even looked at."""
    photo = draw("ada.png", (1,))
    app.enroll(photo, name="Ada")
    generation, looks = app.store.generation(), pipeline.calls
    assert app.enroll(photo, name="Ada").outcome == "unchanged"
    assert (generation, looks) == (app.store.generation(), pipeline.calls)


def test_second_photo_is_added(app, draw):
    """Another photo of a person adds a template; --replace drops the earlier ones."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    assert app.enroll(draw("b.png", (1, 90), seed=1), name="Ada").outcome == "added"
    assert app.gallery.find("Ada").templates == 2
    assert app.enroll(draw("c.png", (1,), seed=2), name="Ada", replace=True).outcome == "replaced"
    assert app.gallery.find("Ada").templates == 1


def test_same_photo_in_a_new_group(app, draw):
    """A known photo with a new group still joins the group."""
    photo = draw("a.png", (1,))
    app.enroll(photo, name="Ada")
    app.enroll(photo, name="Ada", groups=["7b"])
    assert ("7b",) == app.gallery.find("Ada").groups


def test_a_new_group_counts_from_the_day_of_the_site(app, clock, pipeline, draw):
    """Who is enrolled with a group belongs to it from ever; who is there already joins on the site's day."""
    photo = draw("a.png", (1,))
    app.enroll(photo, name="Ada", groups=["7b"])
    clock.forward(hours=12)
    with Attendance.open(app.home, clock=clock, pipeline=pipeline, flags={"time_zone": "Asia/Tokyo"}) as east:
        east.enroll(photo, name="Ada", groups=["choir"])
    with app.store.reading() as view:
        assert [("choir", "2026-03-03")] == [(each.group, each.from_day.isoformat()) for each in groups.turns(view)]


def test_duplicate_person_is_refused(app, draw):
    """A new person who scores as somebody enrolled is refused by name, unless it is allowed."""
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="E-17")
    with pytest.raises(PersonDuplicate, match=r"Bob looks like Ada \(E-17\)"):
        app.enroll(draw("b.png", (1, 60)), name="Bob")
    assert ["Ada"] == [each.name for each in app.gallery.people()]
    done = app.enroll(draw("b.png", (1, 60)), name="Bob", allow_duplicate=True)
    assert ["Ada"] == [other.person.name for other in done.lookalikes]
    assert app.gallery.are_lookalikes(done.person.key, app.gallery.find("Ada").id)


def test_lookalike_is_remembered(app, draw):
    """Somebody in the review range is enrolled, reported, and makes later checks ask for review."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    done = app.enroll(draw("b.png", (1, 20)), name="Bob")
    assert ["Ada"] == [other.person.name for other in done.lookalikes]
    (decision,) = app.check(draw("door.png", (1, 85), seed=9))  # Ada 0.85, Bob 0.69
    assert ("review", ("look_alike",)) == (decision.decision, decision.reasons)
    (decision,) = app.check(draw("near.png", (1, 95), seed=9))  # Ada 0.95, Bob 0.50
    assert ("present", "Ada") == (decision.decision, decision.person.name)


def test_the_lead_over_a_lookalike_is_a_setting(app, home, clock, pipeline, draw):
    """The setting `lookalike_margin` decides which lead over a look-alike is clear enough."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    app.enroll(draw("b.png", (1, 20)), name="Bob")
    app.close()
    flags = {"guard_people": 0, "lookalike_margin": 0.5}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as strict:
        (decision,) = strict.check(draw("near.png", (1, 95), seed=9))  # Ada 0.95, Bob 0.50
    assert ("review", ("look_alike",)) == (decision.decision, decision.reasons)


def test_a_cleared_lookalike_stays_cleared(app, draw):
    """Once somebody has cleared a pair, the same photos do not bring it back; a photo that comes closer does."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    bob = app.enroll(draw("b.png", (1, 20)), name="Bob").person.key
    ada = app.gallery.find("Ada").id
    app.gallery.clear_lookalike(ada, bob, at=app.clock.utc(), by="t")
    (decision,) = app.check(draw("door.png", (1, 85), seed=9))
    assert ("present", "Ada") == (decision.decision, decision.person.name)
    app.enroll(draw("b.png", (1, 20)), name="Bob", replace=True)
    app.enroll(draw("a.png", (1,)), name="Ada", replace=True)
    assert not app.gallery.are_lookalikes(ada, bob)
    app.enroll(draw("c.png", (1, 24), seed=3), name="Bob")
    assert app.gallery.are_lookalikes(ada, bob)


def test_namesake_is_refused(app, draw):
    """A face unlike the earlier photos under a known name is refused with what to do, and nothing is filed."""
    app.enroll(draw("a.png", (1,)), name="John Smith")
    with pytest.raises(PersonUnlike, match=r"does not look like the earlier photos of John Smith \(P-1\)") as caught:
        app.enroll(draw("b.png", (2,)), name="John Smith")
    assert all(way in caught.value.help for way in ("--id", "ID__Name", "--same-person"))
    assert [("P-1", 1)] == [(each.external_id, each.templates) for each in app.gallery.people()]


def test_namesake_never_replaces(app, draw):
    """Nor does --replace put a namesake's face in the place of the person's own."""
    app.enroll(draw("a.png", (1,)), name="John Smith")
    with pytest.raises(PersonUnlike):
        app.enroll(draw("b.png", (2,)), name="John Smith", replace=True)
    assert ["present"] == [each.decision for each in app.check(draw("door.png", (1, 95), seed=9))]


def test_namesakes_by_id(app, draw):
    """Two people of one name, each with an id, are two people, and each is marked as themselves."""
    entries = [Entry(draw("a.png", (1,)), "John Smith", "J-1"), Entry(draw("b.png", (2,)), "John Smith", "J-2")]
    assert ["enrolled", "enrolled"] == outcomes(app, *entries)
    decisions = app.check(draw("door.png", (1, 95), (2, 95), seed=9))
    assert ["J-1", "J-2"] == [each.person.id for each in decisions]


@pytest.mark.parametrize("insisting", [{"same_person": True}, {"external_id": "P-1"}])
def test_the_same_person_after_all(app, draw, insisting):
    """Who says that it is the same person, or gives the person's id, files an unlike face, with a warning."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    done = app.enroll(draw("b.png", (2,)), name="Ada", **insisting)
    assert ("added", (UNLIKE_OWN,), "P-1") == (done.outcome, done.warnings, done.person.id)


def test_between_unlike_and_sure_is_a_warning(app, draw):
    """A face above the score of one comparison but below the review threshold is taken with a warning."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    for number in range(2, 60):  # with more people the review threshold lies higher, the one comparison's does not
        app.enroll(draw(f"{number}.png", (number,)), name=f"Person {number}")
    needed, policy = app.judging.own_threshold(1), app.policy()
    between = round(50 * (needed + policy.review_threshold))
    assert needed + 0.01 < between / 100 < policy.review_threshold - 0.01
    assert (UNLIKE_OWN,) == app.enroll(draw("b.png", (1, between), seed=1), name="Ada").warnings


def test_the_own_threshold_does_not_grow_with_the_gallery(app, draw):
    """Whether a photo is whose it is said to be is one comparison, however many people are enrolled."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    app.enroll(draw("b.png", (2,)), name="Bob")
    few = app.judging.own_threshold(1), app.policy().review_threshold
    for number in range(3, 40):
        app.enroll(draw(f"{number}.png", (number,)), name=f"Person {number}")
    many = app.judging.own_threshold(1), app.policy().review_threshold
    model = app.card.score_model
    assert few[1] < many[1]
    assert model.threshold(1, app.settings.target_fpir) == many[0] >= few[0]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_friend_in_the_folder(app, draw, place):
    """A friend's photo among a new person's is refused wherever it stands, the others are filed."""
    faces = [(1,), (1, 90), (1, 80)]
    faces.insert(place, (2,))
    entries = [Entry(draw(f"{n}.png", face, seed=n), "Ada", "E-1") for n, face in enumerate(faces)]
    expected = ["enrolled", "added", "added"]
    expected.insert(place, "person.unlike")
    assert expected == outcomes(app, *entries)
    assert 3 == app.gallery.find("E-1").templates


def test_two_that_disagree(app, draw):
    """Of two photos that disagree the first is taken, and the choice is told for the second."""
    entries = [Entry(draw(f"{n}.png", (n,)), "John Smith") for n in (1, 2)]
    assert ["enrolled", "person.unlike"] == outcomes(app, *entries)
    assert ["unchanged", "person.unlike"] == outcomes(app, *entries)


def test_bad_photos_among_a_persons(app, draw, tmp_path):
    """Photos that cannot be used take no part in the comparison and are refused for what they are."""
    entries = [
        Entry(tmp_path / "missing.png", "Ada"),
        Entry(draw("nan.png", (1, 100, 2)), "Ada"),
        Entry(draw("a.png", (1,)), "Ada"),
        Entry(draw("b.png", (1, 90), seed=1), "Ada"),
    ]
    assert ["photo.missing", "internal.failed", "enrolled", "added"] == outcomes(app, *entries)


def test_a_name_that_several_have(app, draw):
    """Further photos under a name that two people have are refused one by one; the run goes on."""
    for number in (1, 2):
        app.enroll(draw(f"{number}.png", (number,)), name="John Smith", external_id=f"J-{number}")
    more = [Entry(draw(f"{number}.png", (number,)), name) for number, name in ((3, "John Smith"), (4, "John Smith"))]
    expected = ["gallery.person_ambiguous", "gallery.person_ambiguous", "enrolled"]
    assert expected == outcomes(app, *more, Entry(draw("5.png", (5,)), "Eve"), replace=True)


def test_an_inactive_person_is_compared_too(app, draw):
    """Somebody who has left is no free name: an unlike face under it is refused as well."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    app.gallery.set_active("Ada", False, at=app.clock.utc(), by="test")
    with pytest.raises(PersonUnlike):
        app.enroll(draw("b.png", (2,)), name="Ada")


def test_photo_of_somebody_else(app, draw):
    """A further photo that shows another person enrolled is refused."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    app.enroll(draw("b.png", (2,)), name="Bob")
    with pytest.raises(PersonDuplicate, match="looks like Bob"):
        app.enroll(draw("c.png", (2, 90)), name="Ada")
    assert app.gallery.find("Ada").templates == 1


@pytest.mark.parametrize(
    ("faces", "error"), [((), NoFace), (((1,), (2,)), SeveralFaces), (((1, 100, 1),), PhotoRefused)]
)
def test_bad_photo_enrols_nobody(app, draw, faces, error):
    """A photo with no face, several, or a bad one is refused and leaves no trace."""
    with pytest.raises(error):
        app.enroll(draw("a.png", *faces), name="Ada")
    assert [] == app.gallery.people(active=None)
    assert app.store.generation() == 0


def test_bulk_goes_on(app, draw, tmp_path):
    """One bad photo never stops the others; outcomes come in the order of the list."""
    entries = [
        Entry(draw("a.png", (1,)), "Ada"),
        Entry(tmp_path / "missing.png", "Bob"),
        Entry(draw("c.png", (3, 100, 3)), "Cid"),
        Entry(draw("d.png", (4, 100, 1)), "Dora"),
        Entry(draw("e.png", (1, 90)), "Eve"),
        Entry(draw("f.png", (6,)), "Fay"),
    ]
    expected = ["enrolled", "photo.missing", "internal.failed", "enroll.refused", "person.duplicate", "enrolled"]
    assert expected == outcomes(app, *entries)
    assert ["unchanged", *expected[1:5], "unchanged"] == outcomes(app, *entries)


def test_models_that_fail_on_one_photo(app, draw, pipeline):
    """Models that fail on one photo refuse it, and the others of a bulk run are enrolled."""
    working = pipeline.enrol_face

    def fails_once(photo, **options):
        if photo.source.endswith("b.png"):
            raise EncoderFailed("encoder.onnx", "an embedding is not finite")
        return working(photo, **options)

    pipeline.enrol_face = fails_once
    entries = [Entry(draw(f"{name}.png", (number,)), name) for number, name in enumerate("abc", 1)]
    outcomes = list(app.enroll_many(entries))
    assert ["enrolled", "refused", "enrolled"] == [each.to_dict()["outcome"] for each in outcomes]
    assert ("source.failed", 1) == (outcomes[1].problem.id, outcomes[1].problem.error.exit_code)


def test_models_that_do_not_load_end_a_bulk_run(home, clock, draw, monkeypatch):
    """An encoder that does not load ends a bulk enrolment with its own error, exit code 3."""

    def missing(_):
        raise EncoderFailed("encoder.onnx", "no model")

    monkeypatch.setattr("attendance.composition.load_pipeline", missing)
    with Attendance.open(home, clock=clock) as other, pytest.raises(EncoderFailed):
        list(other.enroll_many([Entry(draw("a.png", (1,)), "Ada")]))


def test_not_finite_is_not_enrolled(app, draw):
    """An encoder that answers with no number enrols nobody."""
    assert ["internal.failed"] == outcomes(app, Entry(draw("a.png", (1, 100, 2)), "Ada"))
    assert [] == app.gallery.people()


def test_reasons_are_told(app, draw):
    """A refused photo carries the codes of its reasons."""
    (found,) = app.enroll_many([Entry(draw("a.png", (1, 100, 1)), "Ada")])
    assert isinstance(found, NotEnrolled)
    assert ("blurred",) == found.problem.reasons
    assert ("refused", "enroll.refused", ["blurred"]) == tuple(
        found.to_dict()[key] for key in ("outcome", "error", "reasons")
    )


def test_workers_change_nothing(app, home, clock, fake, draw):
    """One worker or four: the same outcomes in the same order, the same people."""
    from attendance import Attendance

    entries = [Entry(draw(f"{n}.png", (n,), seed=n), f"Person {n}", f"E-{n}") for n in range(1, 21)]
    alone = outcomes(app, *entries, workers=1)
    with Attendance.open(home.with_name("other"), clock=clock, pipeline=fake.FakePipeline()) as other:
        assert alone == outcomes(other, *entries, workers=4)
        assert [p.name for p in app.gallery.people()] == [p.name for p in other.gallery.people()]


def test_unusable_home_ends_the_run(app, draw, monkeypatch):
    """A full disk is no fault of one photo: the run stops with the error itself."""

    def full(*_, **__):
        raise GalleryFull("db", "no space")

    monkeypatch.setattr(app.gallery, "enroll", full)
    with pytest.raises(GalleryFull):
        outcomes(app, Entry(draw("a.png", (1,)), "Ada"), Entry(draw("b.png", (2,)), "Bob"))


def test_missing_photo(app, tmp_path):
    """A single photo's error is raised as it is."""
    with pytest.raises(PhotoMissing):
        app.enroll(tmp_path / "nowhere.jpg", name="Ada")


def test_emoji_and_right_to_left_names(app, draw):
    """Names of any script are kept and found again, composed or not."""
    app.enroll(draw("a.png", (1,)), name="José 🎓 هوبر")
    assert app.gallery.find("Jose\u0301 🎓 هوبر").name == "José 🎓 هوبر"


# --- cohort means, and scores just at a limit ------------------------------------------------------------------


@pytest.fixture
def means(pipeline, monkeypatch):
    """The cohort mean that a face's template gets, by the face's likeness in percent; 0 where none is set."""
    face, wanted = pipeline._face, {}

    def with_mean(place, person, likeness, mood):
        found = face(place, person, likeness, mood)
        template = dataclasses.replace(found.template, cohort_mean=wanted.get(likeness, 0.0))
        return dataclasses.replace(found, template=template)

    monkeypatch.setattr(pipeline, "_face", with_mean)
    return wanted


@pytest.fixture
def limits(app, monkeypatch):
    """Limits in eighths, so that a score can be just at one: 0.5, 0.25 for review, 0.125 for one's own photos."""
    policy = Policy(0.5, 0.25, 0.125, 0.003, 2)
    monkeypatch.setattr(app.judging, "policy", lambda _group=None: policy)
    monkeypatch.setattr(app.judging, "own_threshold", lambda _templates: 0.125)


def test_the_own_score_is_less_by_both_cohort_means(app, draw, means):
    """A photo scores with the person's earlier one as their cosine less half of each cohort mean: 0.4 - 0.1 - 0.2."""
    means |= {100: 0.2, 40: 0.4}
    app.enroll(draw("a.png", (1,)), name="Ada")
    with pytest.raises(PersonUnlike, match=r"score 0\.100, needs 0\.150"):
        app.enroll(draw("b.png", (1, 40), seed=1), name="Ada")


def test_the_own_score_is_that_of_the_best_template(app, draw, means):
    """Of several templates of a person the best counts after the cohort means, not the one of the best cosine."""
    means |= {100: 0.4, 90: 0.0, 40: 0.2}
    app.enroll(draw("a.png", (1,)), name="Ada")
    app.enroll(draw("b.png", (1, 90), seed=1), name="Ada")
    app.enroll(draw("c.png", (2,)), name="Ada", same_person=True)
    best = 0.9 * 0.4 + (1 - 0.9**2) ** 0.5 * (1 - 0.4**2) ** 0.5 - 0.1
    found, _ = app.enrolment._own_score(
        app.judging, app.pipeline._face(0, 1, 40, 0).template, app.gallery.find("Ada").id
    )
    assert pytest.approx(best, abs=1e-6) == found


@pytest.mark.parametrize("given", [{}, {"external_id": "P-1"}, {"replace": True}], ids=str)
@pytest.mark.parametrize("others", [(), (2,)], ids=["nobody else", "somebody else"])
def test_enrolling_again_with_another_encoder(app, home, clock, fake, draw, given, others):
    """Whoever has no template of the present encoder is enrolled again by a photo, as if it were the first."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    app.close()
    pipeline = fake.FakePipeline(fake.FakeEncoder(fake.card("fake-2")))
    with Attendance.open(home, clock=clock, pipeline=pipeline) as later:
        for number in others:
            later.enroll(draw(f"{number}.png", (number,)), name=f"Person {number}")
        done = later.enroll(draw("b.png", (1, 90), seed=1), name="Ada", **given)
        assert ("P-1", ()) == (done.person.id, done.warnings)
        assert 1 == later.gallery.find("Ada").templates


def test_a_friend_in_the_folder_with_another_encoder(app, home, clock, fake, draw):
    """After a change of encoder a friend's photo that comes first in a person's folder is refused as well."""
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="E-1")
    app.close()
    entries = [Entry(draw(f"{n}.png", face, seed=n), "Ada", "E-1") for n, face in enumerate([(2,), (1,), (1, 90)])]
    pipeline = fake.FakePipeline(fake.FakeEncoder(fake.card("fake-2")))
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"guard_people": 0}) as later:
        assert ["person.unlike", "added", "added"] == outcomes(later, *entries)


def test_a_score_with_somebody_else_is_less_by_both_cohort_means(app, draw, means):
    """Whom a new photo resembles is told with the cosine less half of each cohort mean: 0.5 - 0.1 - 0.2."""
    means |= {100: 0.2, 50: 0.4}
    app.enroll(draw("a.png", (1,)), name="Ada")
    done = app.enroll(draw("b.png", (1, 50), seed=1), name="Bob")
    assert [("Ada", pytest.approx(0.2))] == [(each.person.name, each.score) for each in done.lookalikes]
    assert [("Ada", pytest.approx(0.2))] == [
        (each.person.name, each.score) for each in app.judging.closest(done.person.key)
    ]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (0.25, 1.0, ["enrolled", "added"]),
        (1.0, 0.25, ["enrolled", "added"]),
        (0.25, 1.0 + 2**-10, ["enrolled", "person.unlike"]),
        (1.0 + 2**-10, 0.25, ["enrolled", "person.unlike"]),
    ],
)
@pytest.mark.usefixtures("limits")
def test_a_new_persons_photos_are_compared_less_by_both_cohort_means(app, draw, means, first, second, expected):
    """Photos of a new person belong together where the cosine of 0.75 less half of each cohort mean is the limit."""
    means |= {100: first, 75: second}
    entries = [Entry(draw(f"{n}.png", (1, n), seed=n), "Ada") for n in (100, 75)]
    assert expected == outcomes(app, *entries)


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("more", [0.0, 2**-10])
def test_a_photo_just_at_the_own_threshold(app, draw, means, more):
    """A further photo that scores as much as it needs is filed, with a warning; one that scores less is refused."""
    means |= {100: 0.25, 75: 1.0 + more}
    app.enroll(draw("a.png", (1,)), name="Ada")
    second = Entry(draw("b.png", (1, 75), seed=1), "Ada")
    assert ["person.unlike" if more else "added"] == outcomes(app, second)


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize(("more", "warnings"), [(0.0, ()), (2**-10, (UNLIKE_OWN,))])
def test_a_photo_just_at_the_review_threshold(app, draw, means, more, warnings):
    """A further photo that scores the review threshold is filed without a warning; one that scores less with it."""
    means |= {100: 0.25, 75: 0.75 + more}
    app.enroll(draw("a.png", (1,)), name="Ada")
    assert warnings == app.enroll(draw("b.png", (1, 75), seed=1), name="Ada").warnings


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize(
    ("mean", "expected"),
    [
        (0.25, "person.duplicate"),
        (0.25 + 2**-10, "look-alike"),
        (0.75, "look-alike"),
        (0.75 + 2**-10, "nobody"),
    ],
)
def test_somebody_new_just_at_a_threshold(app, draw, means, mean, expected):
    """Who scores the threshold with somebody is refused, who scores the review threshold a look-alike; not below."""
    means |= {100: 0.25, 75: mean}
    app.enroll(draw("a.png", (1,)), name="Ada")
    (found,) = app.enroll_many([Entry(draw("b.png", (1, 75), seed=1), "Bob")])
    told = found.problem.id if isinstance(found, NotEnrolled) else "look-alike" if found.lookalikes else "nobody"
    assert expected == told


# Photos as bytes


def test_a_photo_as_bytes(app, draw):
    """A photo may come as its bytes; it is the same photo as the file, and is called as the caller says."""
    photo = draw("ada.png", (1,))
    first = app.enroll(photo.read_bytes(), name="Ada", source="kiosk 2")
    assert ("enrolled", "kiosk 2") == (first.outcome, first.source)
    assert ["kiosk 2"] == [each.source for each in app.gallery.templates_of("Ada")]
    assert ("unchanged", str(photo)) == (app.enroll(photo, name="Ada").outcome, app.enroll(photo, name="Ada").source)
    again = app.enroll(photo.read_bytes(), name="Ada")
    assert ("unchanged", "bytes") == (again.outcome, again.source)


def test_bytes_that_were_filed_are_not_decoded(app, draw, pipeline):
    """Bytes that are filed for a person already cost no look at the photo."""
    photo = draw("ada.png", (1,)).read_bytes()
    app.enroll(photo, name="Ada")
    looks = pipeline.calls
    assert "unchanged" == app.enroll(photo, name="Ada").outcome
    assert looks == pipeline.calls


@pytest.mark.parametrize("source", ["", "an upload", "https://example.org//a.png", "C:\\photos\\a.png"])
@pytest.mark.parametrize(
    ("data", "error"), [(b"", PhotoEmpty), (b"no picture", PhotoUnknownFormat), (b"\x89PNG\r\n\x1a\n", PhotoTruncated)]
)
def test_bytes_that_are_no_photo(app, data, error, source):
    """Bytes that are no photo are refused as a file of them is, under the name that the caller gave."""
    with pytest.raises(error) as caught:
        app.enroll(data, name="Ada", source=source)
    assert (source or "bytes") == caught.value.where
    assert [] == app.gallery.people()


def test_bytes_beyond_the_limit(app):
    """Bytes are held to the limits of a file."""
    with pytest.raises(PhotoTooManyBytes):
        app.enroll(bytes(DEFAULT_LIMITS.max_bytes + 1), name="Ada")


def test_a_source_that_cannot_be_written(app, draw):
    """A name of bytes that no record can hold is kept with what is wrong in it spelt out."""
    assert "caf\\udce9" == app.enroll(draw("ada.png", (1,)).read_bytes(), name="Ada", source="caf\udce9").source


def test_the_way_of_several_faces_is_a_setting(app, home, clock, pipeline, draw):
    """Without a rule of its own a photo of several faces is treated as the setting `multi` says."""
    photo = draw("both.png", (1,), (2,))
    with pytest.raises(SeveralFaces):
        app.enroll(photo, name="Ada")
    largest = Rules(multi="largest")
    assert "enrolled" == app.enrolment.photo(app.actor, photo, name="Ada", rules=largest).outcome
    app.close()
    with Attendance.open(home.with_name("other"), clock=clock, pipeline=pipeline, flags={"multi": "largest"}) as other:
        assert "enrolled" == other.enroll(photo, name="Ada").outcome
