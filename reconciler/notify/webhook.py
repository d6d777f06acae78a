"""Sends a POST to a webhook, whose address is a secret: once, over TLS; follows no redirect and reads no answer.

Uses an opener of urllib's parts, because httpx logs each address, and urllib's default opener follows redirects.
"""

from __future__ import annotations

import json
from http.client import HTTPException, HTTPResponse
from urllib.request import (
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
    getproxies,
)

from reconciler.core.declarations.notifier import Webhook
from reconciler.core.model.address import is_loopback, split_address
from reconciler.core.model.messages import JsonObject
from reconciler.notify.delivery import Delivery, DeliveryContext, DeliveryFailure, explain

DONE = range(200, 300)
ELSEWHERE = range(300, 400)


def post(notifier: Webhook, delivery: Delivery, context: DeliveryContext) -> None:
    """Posts the message; raises DeliveryFailure unless the answer is a success."""
    _check(delivery.address)
    message = delivery.message
    body: JsonObject = {"text": f"{message.subject}\n\n{message.text}"}
    if notifier.format == "json":
        body = {"subject": message.subject, "text": message.text, **message.facts}
    headers = {"Content-Type": "application/json", "User-Agent": "reconciler"}
    request = Request(delivery.address, json.dumps(body).encode(), headers, method="POST")  # noqa: S310  # checked

    try:
        with _opener(context).open(request, timeout=context.seconds) as answer:
            status = answer.status if isinstance(answer, HTTPResponse) else 0
    except (OSError, HTTPException, ValueError) as error:
        raise DeliveryFailure(explain(error)) from None

    if status in ELSEWHERE:
        raise DeliveryFailure(
            f"it answers {status}, and redirects are not followed: use the address that it redirects to"
        )
    if status not in DONE:
        raise DeliveryFailure(f"it answers {status}")


def _check(address: str) -> None:
    """Raises DeliveryFailure, without the address, unless the address is safe for secrets."""
    try:
        parts = split_address(address)
    except ValueError:
        raise DeliveryFailure("its address is not valid") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not safe or not parts.hostname or parts.username or parts.fragment:
        raise DeliveryFailure("its address is not an https:// address (plain http only for loopback)")


def _opener(context: DeliveryContext) -> OpenerDirector:
    opener = OpenerDirector()
    tunnels = {
        scheme: proxy for scheme, proxy in getproxies().items() if scheme == "https"
    }  # an http proxy would read all
    for part in (ProxyHandler(tunnels), HTTPHandler(), HTTPSHandler(context=context.trust), UnknownHandler()):
        opener.add_handler(part)
    return opener
