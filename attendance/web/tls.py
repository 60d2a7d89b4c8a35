"""Certificates: one that somebody gives, or one of the service's own, made once for each home."""

import ipaddress
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.service_errors import ServeCertificate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

FOLDER: Final = "tls"
DAYS: Final = 800
"""More are refused by some systems also where the certificate is trusted (825)."""
RENEWED: Final = timedelta(days=30)
"""So long before its end another one is made."""


def given(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    """The pair, if it can be used; None where neither is given. Raises ServeCertificate."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ServeCertificate(str(certificate or key), "certificate and key are given together, or neither")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password=_nobody)
    except (OSError, ValueError) as error:
        raise ServeCertificate(str(certificate), f"it cannot be used with {key}: {error}") from error
    return certificate, key


def own(home: Path, names: "Sequence[str]") -> tuple[Path, Path]:
    """Certificate and key of this home for these names and addresses, made where there is none that fits.

    Raises ServeCertificate where they cannot be written.
    """
    folder = home / FOLDER
    pair = folder / "certificate.pem", folder / "key.pem"
    if not _fits(*pair, names):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            _make(*pair, names)
        except OSError as error:
            raise ServeCertificate(str(folder), error.strerror or str(error)) from error
    return pair


def fingerprint(certificate: Path) -> str:
    """The SHA-256 of the certificate, as browsers show it."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    digest = x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(SHA256())
    return digest.hex(":").upper()


def _nobody() -> str:
    """A key that is locked is refused instead of asking at the terminal."""
    return ""


def _fits(certificate: Path, key: Path, names: "Sequence[str]") -> bool:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        given(certificate, key)
        told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, ServeCertificate, x509.ExtensionNotFound):
        return False
    return found.not_valid_after_utc - datetime.now(UTC) > RENEWED and set(map(_alternative, names)) <= set(told)


def _alternative(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode() if not name.isascii() else name)


def _make(certificate: Path, key: Path, names: "Sequence[str]") -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    made = ec.generate_private_key(ec.SECP256R1())
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    _write(key, made.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    _write(certificate, _signed(made, names).public_bytes(pem))


def _signed(key: "EllipticCurvePrivateKey", names: "Sequence[str]") -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "attendance")])
    begins = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_alternative(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and for this account alone."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(file, "wb") as out:  # noqa: PTH123 - the file is made with its rights
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    unfinished.replace(path)
