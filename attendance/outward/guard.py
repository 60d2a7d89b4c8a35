"""Which hosts may be dialled: a name is resolved once, every address that it has is looked at, and that one is used.

Whoever may enter an address must not reach through this computer what only this computer reaches (server-side request
forgery). A name that resolves to a good address now and to another one at the second look does not help: the
connection goes to the address that was looked at.
"""

import ipaddress
import socket
from typing import Final

from attendance.service_errors import ReceiverAddress

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_LOW_32: Final = 0xFFFFFFFF
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def resolved(host: str, port: int, *, allow_private: bool, shown: str) -> str:
    """The address to connect to. Raises ReceiverAddress where there is none, or a private one without leave."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ReceiverAddress(shown, f"the host is not found ({error})") from error
    addresses = [str(each[4][0]).partition("%")[0] for each in found]
    for each in addresses:
        why = refused(ipaddress.ip_address(each), allow_private=allow_private)
        if why:
            raise ReceiverAddress(shown, why)
    return addresses[0]


def refused(address: Address, *, allow_private: bool) -> str:
    """Why an address may not be dialled; empty where it may."""
    plain = _embedded(address)
    if plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain == ipaddress.ip_address(_ALL):
        return f"{plain} is an address that no receiver has"
    if not plain.is_global and not allow_private:
        return f"{plain} lies in a private network, which is not allowed for this receiver"
    return ""


_ALL: Final = "255.255.255.255"


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does: mapped, 6to4, Teredo, NAT64 (RFC 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inside = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inside is not None:
        return inside
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & _LOW_32)
    return address
