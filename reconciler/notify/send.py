"""Sends some messages at once, and waits so long and no longer. Decides nothing; whatever happens is a reason."""

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


def send_all(deliveries: Sequence[Delivery], means: DeliveryContext) -> list[str | None]:
    """For each delivery, in order, why it failed, or None; all of them take `means.seconds` together at the most.

    Threads, for neither smtplib nor urllib can be told to give up; daemons, so that none keeps the process.
    """
    end = monotonic() + means.seconds
    answers: SimpleQueue[tuple[int, str | None]] = SimpleQueue()
    for number, delivery in enumerate(deliveries):
        Thread(target=_send, args=(number, delivery, means, answers), daemon=True).start()
    reasons: list[str | None] = [LATE] * len(deliveries)
    for _ in deliveries:
        try:
            number, reason = answers.get(timeout=max(0.0, end - monotonic()))
        except Empty:
            break
        reasons[number] = reason
    return reasons


def _send(
    number: int, delivery: Delivery, means: DeliveryContext, answers: SimpleQueue[tuple[int, str | None]]
) -> None:
    try:
        match delivery.way:
            case Email() as email:
                send_email(email, delivery, means)
            case Webhook() as webhook:
                post(webhook, delivery, means)
    except DeliveryFailure as error:
        answers.put((number, str(error)))
    except Exception as error:  # noqa: BLE001  # a notifier must not take the run with it, and its text may be a secret
        answers.put((number, f"an error in the program ({type(error).__name__})"))
    else:
        answers.put((number, None))
