"""Sends several messages at once, within a time limit. Decides nothing; every failure becomes a reason."""

from __future__ import annotations

from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

from reconciler.core.declarations.notifier import Email, Webhook
from reconciler.notify.delivery import Delivery, DeliveryContext, DeliveryFailure
from reconciler.notify.mail import send_email
from reconciler.notify.webhook import post

LATE = "no answer in time"


def send_all(deliveries: Sequence[Delivery], context: DeliveryContext) -> list[str | None]:
    """Returns for each delivery, in order, why it failed, or None; takes at most `context.seconds` for all.

    Uses threads, because smtplib and urllib can't be cancelled; they are daemons, so that none keeps the process alive.
    """
    end = monotonic() + context.seconds
    answers: SimpleQueue[tuple[int, str | None]] = SimpleQueue()
    for number, delivery in enumerate(deliveries):
        Thread(target=_send, args=(number, delivery, context, answers), daemon=True).start()
    reasons: list[str | None] = [LATE] * len(deliveries)
    for _ in deliveries:
        try:
            number, reason = answers.get(timeout=max(0.0, end - monotonic()))
        except Empty:
            break
        reasons[number] = reason
    return reasons


def _send(
    number: int, delivery: Delivery, context: DeliveryContext, answers: SimpleQueue[tuple[int, str | None]]
) -> None:
    try:
        match delivery.way:
            case Email() as email:
                send_email(email, delivery, context)
            case Webhook() as webhook:
                post(webhook, delivery, context)
    except DeliveryFailure as error:
        answers.put((number, str(error)))
    except Exception as error:  # noqa: BLE001  # a notifier must not fail the run, and the text may hold a secret
        answers.put((number, f"a bug in this program ({type(error).__name__})"))
    else:
        answers.put((number, None))
