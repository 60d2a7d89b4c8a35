"""The index: exactly what a naive search over all templates finds, whatever was added, removed or merged."""

import hashlib
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gallery import (
    Database,
    Gallery,
    GalleryIndex,
    Index,
    TemplateAltered,
    TemplateInvalid,
    Templates,
    WrongEncoder,
    open_database,
)
from gallery.schema import Template

AT = datetime(2026, 3, 2, tzinfo=UTC)


def naive(rows, probe, mean, people=5, allowed=None):
    """Score every template one by one; best of each person, best first: (person, template, score)."""
    best = {}
    for template, person, vector, cohort_mean in rows:
        if allowed is not None and person not in allowed:
            continue
        cosine = sum(float(a) * float(b) for a, b in zip(vector, probe, strict=True))
        score = cosine - (float(np.float32(cohort_mean)) + mean) / 2
        if person not in best or (-score, template) < (-best[person][1], best[person][0]):
            best[person] = (template, score)
    ranked = sorted(((-score, person, template) for person, (template, score) in best.items()))[:people]
    return [(person, template, -score) for score, person, template in ranked]


def agree(expected, hits) -> None:
    """The same people, templates and scores; where scores are equal to the last digits, in any order."""
    assert len(expected) == len(hits)
    np.testing.assert_allclose([score for *_, score in expected], [hit.score for hit in hits], atol=1e-12)
    last = expected[-1][2] if expected else 0
    settled = {(p, t) for p, t, score in expected if score > last + 1e-9}
    assert settled <= {(hit.person_id, hit.template_id) for hit in hits}
    assert len({hit.person_id for hit in hits}) == len(hits)


def unit(values) -> np.ndarray:
    return (values / np.linalg.norm(values)).astype(np.float32)


def made(seed: int, people: list[int], dim: int = 8, *, coarse: bool = False):
    """Templates of these people, with many exact ties when coarse."""
    chance = np.random.default_rng(seed)
    rows = []
    for number, person in enumerate(people):
        values = chance.integers(-1, 2, dim) + 1e-9 if coarse else chance.normal(size=dim)
        mean = float(chance.choice([0.0, 0.25])) if coarse else float(np.float32(chance.uniform(-0.2, 0.4)))
        rows.append((number + 10, person, unit(values + (0 if np.any(values) else 1)), mean))
    return rows


def filled(rows, dim: int = 8) -> Index:
    index = Index(dim)
    for row in rows:
        index.add(*row)
    return index


@given(
    st.integers(0, 10_000), st.lists(st.integers(1, 12), max_size=60), st.integers(1, 9), st.booleans(),
    st.none() | st.sets(st.integers(1, 14)),
)  # fmt: skip
def test_a_search_finds_what_a_naive_one_finds(seed, people, wanted, coarse, allowed):
    """Any templates, any number of people asked for, any group, with and without ties: as the naive search."""
    rows = made(seed, people, coarse=coarse)
    probes = [unit(row[2] + np.float32(0.1)) for row in made(seed + 1, [1, 2, 3], coarse=coarse)]
    found = filled(rows).search(np.stack(probes), [0.1, 0.2, -0.3], people=wanted, allowed=allowed)

    for probe, mean, hits in zip(probes, [0.1, 0.2, -0.3], found, strict=True):
        agree(naive(rows, probe, mean, wanted, allowed), hits)


def test_hits_are_ranked_and_ties_go_by_person():
    """Best first; people with the very same template are ordered by id."""
    vector = unit(np.arange(1, 9))
    rows = [(n, 100 - n, vector, 0.1) for n in range(1, 20)]
    (hits,) = filled(rows).search(vector[None], [0.1], people=7)

    assert list(range(81, 88)) == [hit.person_id for hit in hits]
    assert {0.9} == {round(hit.score, 6) for hit in hits}


def test_ties_beyond_the_first_look_are_seen():
    """Of 200 people with the very same template, added in falling order, those with the lowest ids are named."""
    vector = unit(np.arange(1, 9))
    (hits,) = filled([(n, 300 - n, vector, 0.1) for n in range(200)]).search(vector[None], [0.1], people=7)

    assert list(range(101, 108)) == [hit.person_id for hit in hits]


