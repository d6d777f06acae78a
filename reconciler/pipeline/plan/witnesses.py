"""Plans the whole account, and finds the evidence about one user or group (`ownership show KEY`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.core.explanation.witnesses import KnownResource, as_if_active, find_known
from reconciler.core.safety.make_plan import MadePlan
from reconciler.errors import UsageError
from reconciler.pipeline.account.connect import read_whole
from reconciler.pipeline.desired.current_state import load_current_state
from reconciler.pipeline.plan.reading import AccountRead, Past, plan_account
from reconciler.pipeline.record.history import History, open_history
from reconciler.pipeline.record.prior_state import find_prior_state
from reconciler.pipeline.workspace import Workspace


def find_witnesses(workspace: Workspace, key: str, live: Path | None) -> Sequence[KnownResource]:
    """Returns the evidence about the users and groups with a key or an id; raises UsageError if none is found."""
    with open_history(load_current_state(workspace)) as history:
        history.raise_unknown()
        account, made = plan_whole_account(history, live)
        past = Past(find_prior_state(history, None), history)
        evidence, _refusals = past.judge(history.current, as_if_active(account.live))
    found = find_known(account.live, evidence, made.decided, key)
    if not found:
        raise UsageError(
            f'no user or group of the account has the id "{key}", and no active user or group matches a declaration of '
            "this key: give user/alice.lee, group/finance or an id such as 4711; "
            "`reconciler explain NAME --account` finds a user's id by name"
        )
    return found


def plan_whole_account(history: History, live: Path | None) -> tuple[AccountRead, MadePlan]:
    """Returns the whole account and its plan, without the refusals of the record."""
    past = Past(find_prior_state(history, None), history)
    state = read_whole(history.current, live)
    evidence, _refusals = past.judge(history.current, state)
    account = AccountRead(state, None, history.current, evidence)
    return account, plan_account(account, replace(past, prior=replace(past.prior, refusals=())))
