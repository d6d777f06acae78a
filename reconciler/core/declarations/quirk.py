"""The quirks of a service that a tenant may declare: how its SCIM differs from the dialect, in a closed set.

They are declared where a read can't find them out safely. docs/services.md explains each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

Quirk: TypeAlias = Literal[
    "active_absent_is_false",
    "active_absent_is_true",
    "count_refused",
    "hides_members",
    "lists_hide_attributes",
    "members_removed_by_value",
    "members_with_ref",
    "patch_without_path",
]

QUIRKS: Final[tuple[Quirk, ...]] = get_args(Quirk)

MEANINGS: Final[Mapping[Quirk, str]] = {
    "active_absent_is_false": "a user without `active` in an answer is inactive",
    "active_absent_is_true": "a user without `active` in an answer is active",
    "count_refused": "lists are requested without `count`",
    "hides_members": "the service does not list members; those of the last apply are assumed",
    "lists_hide_attributes": "lists leave attributes out, so each user is also read by id",
    "members_removed_by_value": "members are removed by a list of values, not by a filter in the path",
    "members_with_ref": "members are written with `$ref`",
    "patch_without_path": "PATCH operations have no path; their value is an object",
}


def find_contradiction(quirks: list[Quirk]) -> str | None:
    """Returns why a list of quirks can't hold, or None."""
    if {"active_absent_is_false", "active_absent_is_true"} <= {*quirks}:
        return "names both `active_absent_is_false` and `active_absent_is_true`: remove one of them"
    return None