def test_score_and_cosine_are_those_of_the_design():
    """The score is the cosine less the mean of both cohort means."""
    one, other = unit(np.array([1.0, 1.0, 0, 0])), unit(np.array([1.0, 0, 0, 0]))
    index = Index(4)
    index.add(7, 3, one, 0.3)
    ((hit,),) = index.search(other[None], [0.1])

    assert (3, 7) == (hit.person_id, hit.template_id)
    np.testing.assert_allclose([2**-0.5, 2**-0.5 - 0.2], [hit.cosine, hit.score], atol=1e-7)


@pytest.mark.parametrize("group", [None, "all"])
def test_a_person_with_many_templates_crowds_nobody_out(group):
    """With 500 near templates of one person the next four people are found all the same."""
    base = unit(np.arange(1, 9))
    chance = np.random.default_rng(1)
    rows = [(n, 1, unit(base + chance.normal(size=8) * 0.01), 0.1) for n in range(500)]
    rows += [(500 + n, 2 + n, unit(base + chance.normal(size=8) * 0.5), 0.1) for n in range(40)]
    allowed = None if group is None else set(range(1, 42))
    (hits,) = filled(rows).search(base[None], [0.1], people=5, allowed=allowed)

    agree(naive(rows, base, 0.1), hits)
    assert 5 == len(hits)


def naive_scores(rows, person, others) -> list[float]:
    """One by one, the lowest template id of each, by person id."""
    first = {}
    for _, owner, vector, mean in sorted(rows, key=lambda row: row[0]):
        first.setdefault(owner, (vector, mean))
    own, own_mean = first[person]
    wanted = [first[other] for other in sorted(first) if other in others and other != person]
    return [float(own @ vector) - (own_mean + mean) / 2 for vector, mean in wanted]


@given(st.integers(0, 10_000), st.lists(st.integers(1, 12), min_size=2, max_size=60), st.sets(st.integers(1, 14)))
def test_scores_with_others_are_the_naive_ones(seed, people, others):
    """Any templates, also after one was taken out: a person's scores with others, one template each."""
    rows = made(seed, people)
    index = filled(rows)
    gone = rows.pop(seed % (len(rows) - 1))
    index.remove(gone[0])
    person = rows[-1][1]

    found = index.scores_with_others(person, others, 100)
    np.testing.assert_allclose(found, naive_scores(rows, person, others), atol=1e-6)


@pytest.mark.parametrize(("own_mean", "other_mean", "expected"), [(0.2, 0.4, 0.5), (0.4, 0.2, 0.5), (0.0, 0.4, 0.6)])
def test_scores_with_others_are_less_by_both_cohort_means(own_mean, other_mean, expected):
    """Of a cosine of 0.8 half of each cohort mean is taken off, whoever's is the greater."""
    one, other = np.array([1.0, 0, 0, 0], np.float32), np.array([0.8, 0.6, 0, 0], np.float32)
    found = filled([(1, 1, one, own_mean), (2, 2, other, other_mean)], 4).scores_with_others(1, {1, 2}, 5)
    np.testing.assert_allclose(found, [expected], atol=1e-6)


@pytest.mark.parametrize(("probe_mean", "expected"), [(0.4, 0.5), (0.0, 0.7), (-0.4, 0.9)])
def test_a_hit_is_less_by_both_cohort_means(probe_mean, expected):
    """Of a probe's cosine of 0.8 half of its cohort mean is taken off and half of the template's 0.2."""
    one, other = np.array([1.0, 0, 0, 0], np.float32), np.array([0.8, 0.6, 0, 0], np.float32)
    ((hit,),) = filled([(1, 1, one, 0.2)], 4).search(other[None], [probe_mean])
    np.testing.assert_allclose([0.8, expected], [hit.cosine, hit.score], atol=1e-6)


