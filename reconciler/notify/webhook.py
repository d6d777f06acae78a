"""A POST to a webhook, whose address is a secret: once, over TLS, no redirect followed, no answer read.

urllib's opener, put together from parts: httpx logs each address, and urllib's own opener follows redirects.
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


def post(way: Webhook, delivery: Delivery, means: DeliveryContext) -> None:
    """Posts the message; raises NotTold where the other side did not answer that it took it."""
    _check(delivery.address)
    message = delivery.message
    body: JsonObject = {"text": f"{message.subject}\n\n{message.text}"}
    if way.format == "json":
        body = {"subject": message.subject, "text": message.text, **message.facts}
    headers = {"Content-Type": "application/json", "User-Agent": "reconciler"}
    request = Request(delivery.address, json.dumps(body).encode(), headers, method="POST")  # noqa: S310  # checked

    try:
        with _opener(means).open(request, timeout=means.seconds) as answer:
            status = answer.status if isinstance(answer, HTTPResponse) else 0
    except (OSError, HTTPException, ValueError) as error:
        raise DeliveryFailure(explain(error)) from None

    if status in ELSEWHERE:
        raise DeliveryFailure(
            f"it answers {status} and points elsewhere, where nothing is sent: name the address itself"
        )
    if status not in DONE:
        raise DeliveryFailure(f"it answers {status}")


def _check(address: str) -> None:
    """Raises NotTold, without the address, where nothing secret may be sent to it."""
    try:
        parts = split_address(address)
    except ValueError:
        raise DeliveryFailure("its address is none") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not safe or not parts.hostname or parts.username or parts.fragment:
        raise DeliveryFailure("its address is no https:// address (plain http only for loopback)")


def _opener(means: DeliveryContext) -> OpenerDirector:
    opener = OpenerDirector()
    tunnels = {scheme: proxy for scheme, proxy in getproxies().items() if scheme == "https"}  # another would hear all
    for part in (ProxyHandler(tunnels), HTTPHandler(), HTTPSHandler(context=means.trust), UnknownHandler()):
        opener.add_handler(part)
    return opener
