"""A gallery searched by its server: the people and scores of a search in memory, and a table that is not sealed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gallery import Gallery, GalleryIndex, open_database
from gallery.errors import PgvectorMissing, TemplateAltered
from gallery.repositories import vectors
from gallery.schema import Template
from gallery.search.measured import measure
from gallery.search.onserver import ServerIndex

GROUP = "Class 1"
STEPS = ("add", "more", "leave", "back", "remove", "merge")


@pytest.fixture(autouse=True)
def with_pgvector(store):
    """Tests of the table need a server that has pgvector."""
    if store.engine != "postgresql":
        return
    with store.reading() as session:
        if not vectors.fits(vectors.version(session)):
            pytest.skip("this server has no pgvector of 0.8.4 or newer")


@pytest.fixture
def served(store, gallery):
    """A gallery on a server; skipped on another engine."""
    if store.engine != "postgresql":
        pytest.skip("vectors are searched by a PostgreSQL server alone")
    return gallery


def both(gallery, probes: np.ndarray, **asked) -> tuple[list, list]:
    """What a search in memory finds, and what the server does, each caught up."""
    means = np.linspace(0.0, 0.3, len(probes)).astype(np.float32)
    found = []
    for index in (GalleryIndex(gallery, plan="exact"), ServerIndex(gallery)):
        index.refresh()
        index.refresh()
        found.append(index.search(probes, means, **asked))
    return found[0], found[1]


def told(hits: list) -> list:
    return [[(hit.person_id, hit.template_id, pytest.approx(hit.score, abs=1e-6)) for hit in each] for each in hits]


def told_plainly(hits: list) -> list:
    return [[(hit.person_id, hit.template_id, hit.score) for hit in each] for each in hits]


@settings(max_examples=8)
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 7)), max_size=14), seed=st.integers(0, 99))
def test_the_server_finds_whom_memory_finds(served, enrol, vector, now, steps, seed):
    """After any history both name the same people, by the same templates, with the same scores."""
    index = ServerIndex(served)
    named = f"{seed}-"
    for number, (step, who) in enumerate(steps):
        _apply(served, enrol, now, step, f"{named}{who}", 1000 * seed + number)
        if number % 3 == 0:
            index.refresh()
    probes = np.stack([vector(each) for each in range(1000 * seed, 1000 * seed + 5)])
    exact, server = both(served, probes)
    assert told(exact) == told_plainly(server)
    index.refresh()
    assert told(exact) == told_plainly(index.search(probes, np.linspace(0.0, 0.3, 5).astype(np.float32)))


def _apply(gallery, enrol, now, step: str, name: str, number: int) -> None:
    known = [each for each in gallery.people(active=None) if each.name == name]
    if step == "add" and not known:
        enrol(gallery, name, number, groups=[GROUP] if number % 2 else [])
    elif step == "more" and known and known[0].active:
        enrol(gallery, name, number, external_id=known[0].external_id)
    elif step in {"leave", "back"} and known:
        gallery.set_active(known[0].id, step == "back", at=now, by="test")
    elif step == "remove" and known:
        gallery.remove(known[0].id, at=now, by="test")
    elif step == "merge" and known:
        others = [each for each in gallery.people() if each.name != name]
        if others:
            gallery.merge(known[0].id, others[0].id, at=now, by="test")


def test_a_group_is_searched_alone(served, enrol, vector):
    """Only members are found, however near others are, and only they are counted."""
    for number in range(12):
        enrol(served, f"P{number}", number, groups=[GROUP] if number % 4 == 0 else [])
    exact, server = both(served, np.stack([vector(1), vector(4)]), group=GROUP, people=3)
    assert told(exact) == told_plainly(server)
    assert [3, 3] == [len(each) for each in server]
    index = ServerIndex(served)
    index.refresh()
    assert (12, 3) == (index.size(), index.size(GROUP))


def test_many_alike_are_told_apart_as_in_memory(served, vector, now):
    """Among templates closer to each other than half precision tells, the best is found all the same."""
    base, chance = vector(1), np.random.default_rng(0)
    for number in range(60):
        near = base + chance.normal(size=len(base)).astype(np.float32) * 1e-4
        near /= np.linalg.norm(near)
        served.enroll(
            f"P{number}", near, 0.0, quality={}, source="x", source_sha256=f"{number:064x}", at=now, by="test"
        )
    exact, server = both(served, base[np.newaxis], people=5)
    assert told(exact) == told_plainly(server)


def test_what_is_filed_is_there_in_the_same_step(served, enrol):
    """Once the table is made, a template and its vector are committed together, and deleted together."""
    ServerIndex(served).refresh()
    ada = enrol(served, "Ada", 1).person
    with served.store.reading() as session:
        assert 1 == vectors.count(session)
        assert {} == vectors.lacking(session, served.pipelines)
    served.remove(ada.id, at=ada.created, by="test")
    with served.store.reading() as session:
        assert 0 == vectors.count(session)


def test_an_erasure_reaches_the_vectors(served, enrol):
    """The table of vectors is among those that are cleaned of whoever was removed."""
    from gallery.postgres.erasing import tables

    ServerIndex(served).refresh()
    enrol(served, "Ada", 1)
    with served.store.reading() as session:
        cleaned = tables(session.connection())
    assert 1 == sum(f".{vectors.TABLE}_" in each for each in cleaned)


def test_what_another_program_filed_is_put_in(served, enrol, vector):
    """A vector that is missing is made from the sealed row before anything is searched."""
    index = ServerIndex(served)
    index.refresh()
    enrol(served, "Ada", 1)
    with served.store.atomic() as session:
        session.execute(text("DELETE FROM attendance_vector"))
        served.store.bump(session)
    index.refresh()
    ((hit,),) = index.search(vector(1)[np.newaxis], [0.0])
    assert pytest.approx(1.0) == hit.cosine


def test_within_a_view_begun_before_nobody_is_missed(served, enrol, vector):
    """A first search in a view that does not see the new table yet finds everybody, and later ones do, too."""
    enrol(served, "Ada", 1)
    index = ServerIndex(served)
    with served.store.reading():
        index.refresh()
        assert 1 == len(index.search(vector(1)[np.newaxis], [0.0])[0])
    index.refresh()
    assert 1 == len(index.search(vector(1)[np.newaxis], [0.0])[0])


def test_an_altered_template_is_not_searched(served, enrol, vector):
    """A sealed row that does not open stops a strict index, and is left out of another."""
    enrol(served, "Ada", 1)
    template = enrol(served, "Bob", 2).template_id
    with served.store.atomic() as session:
        row = session.get(Template, template)
        row.vector = row.vector[:-1] + bytes([row.vector[-1] ^ 1])
        served.store.bump(session)
    with pytest.raises(TemplateAltered):
        ServerIndex(served).refresh()
    lenient = ServerIndex(served).lenient()
    lenient.refresh()
    assert (template,) == lenient.altered
    assert ["Ada"] == [served.find(hit.person_id).name for hit in lenient.search(vector(2)[np.newaxis], [0.0])[0]]


def test_scores_with_others_are_those_of_memory(served, enrol):
    """How alike somebody is to others is told by the sealed rows, as in memory."""
    people = [enrol(served, f"P{number}", number).person.id for number in range(9)]
    exact, server = GalleryIndex(served, plan="exact"), ServerIndex(served)
    for index in (exact, server):
        index.refresh()
    for most in (4, 100):
        expected = exact.scores_with_others(people[3], most=most)
        np.testing.assert_allclose(expected, server.scores_with_others(people[3], most=most), atol=1e-6)


def test_the_table_can_be_dropped(served, enrol):
    """Dropped, no vector lies on the server, and templates are filed as before."""
    ServerIndex(served).refresh()
    enrol(served, "Ada", 1)
    with served.store.atomic() as session:
        assert vectors.drop(session)
        assert not vectors.drop(session)
    enrol(served, "Bob", 2)
    with served.store.reading() as session:
        assert not vectors.is_there(session)


def test_two_pipelines_lie_apart(served, enrol, vector):
    """Templates of another pipeline, whatever its name, lie in a partition of their own and are not found."""
    ServerIndex(served).refresh()
    enrol(served, "Ada", 1)
    other = Gallery(served.store, "it's :another")
    enrol(other, "Bob", 1)
    index = ServerIndex(other)
    index.refresh()
    assert ["Bob"] == [other.find(hit.person_id).name for hit in index.search(vector(1)[np.newaxis], [0.0])[0]]


def test_searching_it_is_measured(served, enrol):
    """The server is asked for the gallery's own templates, and loses none of them."""
    for number in range(30):
        enrol(served, f"P{number}", number)
    found = measure(ServerIndex(served))
    assert ("pgvector", 30, 30, 0) == (found.plan, found.people, found.probes, found.lost)