def test_scores_with_others_are_of_so_many_at_most():
    """Of more people than asked for, some from the first to the last by id are compared."""
    rows = made(4, list(range(1, 42)))
    found = filled(rows).scores_with_others(1, set(range(1, 42)), 5)
    whole = naive_scores(rows, 1, set(range(1, 42)))
    np.testing.assert_allclose(found, [whole[at] for at in (0, 10, 20, 29, 39)], atol=1e-6)


def test_scores_of_nobody_are_a_key_error():
    """A person without a template has no scores."""
    with pytest.raises(KeyError):
        filled(made(4, [1, 2])).scores_with_others(3, {1, 2}, 5)


def test_a_high_cohort_mean_is_counted():
    """A template of a crowded region loses to a slightly less alike one of a lonely region."""
    probe = unit(np.array([1, 0, 0, 0.0]))
    rows = [(1, 1, unit(np.array([1, 0.1, 0, 0])), 0.6), (2, 2, unit(np.array([1, 0.5, 0, 0])), 0.1)]
    (hits,) = filled(rows, 4).search(probe[None], [0.2])

    assert [2, 1] == [hit.person_id for hit in hits]


def test_a_removed_template_is_not_found():
    """After removing some, the search is that of the rest, and ids stay with their people."""
    rows = made(3, [n % 7 for n in range(40)])
    index = filled(rows)
    for row in rows[::3]:
        index.remove(row[0])
    left = [row for row in rows if row not in rows[::3]]
    for probe in made(4, [0] * 5):
        agree(naive(left, probe[2], 0.1), index.search(probe[2][None], [0.1])[0])

    assert (len(left), {row[1] for row in left}) == (index.templates, index.people)
    with pytest.raises(KeyError):
        index.remove(rows[0][0])


def test_an_empty_index_finds_nobody():
    """No templates, nobody allowed, or nobody asked for: no hits, one empty list a probe."""
    probe = unit(np.arange(1, 9))[None]
    index = filled(made(1, [1, 2]))

    assert [[]] == Index(8).search(probe, [0.1])
    assert [[]] == index.search(probe, [0.1], allowed=set())
    assert [[]] == index.search(probe, [0.1], allowed={99})
    assert [[]] == index.search(probe, [0.1], people=0)
    assert [] == index.search(probe[:0], [])


@pytest.mark.parametrize(
    ("probes", "means"),
    [
        (np.full((1, 8), np.nan, np.float32), [0.1]),
        (np.full((1, 8), np.inf, np.float32), [0.1]),
        (np.ones((1, 8), np.float32), [np.nan]),
        (np.ones((1, 7), np.float32), [0.1]),
        (np.ones(8, np.float32), [0.1]),
        (np.ones((2, 8), np.float32), [0.1]),
    ],
)
def test_a_senseless_probe_is_refused(probes, means):
    """NaN, infinity or a wrong shape is refused before anything is compared."""
    with pytest.raises(TemplateInvalid):
        filled(made(1, [1, 2])).search(probes, means)


def test_senseless_templates_are_refused():
    """NaN, another dimension or an id that is there: refused, and the index is as before."""
    index = filled(made(1, [1, 2]))
    with pytest.raises(TemplateInvalid):
        index.add(99, 1, np.full(8, np.nan), 0.1)
    with pytest.raises(WrongEncoder):
        index.add(99, 1, unit(np.arange(1, 8)), 0.1)
    with pytest.raises(ValueError, match="new template ids"):
        index.add(10, 1, unit(np.arange(1, 9)), 0.1)

    assert 2 == index.templates


def test_a_batch_finds_what_single_probes_find():
    """Probes searched together or one by one give the same hits, also where FAISS takes another path."""
    rows = made(5, [n % 50 for n in range(200)], 16)
    probes = np.stack([row[2] for row in made(6, [0] * 40, 16)])
    index = filled(rows, 16)
    means = np.linspace(-0.2, 0.3, 40)

    assert [index.search(p[None], [m])[0] for p, m in zip(probes, means, strict=True)] == index.search(probes, means)


