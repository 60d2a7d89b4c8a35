"""The seams: another search and another vault plug in, and the gallery asks nothing else of a database."""

import numpy as np
import pytest

from gallery import Database, Gallery, GalleryIndex, Hit, TemplateAltered, open_database
from gallery.backup import backup
from gallery.values import Templates


class NaiveSearch:
    """Compares a probe with every template, one by one."""

    def __init__(self, dim: int) -> None:
        self.dim, self.held = dim, {}

    def add(self, template_id, person_id, vector, cohort_mean):
        self.held[template_id] = (person_id, np.asarray(vector, np.float64), float(cohort_mean))

    def extend(self, new: Templates) -> None:
        for row in zip(new.ids.tolist(), new.people.tolist(), new.vectors, new.cohort_means, strict=True):
            self.add(*row)

    def remove(self, template_id):
        del self.held[template_id]

    def drop(self, template_ids):
        for template in template_ids:
            self.remove(template)

    @property
    def owners(self):
        return np.array(list(self.held), np.int64), np.array([each[0] for each in self.held.values()], np.int64)

    @property
    def people(self):
        return {each[0] for each in self.held.values()}

    def templates_of(self, people):
        return {template: each[0] for template, each in self.held.items() if each[0] in people}

    def search(self, vectors, cohort_means, *, people=5, allowed=None):
        return [
            self._one(np.asarray(v, np.float64), m, people, allowed) for v, m in zip(vectors, cohort_means, strict=True)
        ]

    def _one(self, probe, mean, people, allowed):
        best = {}
        for template, (person, vector, own) in sorted(self.held.items()):
            cosine = float(vector @ probe)
            hit = Hit(person, template, cosine - (own + mean) / 2, cosine)
            if (allowed is None or person in allowed) and (person not in best or hit.score > best[person].score):
                best[person] = hit
        return sorted(best.values(), key=lambda hit: (-hit.score, hit.person_id))[:people]

    def size(self, allowed=None):
        held = {person for person, *_ in self.held.values()}
        return len(held if allowed is None else held & set(allowed))


class ReversingVault:
    """Seals by writing backwards, with the place in front: nothing is secret, but nothing opens elsewhere."""

    def unlock(self):
        return self

    def seal(self, plain, *, person, pipeline_id, purpose):
        return f"{person}/{pipeline_id}/{purpose}\n".encode() + plain[::-1]

    def open(self, sealed, *, person, pipeline_id, purpose):
        place, _, plain = sealed.partition(b"\n")
        if place != f"{person}/{pipeline_id}/{purpose}".encode():
            raise TemplateAltered(purpose, "the sealed value does not open")
        return plain[::-1]

    def rotate(self, **_):
        return 0


def test_another_search_gives_the_same(gallery, enrol, vector, now):
    """An index made on another search follows the gallery and finds the same people with the same scores."""
    ours, naive = GalleryIndex(gallery), GalleryIndex(gallery, make=NaiveSearch)
    for seed in range(8):
        enrol(gallery, f"p{seed % 5}", seed, groups=["odd"] if seed % 2 else [])
    steps = [lambda: None, lambda: gallery.remove("p3", at=now, by="t"), lambda: enrol(gallery, "late", 30)]
    for step in steps:
        step()
        assert (True, True) == (ours.refresh(), naive.refresh())
        for group in (None, "odd"):
            assert ours.size(group) == naive.size(group)
            for seed in range(12):
                given = (vector(seed)[np.newaxis], [0.1])
                found, expected = (index.search(*given, people=3, group=group)[0] for index in (ours, naive))
                assert [hit.template_id for hit in expected] == [hit.template_id for hit in found]
                assert [hit.score for hit in expected] == pytest.approx([hit.score for hit in found])


def test_another_vault_keeps_the_gallery(store, home, enrol, now):
    """A gallery with another vault enrols, merges, opens and is sound, without a key file."""
    gallery = Gallery(store, "e", vault=ReversingVault())
    for seed, name in enumerate(("Ada", "Bob", "Ada L.")):
        enrol(gallery, name, seed, crop=b"crop")
    gallery.merge("Ada L.", "Ada", at=now, by="t")

    assert ([], 3) == (gallery.verify(), len(gallery.load().ids))
    assert {b"crop"} == {gallery.crop(each) for each in gallery.load().ids.tolist()}
    assert not (home / "key").exists()


def test_the_gallery_asks_what_the_port_names(gallery, enrol, home, now, tmp_path):
    """A database with nothing but what `Database` names is enough for everything that a gallery does."""
    named = {name for name in dir(Database) if not name.startswith("_")}
    full = gallery.store

    class Narrow:
        def __getattr__(self, name):
            if name not in named:
                raise AssertionError(f"{name} is not in the port")
            return getattr(full, name)

    narrow = Gallery(Narrow(), "e")
    enrol(narrow, "Ada", 1, crop=b"crop", groups=["g"])
    enrol(narrow, "Bob", 2)
    narrow.remember_lookalike("Ada", "Bob", 0.4, at=now, by="t")
    narrow.rename("Ada", "Ada L.", at=now, by="t")
    narrow.export(tmp_path / "archive", at=now, passphrase="a long enough one")  # noqa: S106
    backup(narrow.store, narrow.vault, tmp_path / "backup", at=now)
    index = GalleryIndex(narrow)
    index.refresh()
    narrow.vault.rotate(at=now, by="t")
    narrow.remove("Bob", at=now, by="t")

    assert (True, 1, []) == (index.refresh(), index.size("g"), narrow.repair(at=now, by="t"))
    assert 1 == narrow.stats().people
    with open_database(home) as store:
        assert [] == Gallery(store, "e").verify()
