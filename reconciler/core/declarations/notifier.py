"""Who is told of what, as people write it under `notifications`. Knows events and ways; nothing of runs or texts."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from reconciler.core.declarations.secret import SecretName
from reconciler.core.declarations.strict import Declaration

Event: TypeAlias = Literal["failure", "guardrail", "drift", "token_expiry"]
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,252}")


def _check_mailbox(written: str) -> str:
    """One address and nothing else: what follows a comma or a line's end would be more recipients, or headers."""
    if _ADDRESS.fullmatch(written) is None:
        raise ValueError("is not an e-mail address alone: write it like iam@example.com")
    return written


Mailbox: TypeAlias = Annotated[str, AfterValidator(_check_mailbox)]


class Email(Declaration):
    """Whom to write to, through which server, and as whom."""

    to: list[Mailbox] = Field(min_length=1)
    smtp: SecretName
    sender: Mailbox | None = None


class Webhook(Declaration):
    """What to post to: the text alone, as chats take it, or all that is known in JSON."""

    url: SecretName
    format: Literal["chat", "json"] = "chat"


class Notifier(Declaration):
    """One way in which somebody is told of some events."""

    on: list[Event] = Field(min_length=1)
    email: Email | None = None
    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _has_one_way(self) -> Notifier:
        if (self.email is None) == (self.webhook is None):
            raise ValueError("must have `email` or `webhook`, and not both: for another way, add another item")
        return self

    @property
    def way(self) -> Email | Webhook:
        """The one that it has."""
        way = self.email or self.webhook
        assert way is not None  # noqa: S101  # validated
        return way
