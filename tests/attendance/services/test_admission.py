"""Who may be enrolled by whom."""

import pytest

from attendance.access import Actor
from attendance.errors import PersonDuplicate, PersonUnlike
from attendance.service_errors import GroupsRefused
from attendance.services.admission import Newcomer, SentPhoto
from attendance.services.enrolment import Rules
from gallery.errors import DuplicateId

ME, PLAIN = Actor("Grace"), Rules()


@pytest.fixture
def photo(draw):
    """A photo of somebody by number: ``photo(7)``."""

    def make(*face: int, seed: int = 0) -> SentPhoto:
        path = draw(f"{face}-{seed}.png", face, seed=seed)
        return SentPhoto(path.name, path.read_bytes())

    return make


def add(app, name, *photos, scope=None, rules=PLAIN, **more):
    return app.admission.add(ME, Newcomer(name, **more), photos, scope, rules)


def test_several_photos_are_of_one_person(app, photo) -> None:
    """The first that is filed makes the person, the others are added."""
    taken = add(app, "Ada", photo(7), photo(7, seed=1), groups=("7a",))
    assert ["enrolled", "added"] == [each.outcome for each in taken.enrolled]
    assert (2, ("7a",)) == (taken.person.templates, taken.person.groups)


def test_a_bad_photo_stops_no_other(app, photo) -> None:
    """What is no photo, or no good one, is told with its reason beside those that were filed."""
    taken = add(app, "Ada", SentPhoto("x.jpg", b"no photo"), photo(7), photo(7, 100, 1))
    assert ["photo.unknown_format", "enroll.refused"] == [error.id for _, error in taken.refused]
    assert 1 == taken.person.templates


def test_nobody_is_entered_where_every_photo_is_refused(app, photo) -> None:
    """A name without a photo that was wanted is not left behind."""
    taken = add(app, "Ada", photo(7, 100, 1))
    assert taken.person is None
    assert [] == app.people.all(gone_too=True)


def test_without_photos_somebody_is_entered(app) -> None:
    """Who has no photo yet can be marked by hand."""
    assert 0 == add(app, "Ada").person.templates


def test_a_namesake_needs_an_id(app, photo) -> None:
    """Somebody new never gets into the place of a namesake, whatever the accents."""
    add(app, "Zoe", photo(7))
    with pytest.raises(DuplicateId):
        add(app, "ZOÉ".title(), photo(8))
    assert "Z-2" == add(app, "Zoe", photo(8), external_id="Z-2").person.external_id


def test_an_id_is_given_once(app, photo) -> None:
    """An id that somebody has is refused, also with the same name."""
    add(app, "Ada", photo(7), external_id="E-1")
    with pytest.raises(DuplicateId):
        add(app, "Ada", photo(7, seed=1), external_id="E-1")


def test_a_double_names_whom_it_looks_like(app, photo) -> None:
    """The refusal tells by number who the twin is; who insists enrols both."""
    ada = add(app, "Ada", photo(7)).person
    ((_, error),) = add(app, "Bea", photo(7, seed=1)).refused
    assert isinstance(error, PersonDuplicate)
    assert ada.id == error.twin
    assert add(app, "Bea", photo(7, seed=1), rules=Rules(allow_duplicate=True)).person.name == "Bea"


def test_a_further_photo_of_another_face_is_asked_about(app, photo) -> None:
    """It is refused unless somebody says that it is the same person."""
    ada = add(app, "Ada", photo(7)).person
    ((_, error),) = app.admission.further(ME, ada, [photo(8)], Rules()).refused
    assert isinstance(error, PersonUnlike)
    assert 2 == app.admission.further(ME, ada, [photo(8)], Rules(same_person=True)).person.templates


@pytest.mark.parametrize("groups", [(), ("7b",), ("7a", "7b")])
def test_a_teacher_enrols_into_their_own_groups(app, photo, groups) -> None:
    """Without one of them, or with another one, nobody is enrolled."""
    with pytest.raises(GroupsRefused):
        add(app, "Ada", photo(7), scope={"7a"}, groups=groups)
    assert [] == app.people.all(gone_too=True)
