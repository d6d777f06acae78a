"""E-mail over SMTP, never in the clear: TLS from the start, or STARTTLS; loopback alone may do without.

The address is `smtps://user:password@host:465` or `smtp://user:password@host:587`. Nothing is retried: a mail that may
have been taken is not sent twice.
"""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import SplitResult, unquote

from reconciler.core.declarations.notifier import Email
from reconciler.core.model.address import is_loopback, split_address
from reconciler.notify.delivery import Delivery, DeliveryContext, DeliveryFailure, explain

PORTS = {"smtps": 465, "smtp": 587}
OUR_NAME = "[127.0.0.1]"  # as RFC 5321 (4.1.4) lets a client without a name say; ours would need a name server
HOW = "write it smtps://user:password@host:465, or smtp://user:password@host:587 for STARTTLS"


def send_email(way: Email, delivery: Delivery, means: DeliveryContext) -> None:
    """Sends the message to all who are named; raises NotTold where a server did not take it for every one of them."""
    server = _server(delivery.address)
    written = _write(way, delivery, server, means)
    try:
        refused = _send(server, written, means)
    except smtplib.SMTPRecipientsRefused as error:
        raise DeliveryFailure(_refusal(error.recipients)) from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryFailure(f"the server answers {error.smtp_code}") from None
    except smtplib.SMTPNotSupportedError:
        raise DeliveryFailure("the server can't log anybody in, or send this: nothing was sent") from None
    except (OSError, ValueError) as error:
        raise DeliveryFailure(explain(error)) from None
    if refused:
        raise DeliveryFailure(_refusal(refused))


def _server(address: str) -> SplitResult:
    try:
        parts = split_address(address)
    except ValueError:
        raise DeliveryFailure(f"its address is none: {HOW}") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise DeliveryFailure(f"its address is none: {HOW}")
    return parts


def _write(way: Email, delivery: Delivery, server: SplitResult, means: DeliveryContext) -> EmailMessage:
    user = unquote(server.username or "")
    sender = way.sender or (user if "@" in user else f"reconciler@{server.hostname}")
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(way.to)
    mail["Subject"] = delivery.message.subject
    mail["Date"] = format_datetime(means.now)
    mail["Message-ID"] = make_msgid(domain="reconciler.invalid")
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    if delivery.message.thread:
        mail["References"] = f"<{delivery.message.thread}@reconciler.invalid>"
    mail.set_content(delivery.message.text)
    return mail


def _send(server: SplitResult, written: EmailMessage, means: DeliveryContext) -> dict[str, tuple[int, bytes]]:
    """What the server says of those whom it does not take. Nothing is said to it before TLS."""
    host, port = server.hostname or "", server.port or PORTS[server.scheme]
    opened = (
        smtplib.SMTP_SSL(host, port, OUR_NAME, timeout=means.seconds, context=means.trust)
        if server.scheme == "smtps"
        else smtplib.SMTP(host, port, OUR_NAME, timeout=means.seconds)
    )
    with opened as connection:
        connection.ehlo()
        if server.scheme == "smtp" and (connection.has_extn("starttls") or not is_loopback(host)):
            if not connection.has_extn("starttls"):
                raise DeliveryFailure("the server has no STARTTLS: nothing was said in the clear")
            connection.starttls(context=means.trust)
            connection.ehlo()
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        return connection.send_message(written)


def _refusal(refused: dict[str, tuple[int, bytes]]) -> str:
    codes = ", ".join(sorted({str(code) for code, _text in refused.values()}))
    return f"the server does not take {len(refused)} of those named (it answers {codes})"