def test_many_at_once_or_one_by_one_is_the_same():
    """Adding in one go gives the index that adding one by one gives."""
    rows = made(7, [n % 9 for n in range(30)])
    columns = list(zip(*rows, strict=True))
    index = Index(8)
    index.extend(
        Templates(np.array(columns[0]), np.array(columns[1]), np.stack(columns[2]), np.array(columns[3], np.float32))
    )
    probe = unit(np.arange(1, 9))[None]

    assert filled(rows).search(probe, [0.1]) == index.search(probe, [0.1])


# Following a gallery


class FollowsTheGallery(RuleBasedStateMachine):
    """People come, change, merge and go, through two programs; the index equals the naive search throughout."""

    def __init__(self, homes) -> None:
        super().__init__()
        self.homes = homes

    @initialize(seed=st.integers(0, 1000))
    def open(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        home = self.homes.new(filled=True)
        self.stores = [open_database(home), open_database(home)]
        self.galleries = [Gallery(store, "e") for store in self.stores]
        self.index = GalleryIndex(self.galleries[0])
        self.rows: dict[int, tuple[int, np.ndarray, float]] = {}
        self.names: dict[int, str] = {}
        self.left: set[int] = set()
        self.count = 0

    def _pick(self) -> int:
        return int(self.chance.choice(sorted(self.names)))

    @rule(new=st.booleans(), program=st.integers(0, 1), replace=st.booleans(), group=st.booleans())
    def enrol(self, new: bool, program: int, replace: bool, group: bool) -> None:
        self.count += 1
        known = sorted(set(self.names) - self.left)
        name = self.names[int(self.chance.choice(known))] if known and not new else f"p{self.count}"
        vector, mean = unit(self.chance.integers(-2, 3, 6) + 0.5), float(self.chance.choice([0.0, 0.25]))
        result = self.galleries[program].enroll(
            name, vector, mean, quality={}, source="x", source_sha256=hashlib.sha256(bytes([self.count])).hexdigest(),
            replace=replace, groups=["g"] if group else [], at=AT, by="t",
        )  # fmt: skip
        person = result.person.id
        if replace:
            self.rows = {t: row for t, row in self.rows.items() if row[0] != person}
        self.rows[result.template_id] = (person, vector, mean)
        self.names[person] = name

    @precondition(lambda self: self.names)
    @rule(program=st.integers(0, 1))
    def remove(self, program: int) -> None:
        person = self._pick()
        self.galleries[program].remove(person, at=AT, by="t")
        self.rows = {t: row for t, row in self.rows.items() if row[0] != person}
        del self.names[person]
        self.left.discard(person)

    @precondition(lambda self: len(self.names) > 1)
    @rule(program=st.integers(0, 1))
    def merge(self, program: int) -> None:
        source, into = (int(p) for p in self.chance.choice(sorted(self.names), 2, replace=False))
        self.galleries[program].merge(source, into, at=AT, by="t")
        self.rows = {t: (into if p == source else p, v, m) for t, (p, v, m) in self.rows.items()}
        del self.names[source]
        self.left.discard(source)

    @precondition(lambda self: self.names)
    @rule(program=st.integers(0, 1), active=st.booleans())
    def leave_or_return(self, program: int, active: bool) -> None:
        person = self._pick()
        self.galleries[program].set_active(person, active, at=AT, by="t")
        (self.left.discard if active else self.left.add)(person)

    @rule()
    def reload(self) -> None:
        self.index = GalleryIndex(self.galleries[1])

    @rule()
    def refresh(self) -> None:
        self.index.refresh()

    @invariant()
    def the_index_is_the_naive_search(self) -> None:
        self.index.refresh()
        rows = [(t, p, v, m) for t, (p, v, m) in self.rows.items() if p not in self.left]
        probe = unit(self.chance.integers(-2, 3, 6) + 0.5)
        members = self.galleries[1].members("g")

        agree(naive(rows, probe, 0.1, 3), self.index.search(probe[None], [0.1], people=3)[0])
        agree(naive(rows, probe, 0.1, 3, members), self.index.search(probe[None], [0.1], people=3, group="g")[0])
        assert len({row[1] for row in rows}) == self.index.size()
        assert len({row[1] for row in rows} & members) == self.index.size("g")
        assert not self.index.refresh()

    def teardown(self) -> None:
        for store in self.stores:
            store.close()


def test_whatever_happens_the_index_follows(homes):
    """After any history, through two programs, the index equals the naive search."""
    run_state_machine_as_test(
        lambda: FollowsTheGallery(homes), settings=settings(max_examples=10, stateful_step_count=20, deadline=None)
    )


def test_a_refresh_reads_only_what_changed(store, enrol, monkeypatch):
    """After one person more, one template is opened, not all; without a change nothing is read."""
    gallery = Gallery(store, "e")
    for seed in range(10):
        enrol(gallery, f"p{seed}", seed)
    index = GalleryIndex(gallery)
    index.refresh()
    asked = []
    load = gallery.load
    monkeypatch.setattr(gallery, "load", lambda ids=None: asked.append(ids) or load(ids))
    added = enrol(Gallery(store, "e"), "new", 99).template_id

    assert (True, False) == (index.refresh(), index.refresh())
    assert ([[added]], 11) == (asked, index.size())


def test_a_mark_does_not_disturb_the_index(store, enrol, now):
    """Marks leave the generation alone, so a busy door does not make the index look again."""
    from gallery.schema import MarkRow, SessionRow

    gallery = Gallery(store, "e")
    person = enrol(gallery, "Ada", 1).person.id
    index = GalleryIndex(gallery)
    index.refresh()
    with store.atomic() as session:
        session.add(SessionRow(id=1, name="x", kind="named", opens=now, zone="UTC"))
        session.flush()
        row = {"at": now, "entered": now, "by": "t", "method": "manual", "time_known": True, "details": {}}
        session.add(MarkRow(**row, person_id=person, session_id=1, ordinal=1))

    assert not index.refresh()


def _alter(store: Database, template: int) -> None:
    with store.atomic() as session:
        row = session.get(Template, template)
        row.vector = row.vector[:-1] + bytes([row.vector[-1] ^ 1])
        store.bump(session)


def test_an_altered_template_stops_a_strict_index(store, enrol):
    """By default an altered template is refused loudly, and its id is named."""
    gallery = Gallery(store, "e")
    for seed in (1, 2):
        enrol(gallery, f"p{seed}", seed)
    _alter(store, 2)
    with pytest.raises(TemplateAltered, match="do not open: 2"):
        GalleryIndex(gallery).refresh()


def test_a_lenient_index_leaves_it_out_until_repaired(store, enrol, vector):
    """Not strict, the others are found, the altered one is named, and enrolling again with replace heals it."""
    gallery = Gallery(store, "e")
    for seed in (1, 2):
        enrol(gallery, f"p{seed}", seed)
    _alter(store, 2)
    index = GalleryIndex(gallery, strict=False)
    index.refresh()
    before = index.size(), index.altered
    healed = enrol(gallery, "p2", 3, replace=True)
    index.refresh()

    assert ((1, (2,)), (2, ())) == (before, (index.size(), index.altered))
    assert healed.template_id == index.search(vector(3)[None], [0.1])[0][0].template_id


def test_an_empty_gallery_hits_nobody(gallery, vector):
    """Before anybody is enrolled a search gives one empty list a probe, and N is nought."""
    index = GalleryIndex(gallery)
    index.refresh()

    assert ([[], []], 0, 0) == (index.search(np.stack([vector(1)] * 2), [0, 0]), index.size(), index.size("g"))


def test_another_encoders_templates_are_not_searched(store, enrol, vector):
    """An index of one encoder never sees a template of another, even of the same dimension."""
    enrol(Gallery(store, "old"), "Ada", 1)
    index = GalleryIndex(Gallery(store, "new"))
    index.refresh()

    assert (0, [[]]) == (index.size(), index.search(vector(1)[None], [0.1]))


def test_nothing_of_the_index_is_written(home, store, enrol):
    """Building and searching an index leaves no file behind."""
    gallery = Gallery(store, "e")
    enrol(gallery, "Ada", 1)
    before = {path.name for path in home.iterdir()}
    index = GalleryIndex(gallery)
    index.refresh()

    assert before == {path.name for path in home.iterdir()}
