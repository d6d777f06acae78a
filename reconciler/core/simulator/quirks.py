"""How an account behaves where 4me's pages are silent, or where other servers are known to behave worse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.core.simulator.rejection import ErrorShape
from reconciler.core.simulator.search import SearchQuirks


@dataclass(frozen=True, slots=True)
class Quirks:
    """How 4me behaves where its pages are silent, or where other servers are known to behave worse.

    `ignores` are attributes, in flat spelling (`title`, `name.familyName`, `department`, `members`), whose changes are
    answered with success and dropped; a name that is taken is 409, or the 500 of servers that leave it to their
    database; with `tells_groups` a user who is in groups says in which.
    """

    page_limit: int = 25
    out_of_range_count: Literal["clamp", "refuse"] = "clamp"
    error_shape: ErrorShape = "scim"
    members_in_lists: bool = False
    patch_answers: Literal["resource", "nothing"] = "resource"
    ignores: frozenset[str] = frozenset()
    duplicates: Literal["conflict", "server error"] = "conflict"
    tells_groups: bool = True
    search: SearchQuirks = SearchQuirks()  # noqa: RUF009  # frozen
    people: PeopleQuirks = PeopleQuirks()  # noqa: RUF009  # frozen


AS_DOCUMENTED = Quirks()
