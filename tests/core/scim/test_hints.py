"""The dialect that a refused write points at."""

from __future__ import annotations

import pytest

from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.hints import WRONG_DIALECT, hint_at_dialect
from reconciler.core.scim.wire import DIALECTS


@pytest.mark.parametrize(
    ("method", "dialect", "status", "detail", "hint"),
    [
        ("PATCH", "4me", 400, "Operations required", WRONG_DIALECT),
        ("PATCH", "4me", 422, "schemas must contain PatchOp", WRONG_DIALECT),
        ("PATCH", "4me", 400, "Extra inputs are not permitted: title", WRONG_DIALECT),
        ("PATCH", "4me", 400, "title is invalid", ""),
        ("PATCH", "4me", 500, "Operations required", ""),
        ("POST", "4me", 400, "Operations required", ""),
        ("PATCH", "rfc7644", 400, "Operations required", ""),
    ],
)
def test_a_patch_that_lacks_operations_names_the_dialect(
    method: str, dialect: str, status: int, detail: str, hint: str
) -> None:
    """In 4me's form alone."""
    request = Request(method, "/Users/1", {})  # type: ignore[arg-type]

    assert hint == hint_at_dialect(request, Response(status, {"detail": detail}), DIALECTS[dialect])
