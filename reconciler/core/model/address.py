"""Addresses that people write, and whether a secret may be sent there. Opens nothing, asks no name server."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def check_address(url: str, or_else: str = "") -> str:
    """The address without a slash at its end; raises ValueError where no secret may be sent to it."""
    parts = split_address(url)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be an address alone, without user, password, query or fragment")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise ValueError(f"must be {or_else}an https:// address (plain http only for loopback)")
    return url.rstrip("/")


def split_address(url: str) -> SplitResult:
    """The parts of an address; raises ValueError where it has none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read late, and may be out of range
    except ValueError as error:
        raise ValueError(f"is not an address: {str(error).lower()}") from error
    return parts


def is_loopback(host: str) -> bool:
    """Whether what is sent there stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
