"""What a command reads: the whole account, or what a plan of selected keys needs. Decided from git and options."""

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
SETTINGS: Final = ("url", "scope", "on_out_of_scope", "on_removed", "dialect", "quirks", "roles_via", "permissions")


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """The options of a command: how to read, which keys, and whether to include their dependencies."""

    read: ReadMode = "auto"
    only: tuple[str, ...] = ()
    dependencies: bool = False
    base: bool = False

    @property
    def looks_for_difference(self) -> bool:
        """Whether the plan may be limited to the difference between HEAD and earlier states of git."""
        by_itself = self.read == "auto" and self.base
        return not self.only and (by_itself or self.read == "targeted")


def choose_selection(
    read_request: ReadRequest, desired: DesiredState, earlier: Earlier, page_size: int, approved: Plan | None = None
) -> Selection | None:
    """Returns the keys that the plan is about: all (None), the named keys, or the difference to earlier states of git.

    With `--read auto` the difference is chosen if there is a base and a full read is not cheap, or if the approved plan
    was made from a targeted read. Raises UsageError if options do not fit together, or a named key is unknown.
    """
    if read_request.dependencies and not read_request.only:
        raise UsageError("--with-dependencies needs --only: name the keys whose dependencies to include")
    if read_request.only:
        return _select_named(read_request, desired, earlier)
    was_targeted = approved is not None and approved.read.mode == "targeted"
    if read_request.read in ("full", "incremental") or (
        read_request.read == "auto" and not read_request.base and not was_targeted
    ):
        return None
    if earlier.base is None:
        if read_request.read == "targeted":
            raise UsageError(
                "--read targeted needs an earlier state of git to compare with: give --base, or name keys with --only"
            )
        return None
    selection = select_difference(desired, earlier)
    if approved is not None:
        selection = join_selections(selection, select_changes(approved.changes, whole_groups=not was_targeted))
    if read_request.read == "auto" and not was_targeted and not _is_cheaper(selection, desired, page_size):
        return None
    return selection


def _select_named(read_request: ReadRequest, desired: DesiredState, earlier: Earlier) -> Selection:
    keys, wrong = find_keys(read_request.only, desired, earlier)
    if wrong:
        raise UsageError("; ".join(wrong))
    selection = select_keys(keys, desired, earlier)
    return with_dependencies(selection, desired, earlier) if read_request.dependencies else selection


def _is_cheaper(selection: Selection, desired: DesiredState, page_size: int) -> bool:
    """Whether the lookups take fewer requests than a full read; a full read of few requests is preferred anyway."""
    full_read = count_requests(len(desired.users), len(desired.groups), page_size)
    selected: Sequence[int] = [sum(key.kind == kind for key in selection.keys) for kind in ("user", "group")]
    lookups = sum(ceil(number / KEYS_A_REQUEST) for number in selected) + len(selection.members)
    return full_read > max(FEW_REQUESTS, lookups)


def count_requests(users: int, groups: int, page_size: int) -> int:
    """Counts the requests of a full read: pages of users, pages of groups, and one request for each group's members."""
    return ceil(users / page_size) + ceil(groups / page_size) + groups


@dataclass(frozen=True, slots=True)
class FullApply:
    """A complete apply with a full read: its serial, and the tenant and desired state that its commit declares.

    `tenant` and `desired` are None if that commit does not compile.
    """

    serial: int
    tenant: Tenant | None
    desired: DesiredState | None


def find_full_reason(
    desired: DesiredState, tenant: Tenant, full: FullApply | None, *, recovered: bool = False
) -> str | None:
    """Returns why a plan must read the whole account, or None if a targeted read is enough.

    It is enough if `full`, the last complete apply with a full read in HEAD's history, had the same settings.
    `recovered` is true if the record was recovered, and no such apply followed.
    """
    if recovered:
        return "no complete apply with a full read followed the recovery of the record"
    if full is None:
        return "no complete apply with a full read is on record in HEAD's history"
    if full.tenant is None or full.desired is None:
        return f"the commit of apply #{full.serial} does not compile"
    changed = [setting for setting in SETTINGS if getattr(full.tenant, setting) != getattr(tenant, setting)]
    matching = (full.desired.matching, full.desired.group_matching)
    if matching != (desired.matching, desired.group_matching):
        changed.append("the matching attributes")
    return f"{', '.join(changed)} changed since apply #{full.serial}" if changed else None
