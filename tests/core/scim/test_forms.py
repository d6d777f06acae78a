"""The other forms of a write, and the refusals that ask for them."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.declarations.quirk import Quirk
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.scim.forms import find_form, rewrite
from reconciler.core.scim.wire import ENTERPRISE, PATCH_OP, patch_op
from reconciler.core.simulator.machine import Simulator
from tests.account import NOON

BASE = "https://scim.example/v2"
ADD: JsonObject = {"op": "add", "path": "members", "value": [{"value": "u 1"}]}
REMOVE: JsonObject = {"op": "remove", "path": 'members[value eq "u2"]'}
RENAME: JsonObject = {"op": "replace", "path": "displayName", "value": "Crew"}


def patch(*operations: JsonObject, path: str = "/Groups/g") -> Request:
    return Request("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)})


def create(*members: str) -> Request:
    return Request("POST", "/Groups", {"displayName": "Crew", "members": [{"value": member} for member in members]})


def refusal(detail: str, status: int = 400, scim_type: str = "") -> Response:
    return Response(status, {"detail": detail, "scimType": scim_type})


def operations(request: Request) -> object:
    assert request.body
    return request.body["Operations"]


@pytest.mark.parametrize(
    ("request_", "answer", "known", "form"),
    [
        (patch(ADD), refusal("members must have $ref"), (), "members_with_ref"),
        (create("u1"), refusal("$ref is required", 422), (), "members_with_ref"),
        (create(), refusal("$ref is required"), (), None),
        (patch(ADD), refusal("members must have $ref"), ("members_with_ref",), None),
        (patch(RENAME), refusal("$ref is required"), (), None),
        (patch(REMOVE), refusal("not implemented", 501), (), "members_removed_by_value"),
        (patch(REMOVE), refusal("value filters are not supported"), (), "members_removed_by_value"),
        (patch(REMOVE), refusal("no", 400, "invalidPath"), (), "members_removed_by_value"),
        (patch(REMOVE), refusal("not implemented", 501), ("members_removed_by_value",), None),
        (patch(REMOVE), refusal("no"), (), None),
        (patch(RENAME, REMOVE), refusal("no path, please"), ("members_removed_by_value",), "patch_without_path"),
        (patch(RENAME), refusal("attribute path is not allowed"), (), "patch_without_path"),
        (patch(ADD), refusal("no", 400, "invalidPath"), (), "patch_without_path"),
        (patch(RENAME), refusal("no", 400, "noTarget"), (), "patch_without_path"),
        (patch(RENAME), refusal("invalid"), (), None),
        (patch(RENAME), refusal("path", 403), (), None),
        (patch(RENAME), refusal("path", 409), (), None),
        (patch({"op": "replace", "value": {"title": "x"}}), refusal("path"), (), None),
        (Request("GET", "/Users"), refusal("path"), (), None),
        (patch(RENAME), Response(400), (), None),
    ],
)
def test_a_refusal_asks_for_a_form(
    request_: Request, answer: Response, known: tuple[Quirk, ...], form: str | None
) -> None:
    """By what it names; only if the request can be written so, and is not yet."""
    assert form == find_form(request_, answer, known)


def test_members_are_written_with_the_address_of_the_user() -> None:
    """In a create, in 4me's PATCH and in operations; an id is quoted."""
    member = {"value": "u 1", "$ref": f"{BASE}/Users/u%201"}

    assert [{**ADD, "value": [member]}, REMOVE, RENAME] == operations(
        rewrite(patch(ADD, REMOVE, RENAME), ["members_with_ref"], BASE)
    )
    for request in (create("u 1"), Request("PATCH", "/Groups/g", {"members": [{"value": "u 1"}]})):
        rewritten = rewrite(request, ["members_with_ref"], BASE)
        assert rewritten.body
        assert [member] == rewritten.body["members"]


