"""The behaviour of an account that 4me's pages leave open, or that is worse in other servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.core.simulator.rejection import ErrorShape
from reconciler.core.simulator.search import SearchQuirks


@dataclass(frozen=True, slots=True)
class Quirks:
    """The behaviour of an account that 4me's pages leave open, or that is worse in other servers.

    `ignores` holds attributes, in flat spelling (`title`, `name.familyName`, `department`, `members`), whose changes
    are answered with success, and dropped. A duplicate name is 409, or 500 from servers that leave the check to their
    database. With `tells_groups`, a user lists their groups.
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
