"""The plans: each finds the same people with the same scores, whatever it keeps of the templates."""

from pathlib import Path
from types import SimpleNamespace

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery import Gallery, GalleryIndex, Index, TemplateAltered, Templates
from gallery.schema import Template
from gallery.search import coded as coded_module
from gallery.search import plans
from gallery.search.coded import CodedIndex, multiplies
from gallery.search.measured import measure

BLOCK = 8


def unit(values) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


def made(seed: int, people: list[int], dim: int, *, spiky: bool = False, coarse: bool = False) -> Templates:
    """Templates of these people; spiky ones lie along one number, coarse ones tie exactly."""
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(len(people), dim))
    if coarse:
        vectors = chance.integers(-1, 2, size=(len(people), dim)) + 1e-9
    if spiky:
        vectors = np.eye(dim)[chance.integers(dim, size=len(people))]
    means = chance.uniform(-0.4, 0.9, len(people)).astype(np.float32)
    return Templates(np.arange(10, 10 + len(people)), np.array(people, np.int64), unit(vectors), means)


def opener(rows: Templates, gone: set[int] = frozenset()):
    """What opens rows by their ids, as the gallery does."""

    def opened(ids):
        assert sorted(ids) == list(ids)
        kept = [at for at, each in enumerate(rows.ids.tolist()) if each in set(ids) - gone]
        return Templates(rows.ids[kept], rows.people[kept], rows.vectors[kept], rows.cohort_means[kept])

    return opened


def both(rows: Templates, dim: int) -> tuple[Index, CodedIndex]:
    """The two plans over the same rows, in pieces of eight."""
    pair = Index(dim, a_block=BLOCK), CodedIndex(dim, opener(rows), a_block=BLOCK)
    for each in pair:
        each.width = 1  # so that a search has to look on
        each.extend(rows)
    return pair


@given(
    st.integers(0, 10_000), st.lists(st.integers(1, 12), min_size=1, max_size=70), st.integers(1, 9),
    st.sampled_from(["plain", "spiky", "coarse"]), st.none() | st.sets(st.integers(1, 14)),
    st.sets(st.integers(0, 69), max_size=40),
)  # fmt: skip
def test_bytes_find_what_floats_find(seed, people, wanted, kind, allowed, gone):
    """Any templates, some taken out again, any scope, ties or none: the same hits in every digit."""
    rows = made(seed, people, 20, spiky=kind == "spiky", coarse=kind == "coarse")
    exact, coded = both(rows, 20)
    out = [int(rows.ids[at]) for at in sorted(gone) if at < len(people)]
    for each in (exact, coded):
        each.drop(out)
    probes = made(seed + 1, [0] * 3, 20, coarse=kind == "coarse").vectors
    given = (probes, [0.1, 0.5, -0.3])
    scope = None if allowed is None else frozenset(allowed)

    expected = exact.search(*given, people=wanted, allowed=scope)
    assert expected == coded.search(*given, people=wanted, allowed=scope)
    assert exact.size(scope) == coded.size(scope)
    assert sorted(zip(*map(np.ndarray.tolist, exact.owners), strict=True)) == sorted(
        zip(*map(np.ndarray.tolist, coded.owners), strict=True)
    )


@given(st.integers(0, 10_000), st.lists(st.integers(1, 12), min_size=1, max_size=40), st.booleans(), st.integers(1, 5))
def test_pieces_find_what_a_naive_search_finds(seed, people, spiky, wanted):
    """However many pieces the rows lie in, with single templates taken out, each score is compared one by one."""
    rows = made(seed, people, 12, spiky=spiky)
    exact, _ = both(rows, 12)
    exact.remove(10 + seed % len(people))
    probe = made(seed + 1, [0], 12).vectors[0]
    best: dict[int, float] = {}
    for number, (vector, mean) in enumerate(zip(rows.vectors, rows.cohort_means.tolist(), strict=True)):
        if number != seed % len(people):
            score = sum(float(a) * float(b) for a, b in zip(vector, probe, strict=True)) - (mean + 0.2) / 2
            best[people[number]] = max(score, best.get(people[number], score))

    (hits,) = exact.search(probe[np.newaxis], [0.2], people=wanted)
    np.testing.assert_allclose([hit.score for hit in hits], sorted(best.values())[::-1][:wanted], atol=1e-6)
    assert {hit.person_id for hit in hits} <= best.keys()


