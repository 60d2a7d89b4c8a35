"""Rows of one piece: whatever multiplies them, the same are proposed, and FAISS is loaded where it is needed alone."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery import Index, Templates
from gallery.search.kept import FEW, FlatRows

WIDTH = 5


def rows_of(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 9), min_size=1, max_size=6),
    st.integers(0, 30),
    st.integers(1, 20),
    st.none() | st.lists(st.booleans(), min_size=64, max_size=64),
    st.integers(1, 20),
)
def test_numpy_and_faiss_propose_the_same(seed, parts, left, width, mask, probes):
    """Added in whatever parts, some cut off again, inside a mask or not: the naive order of inner products."""
    kept = [FlatRows(WIDTH, few) for few in (0, 3, FEW)]
    values = [rows_of(seed + at, count) for at, count in enumerate(parts)]
    queries, inside = rows_of(seed + 99, probes), None if mask is None else np.array(mask)
    for each in kept:
        for part in values:
            each.add(part)
        each.cut(left)
    there = np.concatenate(values)[:left]
    allowed = [at for at in range(len(there)) if inside is None or inside[at]]
    width = min(width, len(allowed))

    for each in kept:
        assert (len(there), WIDTH * 4) == (each.ntotal, each.code_size)
        np.testing.assert_array_equal(there, np.ascontiguousarray(each.bytes()).view(np.float32).reshape(-1, WIDTH))
        if not width:
            continue
        scores, rows = each.nearest(queries, width, inside)
        for probe, (found, order) in enumerate(zip(scores, rows, strict=True)):
            products = {at: float(there[at].astype(np.float64) @ queries[probe]) for at in allowed}
            assert sorted(allowed, key=lambda at: -products[at])[:width] == order.tolist()
            np.testing.assert_allclose(found, [products[at] for at in order.tolist()], atol=1e-5)


@pytest.mark.parametrize("few", [0, 4, FEW])
def test_a_row_is_changed_in_place_and_copied_as_bytes(few):
    """What is written into the bytes is what is searched; another takes them as they are."""
    first, second = FlatRows(WIDTH, few), FlatRows(WIDTH, few)
    first.add(rows_of(1, 4))
    first.bytes()[0] = first.bytes()[3]
    second.add_bytes(first.bytes())

    np.testing.assert_array_equal(first.bytes(), second.bytes())
    assert {0, 3} == set(second.nearest(rows_of(1, 4)[3:], 2, None)[1][0].tolist())


@pytest.mark.parametrize("few", [0, 3, 7, 50])
def test_the_hits_are_the_same_in_every_digit(few):
    """An index that FAISS multiplies from so many rows on finds whom one finds that never loads it."""
    values = rows_of(3, 60)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    numbers = np.arange(60)
    rows = Templates(numbers, numbers // 2, values, np.linspace(-0.4, 0.4, 60, dtype=np.float32))
    one, other = Index(WIDTH, a_block=8), Index(WIDTH, a_block=8, few=few)
    for each in (one, other):
        each.extend(rows)
        each.drop([4, 9, 59])

    for allowed in (None, {1, 2, 20}):
        assert one.search(values[:5], np.zeros(5), allowed=allowed) == other.search(
            values[:5], np.zeros(5), allowed=allowed
        )


@pytest.mark.parametrize(("rows", "loaded"), [(FEW, False), (FEW + 1, True)])
def test_few_people_are_searched_without_faiss(rows, loaded):
    """FAISS is loaded for the first row too many, not for one fewer."""
    code = (
        "import sys, numpy as np\nfrom gallery import Index, Templates\n"
        f"n = np.arange({rows})\nindex = Index(4)\n"
        "index.extend(Templates(n, n, np.ones((len(n), 4), np.float32) / 2, np.zeros(len(n), np.float32)))\n"
        "assert index.search(np.ones((1, 4), np.float32) / 2, [0.0])\nprint('faiss' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"{loaded}\n" == done.stdout
