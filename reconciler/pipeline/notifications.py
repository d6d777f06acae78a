"""Sends the result of an apply or a drift report to the tenant's notifiers, once, at the end of the run.

A failed delivery is reported and changes no result. The address is named by its variable, never by its value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from reconciler.core.changes.notification import Command, RunResult, choose_notifiers, find_events, notifiers_of
from reconciler.core.declarations.notifier import Email, Event, Notifier, Webhook
from reconciler.core.declarations.secret import SecretName
from reconciler.errors import ReconcilerError, Refused, Unreachable
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import CurrentState, token_problems
from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.notify.delivery import Delivery

SECONDS = 15.0
KIND_OF_SECRET = "notification address"  # noqa: S105  # as messages call it
Result = TypeVar("Result")


class Declined(Refused):
    """A person declined the plan. No notification is sent, because that person knows."""


def run_and_notify(current: CurrentState, command: Command, run: Callable[[], tuple[Result, RunResult]]) -> Result:
    """Runs a command, sends its result to the notifiers, and returns the result; an error is sent and raised again."""
    try:
        result, run_result = run()
    except (Declined, BrokenPipeError):
        raise  # a person is at the terminal, and knows
    except Exception as error:
        _notify(current, _make_failed_result(command, current, error))
        raise
    _notify(current, run_result)
    return result


def make_run_result(command: Command, current: CurrentState) -> RunResult:
    """Returns a result that reports nothing yet but a token that expires."""
    token = next(iter(token_problems(current)), None)
    return RunResult(command, current.tenant_name, current.commit, token=token)


def _make_failed_result(command: Command, current: CurrentState, error: Exception) -> RunResult:
    known = isinstance(error, ReconcilerError)
    reason = str(error) if known else f"an error in the program ({type(error).__name__})"
    problems = error.problems if isinstance(error, Refused) else ()
    return replace(make_run_result(command, current), error=reason, refused=problems)


def describe_notifier(notifier: Notifier) -> str:
    """Returns the recipient and the variable with the address: `e-mail to iam@example.com (SMTP_URL)`."""
    match notifier.way:
        case Email() as email:
            return f"e-mail to {', '.join(email.to)} ({email.smtp.env})"
        case Webhook() as webhook:
            return f"a webhook ({webhook.url.env})"


def check_notifiers(current: CurrentState) -> list[str]:
    """Returns each notifier of the tenant with its events, and the fault of its variable. Sends nothing."""
    return [
        f"{describe_notifier(notifier)} on {', '.join(notifier.on)}{_check(notifier, current.workspace.settings)}"
        for notifier in notifiers_of(current.loaded.declarations, current.tenant_name)
    ]


def _check(notifier: Notifier, settings: Settings) -> str:
    try:
        settings.secret(_secret_name(notifier), KIND_OF_SECRET)
    except Unreachable as error:
        return f": {error}"
    return ""


def _secret_name(notifier: Notifier) -> SecretName:
    match notifier.way:
        case Email() as email:
            return email.smtp
        case Webhook() as webhook:
            return webhook.url


def _notify(current: CurrentState, result: RunResult) -> None:
    notifiers = notifiers_of(current.loaded.declarations, current.tenant_name)
    chosen = choose_notifiers(notifiers, find_events(result))
    if chosen:
        _send(current, result, chosen)


def _send(current: CurrentState, result: RunResult, chosen: Sequence[tuple[Notifier, tuple[Event, ...]]]) -> None:
    import ssl

    from reconciler.notify.delivery import DeliveryContext
    from reconciler.notify.send import send_all
    from reconciler.report.format.quote import plain_line

    workspace = current.workspace
    deliveries: dict[str, Delivery] = {}
    failed: list[str] = []
    for number, (notifier, events) in enumerate(chosen, start=1):
        try:
            delivery = _make_delivery(result, notifier, events, workspace.settings)
        except Unreachable as error:
            failed.append(f"{describe_notifier(notifier)}: {error}")
        else:
            deliveries[f"{number}. {describe_notifier(notifier)}"] = delivery

    reasons = send_all(list(deliveries.values()), DeliveryContext(ssl.create_default_context(), now_in_utc(), SECONDS))

    answered = list(zip((label.partition(" ")[2] for label in deliveries), reasons, strict=True))
    failed += [f"{label}: {reason}" for label, reason in answered if reason is not None]
    notified = [label for label, reason in answered if reason is None]
    if notified:
        workspace.log(f"Notified: {'; '.join(notified)}")
    for sentence in failed:
        workspace.warn(plain_line(f"Failed delivery: {sentence}. The result of the command is not affected."))


def _make_delivery(result: RunResult, notifier: Notifier, events: tuple[Event, ...], settings: Settings) -> Delivery:
    from reconciler.notify.delivery import Delivery
    from reconciler.report.notification import render_notification

    message = render_notification(result, events, settings.job().run_url)
    return Delivery(notifier.way, settings.secret(_secret_name(notifier), KIND_OF_SECRET), message)