@pytest.mark.parametrize("dim", [12, 20, 62, 384, 511])
@pytest.mark.parametrize("spiky", [False, True])
def test_no_byte_errs_by_more_than_its_row_says(dim, spiky):
    """What rounding may do to a product with a probe is never above what is kept of each row, and small."""
    rows = made(3, list(range(300)), dim, spiky=spiky)
    _, coded = both(rows, dim)
    probes = np.concatenate([made(4, [0] * 5, dim).vectors, rows.vectors[:5]])
    for probe in probes:
        scores, order = coded._blocks.nearest(coded._asked(probe[np.newaxis]), 300)
        exact = rows.vectors[order[0]].astype(np.float64) @ probe - rows.cohort_means[order[0]] / 2
        assert (np.abs(scores[0] - exact) <= coded._errors(order[0]) + 1e-5).all()

    assert 0 < coded._worst < 0.03
    assert coded._worst == coded._errors(np.arange(300)).max()


def test_a_row_that_is_gone_hides_nobody():
    """Somebody whose templates do not exist any more is not found, and whoever comes after them is."""
    rows = made(5, list(range(40)), 16)
    coded = CodedIndex(16, opener(rows, {10, 11}), a_block=BLOCK)
    coded.extend(rows)
    (hits,) = coded.search(rows.vectors[:1], [0.0], people=40)

    assert set(range(2, 40)) == {hit.person_id for hit in hits}


@given(st.integers(0, 10_000), st.lists(st.integers(1, 12), min_size=2, max_size=60), st.sets(st.integers(1, 14)))
def test_scores_with_others_are_the_same(seed, people, others):
    """Whichever the plan, a person's scores with others are the same in every digit; None is everybody."""
    exact, coded = both(made(seed, people, 20), 20)
    for asked in (frozenset(others), None):
        expected = exact.scores_with_others(people[0], asked, 6)
        np.testing.assert_array_equal(expected, coded.scores_with_others(people[0], asked, 6))
    np.testing.assert_array_equal(
        exact.scores_with_others(people[0], None, 100), exact.scores_with_others(people[0], set(range(1, 13)), 100)
    )


def test_bytes_take_a_quarter():
    """Of the encoder's 384 numbers, a template takes little more than as many bytes."""
    exact, coded = both(made(6, list(range(100)), 384), 384)

    assert (100 * 385 * 4, 100 * 404) == (exact.bytes, coded.bytes)


@pytest.mark.parametrize("dim", [6, 14, 22, 30, 46, 62, 94, 382, 384, 400, 510])
def test_bytes_are_multiplied_as_they_should_be(dim):
    """At whatever width the numbers come to, multiples of 16, 32 and 64 among them, FAISS keeps probes as they are."""
    assert multiplies(dim)


def test_bytes_are_not_relied_on_where_they_are_multiplied_wrongly(monkeypatch):
    """Where FAISS rounds probes, templates are kept as they are, and the plan says so."""
    direct = faiss.ScalarQuantizer.QT_8bit_direct_signed
    wrong = faiss.IndexScalarQuantizer(64, direct, faiss.METRIC_INNER_PRODUCT)
    rounding = SimpleNamespace(add=wrong.add, search=lambda probes, count: wrong.search(np.rint(probes), count))
    monkeypatch.setattr(coded_module, "_empty", lambda _: rounding)
    multiplies.cache_clear()
    plan, search = plans.empty("exact8", 10, 62, opener(made(1, [1], 62)))
    multiplies.cache_clear()

    assert ("exact", Index) == (plan, type(search))


# Which plan


@pytest.mark.parametrize(
    ("templates", "available", "a_template_ms", "expected"),
    [
        (20_000, 0, 1.0, "exact"),
        (20_001, None, 0.0, "exact"),
        (100_000, 700_000_000, 0.00009, "exact"),
        (100_000, 600_000_000, 0.00009, "exact8"),
        (100_000, 700_000_000, 0.00011, "exact8"),
        (1_000_000, 64_000_000_000, 0.00006, "exact8"),
    ],
)
def test_the_plan_goes_by_size_memory_and_time(monkeypatch, templates, available, a_template_ms, expected):
    """Few are kept as they are; more too, as long as they take a quarter of the memory and ten milliseconds."""
    monkeypatch.setattr(plans, "memory_available", lambda: available)
    monkeypatch.setattr(plans, "milliseconds", lambda _: a_template_ms)

    assert expected == plans.chosen(templates, 384)


def test_a_template_takes_time_and_a_computer_has_memory():
    """What is measured here is above nothing, and less than all memory in the world."""
    assert 0 < plans.milliseconds(384) < 1
    assert plans.memory_available() is None or 0 <= plans.memory_available() < 1e14


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch):
    """What is left to the container decides where it is less than the computer's; without a limit it does not."""
    monkeypatch.setattr(plans, "_CGROUP", tmp_path)
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.max").write_text("1000\n")
    limited = plans.memory_available()
    (tmp_path / "memory.max").write_text("max\n")

    assert (300, True) == (limited, plans.memory_available() != 300)


