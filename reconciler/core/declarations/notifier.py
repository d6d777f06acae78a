"""Notifiers as written under `notifications`: the events, and the recipients of each."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from reconciler.core.declarations.secret import SecretName
from reconciler.core.declarations.strict import Declaration

Event: TypeAlias = Literal["failure", "guardrail", "drift", "token_expiry"]
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,252}")


def _check_mailbox(written: str) -> str:
    """Refuses all but one plain address: a comma would add recipients, and a line break would add headers."""
    if _ADDRESS.fullmatch(written) is None:
        raise ValueError("is not a single e-mail address: write it like iam@example.com")
    return written


Mailbox: TypeAlias = Annotated[str, AfterValidator(_check_mailbox)]


class Email(Declaration):
    """The recipients of an e-mail, the SMTP server that sends it, and the sender."""

    to: list[Mailbox] = Field(min_length=1)
    smtp: SecretName
    sender: Mailbox | None = None


class Webhook(Declaration):
    """The address that receives a POST: only text for a chat, or all details in JSON."""

    url: SecretName
    format: Literal["chat", "json"] = "chat"


class Notifier(Declaration):
    """An item of `notifications`: some events, and the e-mail or webhook that reports them."""

    on: list[Event] = Field(min_length=1)
    email: Email | None = None
    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _has_one_way(self) -> Notifier:
        if (self.email is None) == (self.webhook is None):
            raise ValueError("must have either `email` or `webhook`: to use both, write two items")
        return self

    @property
    def way(self) -> Email | Webhook:
        """The e-mail or the webhook, whichever is declared."""
        way = self.email or self.webhook
        assert way is not None  # noqa: S101  # validated
        return way
