"""Places: found by name, their address sealed, and never gone while a record names them."""

import pytest
from servers import contents
from sqlalchemy import delete

from gallery import Conflict, PersonInvalid
from gallery.repositories import groups, places, sightings
from gallery.schema import PlaceRow
from gallery.values import Sighting

ADDRESS = "rtsp://door:s3cret@camera.example/live"


@pytest.fixture
def door(gallery, store, enrol, now):
    enrol(gallery, "Ada", 1, groups=["class"])
    with store.atomic() as step:
        number = groups.number_of(step, "class")
        return places.insert(
            step,
            gallery.sealer,
            " Door ",
            "camera",
            at=now,
            address=ADDRESS,
            site="north",
            group_id=number,
            target_fpir=0.01,
        )


def test_a_place_is_told_in_full(door, store, gallery, now):
    """What was given is what is shown; the address opens with the key, and is in no file."""
    with store.reading() as view:
        assert (door, None) == (places.named(view, "Door"), places.named(view, "door"))
        assert ADDRESS == places.open_address(view, gallery.sealer, door.id)
    assert ("Door", "camera", "north", "class", 0.01, now, True) == (
        door.name, door.kind, door.site, door.group, door.target_fpir, door.created, door.active,
    )  # fmt: skip
    assert not any(b"s3cret" in each for each in contents(store.home).values())


def test_an_address_outlives_a_new_key(door, store, gallery, now):
    """After the key was rotated the address opens."""
    gallery.vault.rotate(at=now, by="t")
    with store.reading() as view:
        assert ADDRESS == places.open_address(view, gallery.sealer, door.id)


def test_names_are_unique_and_kinds_known(door, store, now):
    """A second place of the name, another kind, no name: refused."""
    for name, kind, error in ((door.name, "kiosk", Conflict), ("x", "window", Conflict), (" ", "kiosk", PersonInvalid)):
        with pytest.raises(error), store.atomic() as step:
            places.insert(step, None, name, kind, at=now)


def test_a_place_that_a_sighting_names_stays(door, store, gallery, now):
    """It can be put out of use, but not deleted; without a sighting it can; its group lives as long as it does."""
    with store.atomic() as step:
        sightings.add(step, [Sighting(now, "camera", "Door", "unknown", "e", place=door.id)])
        places.set_active(step, door.id, active=False)
    with pytest.raises(Conflict), store.atomic() as step:
        step.execute(delete(PlaceRow))
    gallery.remove("Ada", at=now, by="t")
    with store.reading() as view:
        (found,) = places.all_places(view)
        assert (False, "class", ["class"]) == (found.active, found.group, groups.names(view))


def test_a_kiosk_without_an_address(store, gallery, now):
    """Where no address is given none is kept, and no key is needed."""
    with store.atomic() as step:
        made = places.insert(step, None, "hall", "kiosk", at=now)
        assert (None, False) == (places.open_address(step, gallery.vault, made.id), places.any_address(step))


def test_parts_are_changed(door, store, gallery):
    """What is named changes; another address opens instead of the first, and one taken away is none."""
    with store.atomic() as step:
        places.change(step, door.id, site=None, target_fpir=0.5)
        places.set_address(step, gallery.sealer, door.id, "0")
        (found,) = places.all_places(step)
        assert (None, "class", 0.5) == (found.site, found.group, found.target_fpir)
        assert "0" == places.open_address(step, gallery.sealer, door.id)
        places.set_address(step, None, door.id, None)
        assert (None, False) == (places.open_address(step, gallery.sealer, door.id), places.any_address(step))


def test_a_place_may_be_an_entrance_or_an_exit(door, store, now):
    """Which way people go there is told where it is known, and changes; another word is refused."""
    with store.atomic() as step:
        way_out = places.insert(step, None, "gate", "kiosk", at=now, direction="out")
        places.change(step, door.id, direction="in")
        assert [("Door", "in"), ("gate", "out")] == [(each.name, each.direction) for each in places.all_places(step)]
        places.change(step, way_out.id, direction=None)
        assert (None, None) == (door.direction, places.named(step, "gate").direction)
    with pytest.raises(Conflict), store.atomic() as step:
        places.change(step, door.id, direction="up")


def test_a_place_goes_unless_a_sighting_names_it(door, store, now):
    """Without a sighting it can be removed; with one it is recorded, and stays."""
    with store.atomic() as step:
        other = places.insert(step, None, "hall", "kiosk", at=now)
        sightings.add(step, [Sighting(now, "camera", "Door", "unknown", "e", place=door.id)])
        assert [True, False] == [places.is_recorded(step, each.id) for each in (door, other)]
        assert {door.id: "Door", other.id: "hall"} == places.names(step, {door.id, other.id, 99})
        assert {} == places.names(step, set())
        places.remove(step, other.id)
    with pytest.raises(Conflict), store.atomic() as step:
        places.remove(step, door.id)
    with store.reading() as view:
        assert [door] == places.all_places(view)
