"""Certificates of the service's own, and those that are given."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from attendance.service_errors import ServeCertificate
from attendance.web import tls

NAMES = ["localhost", "desk.local", "127.0.0.1", "::1"]


def test_a_home_makes_its_certificate_once(tmp_path):
    """For these names and addresses; its key is for this account alone."""
    first = tls.own(tmp_path, NAMES)
    content = first[0].read_bytes()
    assert first == tls.own(tmp_path, NAMES[:2])
    assert content == first[0].read_bytes()
    told = x509.load_pem_x509_certificate(content).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert ["localhost", "desk.local"] == told.value.get_values_for_type(x509.DNSName)
    assert ["127.0.0.1", "::1"] == [str(each) for each in told.value.get_values_for_type(x509.IPAddress)]
    assert 0o600 == first[1].stat().st_mode & 0o777
    assert 0o700 == (tmp_path / "tls").stat().st_mode & 0o777


def test_another_name_makes_another_certificate(tmp_path):
    """So does an end that is near, or a file that is broken."""
    certificate, key = tls.own(tmp_path, NAMES[:1])
    prints = [tls.fingerprint(certificate)]
    tls.own(tmp_path, NAMES)
    prints.append(tls.fingerprint(certificate))
    key.write_bytes(b"broken")
    tls.own(tmp_path, NAMES)
    prints.append(tls.fingerprint(certificate))
    assert 3 == len(set(prints))


def test_a_certificate_is_made_anew_before_it_ends(tmp_path, monkeypatch):
    """Nobody has to remember it."""
    monkeypatch.setattr(tls, "DAYS", 20)
    certificate, _key = tls.own(tmp_path, NAMES)
    before = tls.fingerprint(certificate)
    monkeypatch.setattr(tls, "DAYS", 800)
    tls.own(tmp_path, NAMES)
    assert before != tls.fingerprint(certificate)
    ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    assert ends - datetime.now(UTC) < timedelta(days=825)


def test_a_given_pair_is_used_if_it_belongs_together(tmp_path):
    """Both or neither; a key that is another's, or locked, is refused."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = tls.own(tmp_path / "a", NAMES), tls.own(tmp_path / "b", NAMES)
    assert one == tls.given(*one)
    assert tls.given(None, None) is None
    locked = tmp_path / "locked.pem"
    locked.write_bytes(_locked())
    for certificate, key in [
        (one[0], other[1]),
        (one[0], None),
        (None, one[1]),
        (one[0], Path("missing.pem")),
        (one[1], one[0]),
        (one[0], locked),
    ]:
        with pytest.raises(ServeCertificate):
            tls.given(certificate, key)


def _locked() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    locked = serialization.BestAvailableEncryption(b"password")
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
