"""Secrets of the home: made once, sealed, the same ever after, one apart from the other."""

import pytest

from gallery import TemplateAltered
from gallery.repositories import secrets
from gallery.servicetables import SecretRow


def test_a_secret_is_made_once(store, gallery):
    """The first who asks for a purpose has 32 bytes made; whoever asks later is given the same."""
    with store.atomic() as step:
        assert secrets.stored(step, gallery.sealer, "qr") is None
        first = secrets.of(step, gallery.sealer, "qr")
        other = secrets.of(step, gallery.sealer, "badge")
    with store.reading() as view:
        assert (first, other) == tuple(secrets.of(view, gallery.sealer, each) for each in ("qr", "badge"))
        assert ["badge", "qr"] == secrets.purposes(view)

    assert (32, 32) == (len(first), len(other))
    assert first != other


def test_a_secret_is_sealed_for_its_purpose(store, gallery):
    """What lies in the database does not show the secret, and under another purpose it does not open."""
    with store.atomic() as step:
        plain = secrets.of(step, gallery.sealer, "qr")
        sealed = step.get(SecretRow, "qr").value
        step.add(SecretRow(purpose="cookie", value=sealed))
        step.flush()
        with pytest.raises(TemplateAltered):
            secrets.of(step, gallery.sealer, "cookie")

    assert plain not in sealed


def test_a_forgotten_secret_is_made_anew(store, gallery):
    """After one was dropped, the next who asks has another one made."""
    with store.atomic() as step:
        before, kept = secrets.of(step, gallery.sealer, "qr"), secrets.of(step, gallery.sealer, "badge")
        secrets.drop(step, ["qr"])
        assert ["badge"] == secrets.purposes(step)
        assert before != secrets.of(step, gallery.sealer, "qr")
        assert kept == secrets.of(step, gallery.sealer, "badge")
