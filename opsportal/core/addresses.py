"""Which network addresses the portal may call when an address was given by somebody (B12). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# Never, also where an own network that holds them was allowed: what tells a machine of the cloud its
# credentials (link-local, and those that the large providers put elsewhere), "this host", and what is no
# address of one machine.
_NEVER: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "168.63.129.16/32",  # Azure's wire server: a public address that only machines there reach
        "100.100.100.200/32",  # Alibaba Cloud
        "192.0.0.192/32",  # Oracle Cloud
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fd00:ec2::254/128",  # AWS
        "fd20:ce::254/128",  # Google Cloud
        "fd00:c1::a9fe:a9fe/128",  # Oracle Cloud
        "ff00::/8",
    )
)
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


def may_be_called(text: str, own: Iterable[Network]) -> bool:
    """Return whether the address `text`, as a socket would connect to it, may be called.

    Public addresses may be, others only inside `own`, the networks that the operator allowed. An IPv6
    address that carries an IPv4 one must pass for both.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    allowed = tuple(own)
    return all(_passes(each, allowed) for each in (address, *_carried(address)))


def _passes(address: Address, own: tuple[Network, ...]) -> bool:
    if any(address in network for network in _NEVER):
        return False
    if any(address in network for network in own):
        return True
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return True  # the carried address, which is asked too, decides
    if isinstance(address, IPv6Address) and any(address in network for network in _NAT64):
        return True
    return address.is_global


def _carried(address: Address) -> list[Address]:
    """Return the IPv4 addresses that an IPv6 address stands for: mapped, NAT64, 6to4, Teredo, compatible."""
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    low = IPv4Address(int(address) & 0xFFFF_FFFF)
    if any(address in network for network in _NAT64) or (int(address) >> 32 == 0 and int(address) > 1):
        found.append(low)
    return [each for each in found if each is not None]


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks that an operator named (`10.1.0.0/16`, `192.0.2.7`). Raises `ValueError`."""
    return tuple(ip_network(text) for text in texts)
