"""Sends how an apply or a drift report ended to the tenant's notifiers, once, after everything else.

A failed delivery is reported, by the variable that holds the address and never by its value; it changes no result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
Result = TypeVar("Result")


class Declined(Refused):
    """A person was asked and declined; a notification would report what that person knows."""


def notify_of(current: CurrentState, command: Command, run: Callable[[], tuple[Result, RunResult]]) -> Result:
    """Runs a command, notifies of how it ended, and returns its result or raises what it raised."""
    try:
        result, ending = run()
    except (Declined, BrokenPipeError):
        raise  # a person was there, and knows
    except Exception as error:
        _notify(current, _stopped(command, current, error))
        raise
    _notify(current, ending)
    return result


def ending_of(command: Command, current: CurrentState) -> RunResult:
    """Returns the ending of a command that has nothing to report yet but the token."""
    token = next(iter(token_problems(current)), None)
    return RunResult(command, current.tenant_name, current.commit, token=token)


def _stopped(command: Command, current: CurrentState, error: Exception) -> RunResult:
    said = str(error) if isinstance(error, ReconcilerError) else f"an error in the program ({type(error).__name__})"
    problems = error.problems if isinstance(error, Refused) else ()
    quiet = ending_of(command, current)
    return RunResult(command, quiet.tenant, quiet.commit, error=said, refused=problems, token=quiet.token)


def describe(notifier: Notifier) -> str:
    """Returns the recipient and the variable with the address: `e-mail to iam@example.com (SMTP_URL)`."""
    match notifier.way:
        case Email() as email:
            return f"e-mail to {', '.join(email.to)} ({email.smtp.env})"
        case Webhook() as webhook:
            return f"a webhook ({webhook.url.env})"


def check_notifiers(current: CurrentState) -> list[str]:
    """Returns each notifier of the tenant with its events, and the fault of its variable. Sends nothing."""
    return [
        f"{describe(notifier)} on {', '.join(notifier.on)}{_check(notifier, current.workspace.settings)}"
        for notifier in notifiers_of(current.loaded.declarations, current.tenant_name)
    ]


def _check(notifier: Notifier, settings: Settings) -> str:
    try:
        settings.secret(_name(notifier), WHAT)
    except Unreachable as error:
        return f": {error}"
    return ""


WHAT = "notification address"


def _name(notifier: Notifier) -> SecretName:
    match notifier.way:
        case Email() as email:
            return email.smtp
        case Webhook() as webhook:
            return webhook.url


def _notify(current: CurrentState, ending: RunResult) -> None:
    notifiers = notifiers_of(current.loaded.declarations, current.tenant_name)
    chosen = choose_notifiers(notifiers, find_events(ending))
    if chosen:
        _send(current, ending, chosen)


def _send(current: CurrentState, ending: RunResult, chosen: Sequence[tuple[Notifier, tuple[Event, ...]]]) -> None:
    import ssl

    from reconciler.notify.delivery import DeliveryContext
    from reconciler.notify.send import send_all
    from reconciler.report.format.quote import plain_line

    workspace = current.workspace
    deliveries: dict[str, Delivery] = {}
    failed: list[str] = []
    for number, (notifier, events) in enumerate(chosen, start=1):
        try:
            deliveries[f"{number}. {describe(notifier)}"] = _delivery(ending, notifier, events, workspace.settings)
        except Unreachable as error:
            failed.append(f"{describe(notifier)}: {error}")

    reasons = send_all(list(deliveries.values()), DeliveryContext(ssl.create_default_context(), now_in_utc(), SECONDS))

    answered = list(zip((label.partition(" ")[2] for label in deliveries), reasons, strict=True))
    failed += [f"{label}: {reason}" for label, reason in answered if reason is not None]
    told = [label for label, reason in answered if reason is None]
    if told:
        workspace.log(f"Told: {'; '.join(told)}")
    for sentence in failed:
        workspace.warn(plain_line(f"Not told: {sentence}. What the command did stands as it is."))


def _delivery(ending: RunResult, notifier: Notifier, events: tuple[Event, ...], settings: Settings) -> Delivery:
    from reconciler.notify.delivery import Delivery
    from reconciler.report.notification import render_notification

    message = render_notification(ending, events, settings.job().run_url)
    return Delivery(notifier.way, settings.secret(_name(notifier), WHAT), message)
