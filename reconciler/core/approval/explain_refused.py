"""Explains each refused change of a merge's apply: which pull requests or pushes brought it, and why that is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.core.approval.coverage import Approval
from reconciler.core.approval.merge_approvals import BranchCommit
from reconciler.core.approval.reasons import CHANGED
from reconciler.core.changes.outcome import Outcome
from reconciler.core.model.amounts import few

MOST_NAMED = 5
NOT_SHOWN = ", and its plan does not show it, because of what was merged, or changed in the account, since it was made"


def explain_refused(
    approval: Approval, bringers: Mapping[str, Sequence[BranchCommit]], reasons: Mapping[str, str]
) -> Approval:
    """Returns the approval with an explanation before the detail of each refused change that can be attributed.

    `bringers` has the commits of the branch that brought each unseen part, by the id of the part, oldest first.
    `reasons` has the reason of each pull request whose plan does not count, by its name.
    """

    def explain(refused: Outcome) -> str:
        unseen = approval.unseen.get(refused.change.id, ())
        brought = (one for part in unseen for one in bringers.get(part.id, ()))
        return explain_bringers(tuple(dict.fromkeys(brought)), reasons, shown=refused.detail.startswith(CHANGED))

    outcomes = tuple(
        outcome.model_copy(update={"detail": f"{why}: {outcome.detail}"})
        if outcome.status == "refused" and (why := explain(outcome))
        else outcome
        for outcome in approval.not_run
    )
    return replace(approval, not_run=outcomes)


def explain_bringers(
    bringers: Sequence[BranchCommit],
    reasons: Mapping[str, str],
    *,
    shown: bool = False,
) -> str:
    """Returns a clause about the commits that brought an effect which no approved plan shows; empty without commits.

    With `shown`, a plan shows the effect, and it is refused because the account changed since.
    """
    names = list(dict.fromkeys(map(name_commit, bringers)))
    uncounted = {name: reasons[name] for name in names if name in reasons}
    pushed = [name for name in names if not name.startswith("#")]
    faults = [
        *(f"the plan of {name} does not count ({reason})" for name, reason in uncounted.items()),
        *(f"{name} was pushed without a pull request" for name in pushed),
    ]
    if len(names) > 1:
        together = f"it comes from {_join(names)} together"
        return f"{together}, and {_join(faults)}" if faults else together
    if faults:
        return f"{names[0]} brought it, and its plan does not count ({reasons[names[0]]})" if uncounted else faults[0]
    return f"{names[0]} brought it{'' if shown else NOT_SHOWN}" if names else ""


def name_commit(brought: BranchCommit) -> str:
    """Returns `#12`, or the commit of a push."""
    return f"#{brought.pull}" if brought.pull is not None else f"commit {brought.commit[:12]}"


def _join(items: Iterable[str]) -> str:
    """Returns `a and b`, and of many the first few with the number of the others."""
    listed = list(items)
    if len(listed) > MOST_NAMED:
        return few(listed, MOST_NAMED)
    return " and ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:])))