@pytest.mark.parametrize("plan", ["exact", "exact8"])
def test_a_gallery_is_searched_as_it_is_told(store, enrol, vector, plan):
    """A plan that is named is the plan, and it finds who is there, also in a group and after somebody has left."""
    gallery = Gallery(store, "e")
    for seed in range(6):
        enrol(gallery, f"p{seed}", seed, groups=["odd"] if seed % 2 else [])
    index = GalleryIndex(gallery, plan=plan)
    index.refresh()
    first = index.search(vector(2)[np.newaxis], [0.1])[0][0].person_id
    grouped = index.search(vector(2)[np.newaxis], [0.1], group="odd")[0]
    gallery.remove("p2", at=gallery.find("p1").created, by="t")
    index.refresh()

    assert (plan, gallery.find("p1").id + 1) == (index.plan, first)
    assert {gallery.find(f"p{seed}").id for seed in (1, 3, 5)} == {hit.person_id for hit in grouped}
    assert first not in {hit.person_id for hit in index.search(vector(2)[np.newaxis], [0.1], people=6)[0]}
    assert (5, 3, 5) == (index.size(), index.size("odd"), len(index.template_ids()))


def test_another_plan_is_taken_once_a_gallery_has_outgrown_its_own(store, enrol, vector, monkeypatch):
    """Whoever begins small and grows is searched by bytes from when floats do not fit any more."""
    monkeypatch.setattr(plans, "FEW", 2)
    monkeypatch.setattr(plans, "memory_available", lambda: 0)
    gallery = Gallery(store, "e")
    index = GalleryIndex(gallery)
    found = []
    for seed in range(6):
        enrol(gallery, f"p{seed}", seed)
        index.refresh()
        found.append((index.plan, index.search(vector(seed)[np.newaxis], [0.1])[0][0].person_id))

    assert [("exact", n) for n in range(1, 5)] + [("exact8", n) for n in (5, 6)] == found


def test_a_template_that_was_altered_since_stops_a_search_by_bytes(store, enrol, vector):
    """What does not open when it is scored is never passed over in silence."""
    gallery = Gallery(store, "e")
    for seed in range(3):
        enrol(gallery, f"p{seed}", seed)
    index = GalleryIndex(gallery, plan="exact8")
    index.refresh()
    with store.atomic() as session:
        row = session.get(Template, 2)
        row.vector = row.vector[:-1] + bytes([row.vector[-1] ^ 1])

    with pytest.raises(TemplateAltered, match="do not open: 2"):
        index.search(vector(1)[np.newaxis], [0.1])


# What it loses


class Forgetful(Index):
    """Does not see every second person."""

    def search(self, vectors, cohort_means, *, people=5, allowed=None):  # noqa: ARG002 - as the others have it
        seen = [[hit for hit in hits if hit.person_id % 2] for hits in super().search(vectors, cohort_means, people=99)]
        return [hits[:people] for hits in seen]


@pytest.mark.parametrize(("make", "lost"), [(None, 0), (Forgetful, 5)])
def test_what_a_search_loses_is_measured(store, enrol, make, lost):
    """By exact plans nobody is lost; of one that does not see half of the people, those are counted."""
    gallery = Gallery(store, "e")
    for seed in range(10):
        enrol(gallery, f"p{seed}", seed)
    found = measure(GalleryIndex(gallery, make=make), probes=100)

    assert (10, 10, 10, lost, lost / 10) == (found.people, found.templates, found.probes, found.lost, found.loss)
    assert f"10 of the gallery's own templates looked for, index loss {lost * 10}.00%" in str(found)


def test_probes_are_drawn_from_all_over(store, enrol, monkeypatch):
    """Of more templates than probes, the first and the last are among those looked for."""
    gallery = Gallery(store, "e")
    for seed in range(10):
        enrol(gallery, f"p{seed}", seed)
    asked, load = [], gallery.load
    index = GalleryIndex(gallery)
    index.refresh()
    monkeypatch.setattr(gallery, "load", lambda ids=None: asked.extend(ids) or load(ids))

    assert (3, [1, 5, 10]) == (measure(index, probes=3).probes, [asked[0], asked[1], asked[2]])


def test_measuring_ends_when_asked(store, enrol):
    """Whoever closes waits for one search at most; nothing enrolled is nothing measured."""
    gallery = Gallery(store, "e")
    empty = measure(GalleryIndex(gallery))
    enrol(gallery, "Ada", 1)

    assert (0, 0) == (empty.probes, measure(GalleryIndex(gallery), ended=lambda: True).probes)
    assert 0 == empty.loss
