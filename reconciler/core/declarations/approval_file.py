"""A file `approvals/<digest>-<tenant>.yaml`: it approves one plan by hand, once it was reviewed and merged. Pure.

The tenant in the name may be left out, if no other tenant has the same plan.

Knows the fields of the file and its text, not the pull request that brought it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Final

from pydantic import Field

from reconciler.core.declarations.strict import Declaration

APPROVALS_FOLDER: Final = "approvals"
SHOWN: Final = 12  # digits of a digest that a message shows
_PREFIX = "sha256:"
_FILE = re.compile(r"approvals/([0-9a-f]{64})(?:-([^/]+))?\.yaml")


class PlanApproval(Declaration):
    """The approved plan by its digest, its tenant, and the reason; `expires` is the last day.

    `run` is the run of the workflow Apply that made the plan: then the merge of the file applies it.
    """

    plan: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    tenant: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]
    run: Annotated[int, Field(ge=1)] | None = None
    expires: date | None = None


def name_approval_file(digest: str, tenant: str) -> str:
    """Returns the path of the file that approves the plan with that digest for the tenant.

    Two tenants with the same changes have the same digest, and each has a file of its own.
    """
    return f"{APPROVALS_FOLDER}/{digest.removeprefix(_PREFIX)}-{tenant}.yaml"


def name_short_file(digest: str) -> str:
    """Returns the path of that file without its tenant."""
    return f"{APPROVALS_FOLDER}/{digest.removeprefix(_PREFIX)}.yaml"


def find_approval_faults(
    path: str, approval: PlanApproval, tenant: str | None, today: date
) -> Iterator[tuple[str, str]]:
    """Yields the fields by which a file does not approve a plan for the tenant (None: any) today, with the reasons."""
    expected = _FILE.fullmatch(path)
    if expected is None:
        name = name_approval_file(approval.plan, approval.tenant)
        yield "plan", f"the file must be named {name}, after the plan and the tenant"
    else:
        other = "than in the file's name, {}: correct the one or the other"
        if approval.plan != _PREFIX + expected[1]:
            yield "plan", f"this is another plan {other.format(expected[1][:SHOWN] + '…')}"
        if expected[2] is not None and approval.tenant != expected[2]:
            yield "tenant", f"this is another tenant {other.format(expected[2])}"
    if tenant is not None and approval.tenant != tenant:
        yield "tenant", f'this approves a plan for "{approval.tenant}", not for "{tenant}"'
    if approval.expires is not None and approval.expires < today:
        yield "expires", f"the approval expired on {approval.expires}: have a pull request with a later day reviewed"


def is_for_other_tenant(path: str, tenant: str) -> bool:
    """Decides whether the name of a file has another tenant; such a file, with its faults, is that tenant's."""
    named = _FILE.fullmatch(path)
    return named is not None and named[2] is not None and named[2].casefold() != tenant.casefold()


def find_like_named(path: str, others: Iterable[str], tenant: str) -> str | None:
    """Returns the file that was probably meant as `path`: in capitals, cut short, or without the tenant.

    The file of another tenant was meant for that one.
    """
    start = path.removesuffix(".yaml")[: len(APPROVALS_FOLDER) + 1 + SHOWN]
    like = (other for other in sorted(others) if other != path and other.casefold().startswith(start))
    return next((other for other in like if not is_for_other_tenant(other, tenant)), None)


def write_approval_file(digest: str, tenant: str, run: int | None, expires: date) -> str:
    """Returns the text of a file that approves the plan, to be pasted; a person writes the reason."""
    return "".join(
        (
            f"plan: {digest}\n",
            f"tenant: {json.dumps(tenant)}\n",
            "reason: by hand # write why this plan is right\n",
            f"run: {run}\n" if run else "",
            f"expires: {expires.isoformat()}\n",
        )
    )
