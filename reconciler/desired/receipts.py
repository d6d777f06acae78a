"""Receipts: that a commit was applied to a tenant, and how it went, as git notes. Git is the state; there is no other.

One line of JSON for each apply, under `refs/notes/reconciler/<tenant>`: notes of two that raced merge line by line.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationError

from reconciler.core.plan import Frozen
from reconciler.desired.git import Repository


class Receipt(Frozen):
    """What an apply came to; no personal data. `population` is how many active users the account has after it."""

    format: Literal[1] = 1
    at: str
    tenant: str
    url: str
    commit: str
    digest: str
    outcome: Literal["whole", "partial"]
    counts: dict[str, int]
    population: int


def write_receipt(repository: Repository, receipt: Receipt) -> None:
    """Adds the receipt to the note of its commit."""
    repository.append_note(_ref(receipt.tenant), receipt.commit, receipt.model_dump_json())


def find_last_receipt(repository: Repository, tenant: str, url: str) -> Receipt | None:
    """The newest receipt of a whole apply among the commits that lead to the checked-out one, or None."""
    notes = repository.notes(_ref(tenant))
    if not notes:
        return None
    noted = (notes[commit] for commit in repository.ancestors() if commit in notes)
    return next((receipt for note in noted if (receipt := _newest_whole(note, url))), None)


def find_last_population(repository: Repository, tenant: str, url: str) -> int | None:
    """How many active users the account had after the last apply, whole or in part, among the same commits, or None."""
    notes = repository.notes(_ref(tenant))
    if not notes:
        return None
    lines = (line for commit in repository.ancestors() for line in notes.get(commit, "").splitlines())
    receipts = [receipt for line in lines if (receipt := _parse(line)) and receipt.url == url]
    newest = max(receipts, key=lambda receipt: receipt.at, default=None)
    return newest.population if newest else None


def _newest_whole(note: str, url: str) -> Receipt | None:
    receipts = [receipt for line in note.splitlines() if (receipt := _parse(line))]
    whole = [receipt for receipt in receipts if receipt.outcome == "whole" and receipt.url == url]
    return max(whole, key=lambda receipt: receipt.at, default=None)


def _parse(line: str) -> Receipt | None:
    """A line that somebody else wrote into the note is not a receipt, and says nothing."""
    try:
        return Receipt.model_validate_json(line)
    except ValidationError:
        return None


def _ref(tenant: str) -> str:
    return f"reconciler/{tenant}"
