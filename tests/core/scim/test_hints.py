"""The setting that a refused or unverified write points at."""

from __future__ import annotations

import pytest

from reconciler.core.declarations.quirk import Quirk
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.scim.hints import (
    ABSENT_IS_INACTIVE,
    HIDES_MEMBERS,
    WRONG_DIALECT,
    hint_at_dialect,
    hint_at_quirk,
)
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


@pytest.mark.parametrize(
    ("answer", "not_taken", "quirks", "hint"),
    [
        ({"id": "g"}, {"members"}, (), HIDES_MEMBERS),
        ({"id": "g", "members": []}, {"members"}, (), ""),
        ({"id": "u"}, {"active"}, (), ABSENT_IS_INACTIVE),
        ({"id": "u"}, {"active"}, ("active_absent_is_true",), ""),
        ({"id": "u", "active": True}, {"active"}, (), ""),
        ({"id": "u"}, {"title"}, (), ""),
    ],
)
def test_an_answer_that_leaves_out_what_it_should_show_names_the_quirk(
    answer: JsonObject, not_taken: set[str], quirks: tuple[Quirk, ...], hint: str
) -> None:
    """Not one that shows it."""
    assert hint == hint_at_quirk(answer, not_taken, quirks)
