"""A receipt: that a commit was applied to a tenant, and how it went. One line of JSON; git keeps it as a note.

Knows what a receipt says; nothing of git or where receipts are kept.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationError

from reconciler.core.plan import Frozen


class Receipt(Frozen):
    """What an apply came to; no personal data. `population` is how many active users the account has after it.

    It is null where not everyone was read, and how many there were before is not on record.
    """

    format: Literal[1] = 1
    at: str
    tenant: str
    url: str
    commit: str
    digest: str
    outcome: Literal["whole", "partial"]
    counts: dict[str, int]
    population: int | None


def parse_receipts(note: str, commit: str) -> list[Receipt]:
    """The receipts in a commit's note, oldest first.

    A line that somebody else wrote is none, and says nothing; nor does a receipt of another commit: git copies notes
    to what a rebase makes of a commit, and that was not applied.
    """
    lines = (_parse(line) for line in note.splitlines() if line.startswith("{"))
    return sorted((one for one in lines if one and one.commit == commit), key=lambda one: one.at)


def _parse(line: str) -> Receipt | None:
    try:
        return Receipt.model_validate_json(line)
    except ValidationError:
        return None


class Recorded(Frozen):
    """A receipt, and the commit that it is of as git has it: None where the commit is not here.

    `leads_here` says whether that commit is what is checked out, or came before it.
    """

    receipt: Receipt
    subject: str | None
    author: str | None
    committed: str | None
    leads_here: bool
