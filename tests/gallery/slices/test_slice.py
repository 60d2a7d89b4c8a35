"""A slice holds what a site needs and nothing else; whoever is gone is gone from it, and it grows too old."""

import hashlib
import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select

from gallery import Gallery, GalleryIndex, OfflineOver
from gallery.repositories import sites
from gallery.schema import METADATA, Person, PlaceRow
from gallery.servicetables import AccountRow
from gallery.slices.selection import held
from gallery.slices.slice import Slice


@pytest.fixture
def people(gallery, enrol, now) -> dict[str, int]:
    """Ada is of the north, Bob of the south, Cy of neither."""
    found = {name: enrol(gallery, name, seed).person.id for seed, name in enumerate(("Ada", "Bob", "Cy"), 1)}
    with gallery.store.atomic() as transaction:
        for name in ("North", "South"):
            sites.add(transaction, name, at=now, by="test")
        sites.assign(transaction, found["Ada"], ["North"])
        sites.assign(transaction, found["Bob"], ["South"])
    return found


@pytest.fixture
def north(gallery, people, tmp_path):  # noqa: ARG001  they are there first
    """The slice of another computer, which has a copy of the key."""
    folder = tmp_path / "north"
    folder.mkdir()
    shutil.copy2(gallery.store.home / "key", folder / "key")
    opened = Slice.begin(folder)
    yield opened
    opened.close()


def fill(slice_, gallery, now, site="North"):
    with gallery.store.reading() as transaction:
        return slice_.fill(transaction, site, at=now)


def names(slice_) -> list[str]:
    with slice_.database.reading() as transaction:
        return sorted(transaction.scalars(select(Person.name)))


def test_whom_it_holds(north, gallery, now):
    """A slice holds the people of its site and those of none, with templates that its own vault opens."""
    filled = fill(north, gallery, now)
    own = Gallery(north.database, gallery.pipeline_id, north.vault)
    assert ["Ada", "Cy"] == names(north)
    assert (2, 2, 2) == (filled.people, filled.templates, len(own.load().ids))
    assert gallery.store.meta("home_id") == north.database.meta("home_id")


def test_the_same_ids(north, gallery, people, now, vector):
    """Who is searched in a slice is found under the internal id that the database knows."""
    fill(north, gallery, now)
    index = GalleryIndex(Gallery(north.database, gallery.pipeline_id, north.vault))
    index.refresh()
    ((hit, *_),) = index.search(vector(3)[None], [0.0])
    assert people["Cy"] == hit.person_id
    assert 2 == index.size()


def test_nobody_of_another_site_is_searched(gallery, people, vector):
    """In the whole gallery, too, a site looks for its own people and those of none."""
    index = GalleryIndex(gallery)
    index.refresh()
    ((hit, *_),) = index.search(vector(2)[None], [0.0], site="North")
    assert hit.person_id != people["Bob"]
    assert (2, 3) == (index.size(site="North"), index.size())


@pytest.mark.parametrize("how", ["removed", "inactive", "moved", "template"])
def test_who_is_gone_is_gone_from_the_bytes(north, gallery, people, now, how):
    """After the next filling no byte of a name or of a sealed template is left of whoever is not to be there."""
    fill(north, gallery, now)
    with north.database.reading() as transaction:
        sealed = transaction.scalars(select(METADATA.tables["template"].c.vector).order_by("person_id")).all()[0]
    if how == "removed":
        gallery.remove("Ada", at=now, by="test")
    elif how == "inactive":
        gallery.set_active("Ada", active=False, at=now, by="test")
    elif how == "moved":
        with gallery.store.atomic() as transaction:
            sites.assign(transaction, people["Ada"], ["South"])
    else:
        (only,) = gallery.templates_of("Ada")
        gallery.drop_template("Ada", only.id, at=now, by="test")
    filled = fill(north, gallery, now)
    north.close()
    data = b"".join(each.read_bytes() for each in (north.home / "offline").iterdir())
    assert 1 <= filled.gone
    assert sealed not in data
    assert how == "template" or b"Ada" not in data


def test_an_index_follows_a_filling(north, gallery, people, now):
    """What searches a slice searches it anew after each filling that changed anybody."""
    fill(north, gallery, now)
    index = GalleryIndex(Gallery(north.database, gallery.pipeline_id, north.vault))
    index.refresh()
    gallery.remove("Ada", at=now, by="test")
    fill(north, gallery, now)
    assert index.refresh()
    assert frozenset({people["Cy"]}) == index.people()


def test_what_waits_is_not_filled_over(north, gallery, people, now):
    """A slice in which something was done since is filled again only once that is delivered."""
    fill(north, gallery, now)
    mark(north, people["Cy"], now)
    assert 1 == north.waiting()
    assert None is fill(north, gallery, now)
    from gallery.slices import outbox

    with north.database.reading() as transaction:
        upto = outbox.upto(transaction, north.state)
    north.delivered(upto)
    assert 0 == north.waiting()
    assert None is not fill(north, gallery, now)


