"""Tells those who want to know how `apply` or `drift` ended, once, after everything else. Changes no exit code.

Whoever could not be told is named on stderr, by the variable that holds the address and never by what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from reconciler.core.changes.notification import Command, RunResult, choose_notifiers, find_events, notifiers_of
from reconciler.core.declarations.notifier import Email, Event, Notifier, Webhook
from reconciler.core.declarations.secret import SecretName
from reconciler.errors import ReconcilerError, Refused, Unreachable
from reconciler.pipeline.desired.current_state import Head, now_in_utc, say, token_problems
from reconciler.pipeline.workspace import Options
from reconciler.settings import Settings, read_settings

if TYPE_CHECKING:
    from reconciler.notify.delivery import Delivery

SECONDS = 15.0


class Declined(Refused):
    """The person who was asked said no, and knows."""


def tell_of(options: Options, head: Head, command: Command, run: Callable[[], tuple[int, RunResult]]) -> int:
    """Runs a command, tells who wants to know how it ended, and returns its exit code or raises what it raised."""
    try:
        code, ending = run()
    except (Declined, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise  # whoever did that was there
    except Exception as error:
        _tell(options, head, _stopped(command, head, error))
        raise
    _tell(options, head, ending)
    return code


def ending_of(command: Command, head: Head) -> RunResult:
    """The ending of a command that has nothing to tell so far but of the token."""
    token = next(iter(token_problems(head)), None)
    return RunResult(command, head.tenant_name, head.commit, token=token)


def _stopped(command: Command, head: Head, error: Exception) -> RunResult:
    said = str(error) if isinstance(error, ReconcilerError) else f"an error in the program ({type(error).__name__})"
    problems = error.problems if isinstance(error, Refused) else ()
    quiet = ending_of(command, head)
    return RunResult(command, quiet.tenant, quiet.commit, error=said, refused=problems, token=quiet.token)


def describe(notifier: Notifier) -> str:
    """Who is told, and the variable that says where: `e-mail to iam@example.com (SMTP_URL)`."""
    match notifier.way:
        case Email() as email:
            return f"e-mail to {', '.join(email.to)} ({email.smtp.env})"
        case Webhook() as webhook:
            return f"a webhook ({webhook.url.env})"


def check_notifiers(head: Head, settings: Settings) -> list[str]:
    """Each notifier of the tenant, what it is told of, and what is wrong with its variable. Sends nothing."""
    return [
        f"{describe(notifier)} on {', '.join(notifier.on)}{_check(notifier, settings)}"
        for notifier in notifiers_of(head.loaded.declarations, head.tenant_name)
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


def _tell(options: Options, head: Head, ending: RunResult) -> None:
    notifiers = notifiers_of(head.loaded.declarations, head.tenant_name)
    chosen = choose_notifiers(notifiers, find_events(ending))
    if chosen:
        _send(options, ending, chosen)


def _send(options: Options, ending: RunResult, chosen: Sequence[tuple[Notifier, tuple[Event, ...]]]) -> None:
    import ssl

    from reconciler.notify.delivery import DeliveryContext
    from reconciler.notify.send import send_all
    from reconciler.report.format.quote import plain_line

    settings = read_settings()
    deliveries: dict[str, Delivery] = {}
    failed: list[str] = []
    for number, (notifier, events) in enumerate(chosen, start=1):
        try:
            deliveries[f"{number}. {describe(notifier)}"] = _delivery(ending, notifier, events, settings)
        except Unreachable as error:
            failed.append(f"{describe(notifier)}: {error}")

    reasons = send_all(list(deliveries.values()), DeliveryContext(ssl.create_default_context(), now_in_utc(), SECONDS))

    answered = list(zip((label.partition(" ")[2] for label in deliveries), reasons, strict=True))
    failed += [f"{label}: {reason}" for label, reason in answered if reason is not None]
    told = [label for label, reason in answered if reason is None]
    if told:
        say(options, f"Told: {'; '.join(told)}")
    for sentence in failed:
        click.echo(plain_line(f"Not told: {sentence}. What the command did stands as it is."), err=True)


def _delivery(ending: RunResult, notifier: Notifier, events: tuple[Event, ...], settings: Settings) -> Delivery:
    from reconciler.notify.delivery import Delivery
    from reconciler.report.notification import render_notification

    message = render_notification(ending, events, settings.job().run_url)
    return Delivery(notifier.way, settings.secret(_name(notifier), WHAT), message)
