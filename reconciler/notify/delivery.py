"""What every way of telling somebody has in common: what is to be sent, and why it was not.

A reason never has a word of what the other side said, nor of a library's error: either may repeat a secret.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.changes.notification import Message
from reconciler.core.declarations.notifier import Email, Webhook


class DeliveryFailure(Exception):
    """Why somebody could not be told, in our own words."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message, one way: where to is a secret, and in no repr."""

    way: Email | Webhook
    address: str = field(repr=False)
    message: Message


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """What sending needs of the machine: whom it trusts over TLS, the moment, and how long to wait for an answer."""

    trust: ssl.SSLContext
    now: datetime
    seconds: float


def explain(error: BaseException) -> str:
    """What became of a connection, from the kind of error alone."""
    reason = getattr(error, "reason", None)  # urllib wraps what happened
    match reason if isinstance(reason, BaseException) else error:
        case ssl.SSLCertVerificationError():
            return "its certificate is not trusted: name your own authority's with SSL_CERT_FILE"
        case ssl.SSLError():
            return "it does not speak TLS as it should"
        case TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "nothing listens there"
        case socket.gaierror():
            return "its host has no address"
        case _:
            return "the connection broke"