def mark(slice_, person, now) -> None:
    from gallery.repositories import events, marks, sessions

    with slice_.database.atomic() as transaction:
        session = sessions.insert(transaction, "2026-03-02", "UTC", now, day=now.date())
        made = marks.add(transaction, person, session.id, at=now, entered=now, by="test", method="face")
        events.record(transaction, at=now, by="test", action="mark.add", subject=made.id)


def test_it_grows_too_old(north, gallery, now):
    """So many days after the last contact nobody is looked for any more, nor with a clock that was put back."""
    fill(north, gallery, now)
    north.refuse_old(now + timedelta(days=6), 7)
    with pytest.raises(OfflineOver):
        north.refuse_old(now + timedelta(days=8), 7)
    with pytest.raises(OfflineOver):
        north.refuse_old(now - timedelta(days=1), 7)


def test_a_clock_put_back_does_not_help(north, gallery, people, now):
    """What was done late in a slice tells that it is old, whatever the clock shows afterwards."""
    fill(north, gallery, now)
    mark(north, people["Cy"], now + timedelta(days=8))
    with pytest.raises(OfflineOver):
        north.refuse_old(now + timedelta(days=1), 7)


def test_none_was_filled(tmp_path, north):
    """A folder without a slice, or with one that was never filled, has none."""
    assert None is Slice.open(tmp_path)
    assert None is Slice.open(north.home)
    with pytest.raises(OfflineOver):
        north.refuse_old(north_now(), 7)


def north_now():
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_another_key(north, gallery, now):
    """After the home's key is changed the slice opens with the new one, once it is filled again."""
    fill(north, gallery, now)
    gallery.vault.rotate(at=now, by="test")
    shutil.copy2(gallery.store.home / "key", north.home / "key")
    filled = fill(north, gallery, now)
    own = Gallery(north.database, gallery.pipeline_id, north.vault)
    assert (2, ()) == (len(own.load().ids), own.load().altered)
    assert 1 <= filled.gone


def test_ids_change_places(north, gallery, now):
    """Two people whose ids were exchanged are told apart in the slice as in the database."""
    fill(north, gallery, now)
    with gallery.store.atomic() as transaction:
        ada, cy = transaction.scalars(select(Person).where(Person.name.in_(("Ada", "Cy"))).order_by(Person.id))
        first, second = ada.external_id, cy.external_id
        ada.external_id = "held"
        transaction.flush()
        cy.external_id = first
        transaction.flush()
        ada.external_id = second
    fill(north, gallery, now)
    with north.database.reading() as transaction:
        found = dict(transaction.execute(select(Person.name, Person.external_id)).all())
    assert {"Ada": second, "Cy": first} == found


def test_what_it_does_not_hold(north, gallery, people, now):
    """No password, note, reason, or address of another site's camera leaves the database for a slice."""
    from gallery.repositories import accounts, places

    with gallery.store.atomic() as transaction:
        accounts.insert(transaction, "Grace", "$argon2id$secret", "admin", at=now)
        places.insert(transaction, gallery.sealer, "Far", "camera", at=now, address="rtsp://far", site="South")
        places.insert(transaction, gallery.sealer, "Near", "camera", at=now, address="rtsp://near", site="North")
        transaction.get_one(Person, people["Ada"]).note = "needs help with stairs"
    fill(north, gallery, now)
    with north.database.reading() as transaction:
        assert [""] == list(transaction.scalars(select(AccountRow.password)))
        found = {row.name: row.address is None for row in transaction.scalars(select(PlaceRow))}
        assert {"Far": True, "Near": False} == found
        assert {""} == set(transaction.scalars(select(Person.note)))
        for table in METADATA.sorted_tables:
            if table.name not in {*held(), "meta", "template_change"}:
                assert [] == transaction.execute(select(table)).all(), table.name


def test_every_table_is_decided_upon():
    """A table is either held by slices, or known to be left out: a new one is thought about."""
    out = {
        "answer", "arrival", "backup", "consent_form", "coverage", "crop", "delivery", "erasure", "event", "excuse",
        "foreign_id", "job", "lease", "meta", "news", "receiver", "second_factor", "sighting_crop",
        "template_change", "worker",
    }  # fmt: skip
    assert set(METADATA.tables) == out | set(held())


def test_digest_of_key_is_not_kept(north, gallery, now):
    """The key of the home is read where it lies, and no copy of it is made in the slice's folder."""
    fill(north, gallery, now)
    Gallery(north.database, gallery.pipeline_id, north.vault).load()
    key = hashlib.sha256((gallery.store.home / "key").read_bytes()).digest()
    digests = [hashlib.sha256(each.read_bytes()).digest() for each in (north.home / "offline").iterdir()]
    assert key not in digests
