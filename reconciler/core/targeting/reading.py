"""What a command reads: everything, or what a plan about some keys needs. Decided from git and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal, TypeAlias

from reconciler.core.changes.plan import Plan
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.states import DesiredState, Selection
from reconciler.core.targeting.selection import (
    find_keys,
    join_selections,
    select_changes,
    select_difference,
    select_keys,
    with_dependencies,
)
from reconciler.errors import UsageError

ReadMode: TypeAlias = Literal["auto", "full", "incremental", "targeted"]
FEW_REQUESTS: Final = 10
KEYS_A_REQUEST: Final = 20
SETTINGS: Final = ("url", "scope", "on_out_of_scope", "on_removed", "dialect", "roles_via", "permissions")


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What the command line asks for: how to read, which keys, and whether what they need comes with them."""

    read: ReadMode = "auto"
    only: tuple[str, ...] = ()
    dependencies: bool = False
    base: bool = False

    @property
    def looks_for_difference(self) -> bool:
        """Whether the plan may be about what git says otherwise than before, and nothing else."""
        by_itself = self.read == "auto" and self.base
        return not self.only and (by_itself or self.read == "targeted")


def choose_selection(
    read_request: ReadRequest, desired: DesiredState, earlier: Earlier, page_size: int, approved: Plan | None = None
) -> Selection | None:
    """What the plan is about: everything (None), the keys named, or what git says otherwise than before.

    By itself that is chosen with a base and for a plan that was made so, where reading everything is not cheap anyway.
    """
    if read_request.dependencies and not read_request.only:
        raise UsageError("--with-dependencies goes with --only: name the keys whose dependencies you mean")
    if read_request.only:
        return _named(read_request, desired, earlier)
    planned_so = approved is not None and approved.read.mode == "targeted"
    if read_request.read in ("full", "incremental") or (
        read_request.read == "auto" and not read_request.base and not planned_so
    ):
        return None
    if earlier.base is None:
        if read_request.read == "targeted":
            raise UsageError(
                "--read targeted needs to know what git said before: give --base, or name keys with --only"
            )
        return None
    selection = select_difference(desired, earlier)
    if approved is not None:
        selection = join_selections(selection, select_changes(approved.changes, whole_groups=not planned_so))
    if read_request.read == "auto" and not planned_so and not _is_cheaper(selection, desired, page_size):
        return None
    return selection


def _named(read_request: ReadRequest, desired: DesiredState, earlier: Earlier) -> Selection:
    keys, wrong = find_keys(read_request.only, desired, earlier)
    if wrong:
        raise UsageError("; ".join(wrong))
    selection = select_keys(keys, desired, earlier)
    return with_dependencies(selection, desired, earlier) if read_request.dependencies else selection


def _is_cheaper(selection: Selection, desired: DesiredState, page_size: int) -> bool:
    """Whether asking for the selection takes fewer requests. A full read that takes few is preferred: it shows more."""
    everything = count_requests(len(desired.users), len(desired.groups), page_size)
    asked: Sequence[int] = [sum(key.kind == kind for key in selection.keys) for kind in ("user", "group")]
    return everything > max(
        FEW_REQUESTS, sum(ceil(number / KEYS_A_REQUEST) for number in asked) + len(selection.members)
    )


def count_requests(users: int, groups: int, page_size: int) -> int:
    """How many it takes to read so many users, and groups with their members."""
    return ceil(users / page_size) + ceil(groups / page_size) + groups


@dataclass(frozen=True, slots=True)
class FullApply:
    """An apply that was whole and looked at all users: its number in the record, and what git said at its commit.

    `tenant` and `desired` are None where that commit can't be compiled any more.
    """

    serial: int
    tenant: Tenant | None
    desired: DesiredState | None


def find_full_reason(
    desired: DesiredState, tenant: Tenant, full: FullApply | None, *, recovered: bool = False
) -> str | None:
    """Returns why a plan must read the whole account, or None where a plan about git's changes is enough.

    It is enough after `full`, the last such apply of a commit that leads to HEAD, with the same settings. `recovered`
    is whether the record was recovered and no such apply followed.
    """
    if recovered:
        return "no whole apply that looked at everybody followed the recovery of the record"
    if full is None:
        return "no whole apply that looked at everybody is on record for this line"
    if full.tenant is None or full.desired is None:
        return f"what apply #{full.serial} applied can't be compiled any more"
    changed = [one for one in SETTINGS if getattr(full.tenant, one) != getattr(tenant, one)]
    matching = (full.desired.matching, full.desired.group_matching)
    if matching != (desired.matching, desired.group_matching):
        changed.append("the matching attributes")
    return f"{', '.join(changed)} changed since apply #{full.serial}" if changed else None
