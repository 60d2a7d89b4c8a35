"""Versions of what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.service_errors import EditChanged
from attendance.services.versions import refuse_changed, version_of

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), values, min_size=1))
def test_the_order_of_keys_is_none(shown):
    """The same in another order is the same version, of 16 hexadecimal digits."""
    found = version_of(shown)

    assert found == version_of(dict(reversed(shown.items())))
    assert 16 == len(found)
    assert int(found, 16) >= 0


@given(st.dictionaries(st.text(), values, min_size=1), st.dictionaries(st.text(), values, min_size=1))
def test_what_differs_is_another_version(one, other):
    """Two states have one version only where they are equal, types and all."""
    assert (repr(sorted(one.items())) == repr(sorted(other.items()))) <= (version_of(one) == version_of(other))
    assert (version_of(one) == version_of(other)) <= (one == other)


def test_a_change_of_another_state_is_refused():
    """The version that was seen must be that of now; none stands for any."""
    refuse_changed("x", {"a": 1}, version_of({"a": 1}))
    refuse_changed("x", {"a": 1}, None)
    with pytest.raises(EditChanged):
        refuse_changed("x", {"a": 2}, version_of({"a": 1}))
