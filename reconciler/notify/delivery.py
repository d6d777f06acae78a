"""Deliveries, the context that they need, and the reasons of failed deliveries.

A reason contains no text from the other side or from a library's error, because both may repeat a secret.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.changes.notification import Message
from reconciler.core.declarations.notifier import Email, Webhook


class DeliveryFailure(Exception):
    """The reason of a failed delivery, in this program's words."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and its notifier; the address is a secret, and in no repr."""

    way: Email | Webhook
    address: str = field(repr=False)
    message: Message


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """The context of a delivery: the trusted authorities of TLS, the time, and the seconds to wait for an answer."""

    trust: ssl.SSLContext
    now: datetime
    seconds: float


def explain(error: BaseException) -> str:
    """Describes a failed connection, from the type of the error only."""
    reason = getattr(error, "reason", None)  # urllib wraps the original error
    match reason if isinstance(reason, BaseException) else error:
        case ssl.SSLCertVerificationError():
            return "its certificate is not trusted: name the certificate of your authority with SSL_CERT_FILE"
        case ssl.SSLError():
            return "TLS failed"
        case TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "its host refuses connections on this port"
        case socket.gaierror():
            return "its host name has no address"
        case _:
            return "the connection broke"
