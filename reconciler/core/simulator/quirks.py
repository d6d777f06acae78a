"""The behaviour of an account that 4me's pages leave open, or that is worse in other servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.core.simulator.alteration import Alteration
from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.core.simulator.rejection import ErrorShape
from reconciler.core.simulator.search import SearchQuirks


@dataclass(frozen=True, slots=True)
class Quirks:
    """The behaviour of an account that 4me's pages leave open, or that is worse in other servers.

    `ignores` holds attributes, in flat spelling (`title`, `name.familyName`, `department`, `members`), whose changes
    are answered with success, and dropped. `refuses` holds attributes, or `title=Boss` for one value, whose changes are
    refused with `refused_with` and a detail, which is "invalid" unless `names_refused`. `alters` holds attributes with
    what becomes of their texts: spaces at the ends go, letters are composed (NFC), small, or cut to 8. A duplicate name
    is 409, or 500 from servers that leave the check to their
    database. With `tells_groups`, a user lists their groups.
    """

    page_limit: int = 25
    out_of_range_count: Literal["clamp", "refuse"] = "clamp"
    error_shape: ErrorShape = "scim"
    members_in_lists: bool = False
    patch_answers: Literal["resource", "nothing"] = "resource"
    ignores: frozenset[str] = frozenset()
    refuses: frozenset[str] = frozenset()
    refused_with: int = 400
    names_refused: bool = True
    alters: tuple[tuple[str, Alteration], ...] = ()
    duplicates: Literal["conflict", "server error"] = "conflict"
    tells_groups: bool = True
    search: SearchQuirks = SearchQuirks()  # noqa: RUF009  # frozen
    people: PeopleQuirks = PeopleQuirks()  # noqa: RUF009  # frozen


AS_DOCUMENTED = Quirks()