def test_members_are_removed_by_a_list() -> None:
    """All of them in one operation, after the others; with their addresses where those are needed."""
    removal = {"op": "remove", "path": "members", "value": [{"value": "u2"}, {"value": "u3"}]}
    another: JsonObject = {"op": "remove", "path": 'members[value eq "u3"]'}
    quirks: list[Quirk] = ["members_removed_by_value"]

    assert [ADD, RENAME, removal] == operations(rewrite(patch(REMOVE, ADD, another, RENAME), quirks, BASE))
    assert [ADD] == operations(rewrite(patch(ADD), quirks, BASE))
    with_ref = {"op": "remove", "path": "members", "value": [{"value": "u2", "$ref": f"{BASE}/Users/u2"}]}
    assert [with_ref] == operations(rewrite(patch(REMOVE), [*quirks, "members_with_ref"], BASE))


def test_operations_without_a_path_have_an_object() -> None:
    """What is replaced or cleared is one of them; a removal of members keeps its path."""
    written = patch_op(
        {
            "title": "Clerk",
            "name.familyName": "Lee",
            "name.givenName": None,
            "nickName": None,
            "emails": None,
            "department": "Finance",
            "manager": "u7",
            "customFields.badge": "x",
        }
    )
    rewritten = rewrite(patch(*written, ADD, REMOVE), ["patch_without_path"], BASE)

    together: JsonObject = {
        "title": "Clerk",
        "name": {"familyName": "Lee", "givenName": None},
        "nickName": None,
        "emails": [],
        ENTERPRISE: {"department": "Finance", "manager": {"value": "u7"}},
        "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields": {"badge": "x"},
    }
    assert [
        {"op": "replace", "value": together},
        {"op": "add", "value": {"members": [{"value": "u 1"}]}},
        REMOVE,
    ] == operations(rewritten)
    assert [REMOVE] == operations(rewrite(patch(REMOVE), ["patch_without_path"], BASE))


@pytest.mark.parametrize("quirk", ["members_with_ref", "members_removed_by_value", "patch_without_path"])
@pytest.mark.parametrize("request_", [Request("GET", "/Users"), Request("POST", "/Users", {"userName": "ann"})])
def test_other_requests_are_left(request_: Request, quirk: Quirk) -> None:
    """They have no members and no operations."""
    assert request_ == rewrite(request_, [quirk], BASE)


ATTRIBUTES = st.dictionaries(
    st.sampled_from(["title", "nickName", "name.familyName", "department", "costCenter", "displayName"]),
    st.none() | st.sampled_from(["x", "y"]),
    min_size=1,
)
FORMS = st.sets(st.sampled_from(["members_with_ref", "members_removed_by_value", "patch_without_path"]))


@given(ATTRIBUTES, FORMS)
def test_every_form_of_a_users_change_has_the_same_result(written: dict[str, str | None], forms: set[Quirk]) -> None:
    """In an account that takes them all; and the request itself is not changed."""
    results = []
    request = patch(*patch_op(written), path="/Users/u1")
    before = copy.deepcopy(request)
    for form in (request, rewrite(request, forms, BASE)):
        account = Simulator(users=[{"id": "u1", "userName": "ann", "title": "old", "name": {"familyName": "Roe"}}])
        answer = account.answer("PATCH", form.path, form.body, NOON)
        assert 200 == answer.response.status
        results.append(account.users["u1"])

    assert results[0] == results[1]
    assert before == request


@given(st.sets(st.sampled_from(["u1", "u2", "u3"])), st.sets(st.sampled_from(["u1", "u2", "u3"])), FORMS)
def test_every_form_of_a_groups_change_has_the_same_result(come: set[str], go: set[str], forms: set[Quirk]) -> None:
    """Who comes and who goes are different people."""
    added = (
        [{"op": "add", "path": "members", "value": [{"value": one} for one in sorted(come - go)]}] if come - go else []
    )
    removed = [{"op": "remove", "path": f'members[value eq "{one}"]'} for one in sorted(go)]
    request = patch(*added, *removed, RENAME)  # type: ignore[arg-type]
    results = []
    for form in (request, rewrite(request, forms, BASE)):
        account = Simulator(
            users=[{"id": one, "userName": one} for one in ("u1", "u2", "u3")],
            groups=[{"id": "g", "displayName": "Desk", "members": [{"value": one} for one in ("u1", "u2", "u3")]}],
        )
        assert 200 == account.answer("PATCH", form.path, form.body, NOON).response.status
        results.append({member["value"] for member in account.groups["g"].get("members", [])})  # type: ignore[attr-defined]

    assert results[0] == results[1] == {"u1", "u2", "u3"} - go
