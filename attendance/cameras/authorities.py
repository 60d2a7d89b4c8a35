"""By whose word a camera's certificate is trusted: the system's authorities, or those of one file and no other.

OpenCV's FFmpeg looks at certificates only where it is told to, and then at the name in them only where the address
has a name: for an address of numbers (10.0.0.9) it is who certified the camera that is looked at, and not which it is.
"""

import ipaddress
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from attendance.errors import CameraCertificate

SECURE: Final = frozenset({"rtsps", "https"})
_PARTING: Final = ";|"  # between the options of FFmpeg, and within them


def scheme_of(url: str) -> str:
    """The scheme of an address in small letters, empty where it has none."""
    return url.partition("://")[0].lower() if "://" in url else ""


def context_of(ca_file: str, where: str) -> ssl.SSLContext:
    """What connections are made by: certified by the file's authorities alone, or by the system's for an empty name.

    Raises CameraCertificate, which names the camera at `where`, for a file that holds no certificates.
    """
    try:
        if any(each in ca_file for each in _PARTING):
            raise CameraCertificate(where, f"camera_ca_file: a file's name with {' or '.join(_PARTING)} cannot be used")
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = "there is no such file" if isinstance(error, FileNotFoundError) else "no certificate (PEM) can be read"
        raise CameraCertificate(where, f"camera_ca_file: {why}: {ca_file}") from error


def loosened(context: ssl.SSLContext, url: str) -> ssl.SSLContext:
    """The context as FFmpeg looks at this address: the name in the certificate counts where the address has a name."""
    context.check_hostname = not _is_of_numbers(urlsplit(url).hostname or "")
    return context


def absolute(ca_file: str | None) -> str:
    """The name of the file from the root, for a process of its own; empty for none."""
    return "" if not ca_file else str(Path(ca_file).expanduser().absolute())


def _is_of_numbers(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
