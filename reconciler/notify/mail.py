"""Sends e-mail over SMTP with TLS from the start, or STARTTLS; only loopback may go without.

The address is `smtps://user:password@host:465` or `smtp://user:password@host:587`. Nothing is retried, because a mail
that may have been accepted must not be sent twice.
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
OUR_NAME = "[127.0.0.1]"  # allowed for a client without a name (RFC 5321, 4.1.4); the host's name needs a name server
HOW = "write it smtps://user:password@host:465, or smtp://user:password@host:587 for STARTTLS"


def send_email(notifier: Email, delivery: Delivery, context: DeliveryContext) -> None:
    """Sends the message to all recipients; raises DeliveryFailure if the server did not accept it for all of them."""
    server = _server(delivery.address)
    written = _write(notifier, delivery, server, context)
    try:
        refused = _send(server, written, context)
    except smtplib.SMTPRecipientsRefused as error:
        raise DeliveryFailure(_refusal(error.recipients)) from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryFailure(f"the server answers {error.smtp_code}") from None
    except smtplib.SMTPNotSupportedError:
        raise DeliveryFailure("the server supports no login, or not this message: nothing was sent") from None
    except (OSError, ValueError) as error:
        raise DeliveryFailure(explain(error)) from None
    if refused:
        raise DeliveryFailure(_refusal(refused))


def _server(address: str) -> SplitResult:
    try:
        parts = split_address(address)
    except ValueError:
        raise DeliveryFailure(f"its address is not valid: {HOW}") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise DeliveryFailure(f"its address is not valid: {HOW}")
    return parts


def _write(notifier: Email, delivery: Delivery, server: SplitResult, context: DeliveryContext) -> EmailMessage:
    user = unquote(server.username or "")
    sender = notifier.sender or (user if "@" in user else f"reconciler@{server.hostname}")
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(notifier.to)
    mail["Subject"] = delivery.message.subject
    mail["Date"] = format_datetime(context.now)
    mail["Message-ID"] = make_msgid(domain="reconciler.invalid")
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents automatic replies
    if delivery.message.thread:
        mail["References"] = f"<{delivery.message.thread}@reconciler.invalid>"
    mail.set_content(delivery.message.text)
    return mail


def _send(server: SplitResult, written: EmailMessage, context: DeliveryContext) -> dict[str, tuple[int, bytes]]:
    """Sends the mail, after TLS; returns the server's codes for refused recipients."""
    host, port = server.hostname or "", server.port or PORTS[server.scheme]
    opened = (
        smtplib.SMTP_SSL(host, port, OUR_NAME, timeout=context.seconds, context=context.trust)
        if server.scheme == "smtps"
        else smtplib.SMTP(host, port, OUR_NAME, timeout=context.seconds)
    )
    with opened as connection:
        connection.ehlo()
        if server.scheme == "smtp" and (connection.has_extn("starttls") or not is_loopback(host)):
            if not connection.has_extn("starttls"):
                raise DeliveryFailure("the server has no STARTTLS: nothing was sent without TLS")
            connection.starttls(context=context.trust)
            connection.ehlo()
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        return connection.send_message(written)


def _refusal(refused: dict[str, tuple[int, bytes]]) -> str:
    codes = ", ".join(sorted({str(code) for code, _text in refused.values()}))
    return f"the server refuses {len(refused)} of the recipients (it answers {codes})"