def test_other_engines_refuse(store, gallery):
    """A home in a file is not searched by a server, and says so in one line."""
    if store.engine == "postgresql":
        pytest.skip("this one has a server")
    with pytest.raises(PgvectorMissing, match="only a database on a PostgreSQL server"):
        ServerIndex(gallery).refresh()


@pytest.mark.parametrize(
    ("version", "usable"),
    [(None, False), ("0.8.3", False), ("0.8.4", True), ("0.8.10", True), ("0.10.0", True), ("1.0", True)],
)
def test_old_versions_are_not_used(version, usable):
    """Versions that may damage or overread are refused; numbers are compared as numbers."""
    assert usable == vectors.fits(version)


def test_a_server_without_it_is_refused(served, monkeypatch):
    """Where the extension is not installed, or too old, the index says what the server has."""
    monkeypatch.setattr(vectors, "version", lambda _: "0.8.1")
    with pytest.raises(PgvectorMissing, match=r"has pgvector 0\.8\.1, and at least 0\.8\.4 is needed"):
        ServerIndex(served).refresh()


def test_rounding_stays_within_the_bound(vector):
    """Half-precision numbers move an inner product by no more than the bound that candidates are settled by."""
    worst = 0.0
    for seed in range(200):
        one, other = vector(seed, 384), vector(seed + 1000, 384)
        rounded = one.astype(np.float16).astype(np.float64) @ other.astype(np.float16).astype(np.float64)
        worst = max(worst, abs(rounded - one.astype(np.float64) @ other))
    assert worst < 2.5 * vectors.DIGITS


def test_vectors_are_written_as_they_are(vector):
    """The text that the server reads holds the numbers far beyond half precision."""
    told = [float(each) for each in vectors.written(vector(5)).strip("[]").split(",")]
    np.testing.assert_allclose(vector(5), told, rtol=1e-5)


def test_a_home_is_opened_beside_the_table(served, enrol, home):
    """The table is no part of the schema: the home opens as before, and a check finds nothing wrong."""
    ServerIndex(served).refresh()
    enrol(served, "Ada", 1)
    with open_database(home) as again:
        assert () == again.check().damage
