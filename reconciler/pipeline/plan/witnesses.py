"""What `ownership show KEY` looks up: a plan of the whole account, and the witnesses of one user or group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.core.explanation.witnesses import KnownResource, as_if_active, find_known
from reconciler.core.safety.make_plan import MadePlan
from reconciler.errors import UsageError
from reconciler.pipeline.account.connect import read_whole
from reconciler.pipeline.desired.current_state import load_head
from reconciler.pipeline.plan.reading import Account, Past, plan_account
from reconciler.pipeline.record.history import History, find_base, open_history
from reconciler.pipeline.workspace import Options


def ask_witnesses(options: Options, key: str, live: Path | None) -> Sequence[KnownResource]:
    """Returns what is known of the users and groups that a key or an id names; raises UsageError for none."""
    with open_history(load_head(options, None)) as history:
        history.raise_unknown()
        account, made = plan_everybody(options, history, live)
        past = Past(find_base(history, None), history)
        evidence, _refusals = past.judge(history.head, as_if_active(account.live))
    found = find_known(account.live, evidence, made.decided, key)
    if not found:
        raise UsageError(
            f'no user or group of the account has the id "{key}", and no active one matches a declaration of that key: '
            "write user/alice.lee, group/finance or 4711; `reconciler explain KEY --account` finds the id by name"
        )
    return found


def plan_everybody(options: Options, history: History, live: Path | None) -> tuple[Account, MadePlan]:
    """Returns the whole account, and what a plan decides about it; no refusal of the record stops it."""
    past = Past(find_base(history, None), history)
    state = read_whole(options, history.head, live)
    evidence, _refusals = past.judge(history.head, state)
    account = Account(state, None, history.head, evidence)
    return account, plan_account(account, replace(past, base=replace(past.base, refusals=())))
