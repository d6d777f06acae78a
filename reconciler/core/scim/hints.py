"""The setting of a tenant that a refused or unverified write points at, in a sentence."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.wire import Dialect, describe_error

WRONG_DIALECT: Final = (
    "the service expects the PATCH of RFC 7644: set `dialect: rfc7644` for the tenant, and run `reconciler check`"
)
HIDES_MEMBERS: Final = (
    "the answers have no members, so nothing shows them: if the service never lists members, "
    "add `quirks: [hides_members]` to the tenant"
)
ABSENT_IS_INACTIVE: Final = (
    "the answer has no `active`: if the service leaves it out for inactive users, "
    "add `quirks: [active_absent_is_false]` to the tenant"
)
_EXPECTS_OPERATIONS: Final = re.compile(
    r"operations|patchop|extra (inputs|fields|properties)|additional propert|unrecognized", re.IGNORECASE
)


def hint_at_dialect(request: Request, refusal: Response, dialect: Dialect) -> str:
    """Returns the dialect to declare if a PATCH in 4me's form is refused because it has no operations, else nothing."""
    refused = refusal.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
    in_own_form = request.method == "PATCH" and dialect.patch == "merge"
    return WRONG_DIALECT if refused and in_own_form and _EXPECTS_OPERATIONS.search(describe_error(refusal)) else ""
