"""Checks addresses of services, and whether a secret may be sent to them. Sends nothing, resolves no name."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def check_address(url: str, or_else: str = "") -> str:
    """Returns the address without its final slash; raises ValueError if no secret may be sent to it.

    `or_else` names other values that the setting allows, for the message.
    """
    parts = split_address(url)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be an address without user, password, query or fragment")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise ValueError(f"must be {or_else}an https:// address (plain http only for loopback)")
    return url.rstrip("/")


def split_address(url: str) -> SplitResult:
    """Returns the parts of an address; raises ValueError if it is malformed."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # urlsplit checks the port only when it is read
    except ValueError as error:
        raise ValueError(f"is not an address: {str(error).lower()}") from error
    return parts


def is_loopback(host: str) -> bool:
    """Decides whether the host is this machine: `localhost` or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
