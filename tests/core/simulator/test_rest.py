"""The REST side of the embedded 4me: people, and what they may do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.rest import read_call

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PEOPLE: list[JsonObject] = [
    {"id": 30, "name": "Ann", "primary_email": "ann@example.com", "source": "SCIM", "sourceID": "u1"},
    {
        "id": 4,
        "name": "Bob",
        "disabled": True,
        "permissions": {"acme": ["auditor", "specialist"], "other": ["auditor"]},
    },
    {"id": 5, "name": "Cid", "permissions": {"acme": ["account_owner", "key_contact", "something_new"]}},
    {"id": 6, "name": "Dee", "me": True, "permissions": {"acme": ["specialist"]}},
]


def account(**quirks: Any) -> Simulator:
    return Simulator(Quirks(people=PeopleQuirks(**quirks)), directory=Directory(PEOPLE))


def ask(simulator: Simulator, method: str, target: str, body: object = None) -> Response:
    return simulator.answer_rest(read_call(method, target, body, "acme", NOON)).response


def rows(response: Response) -> list[dict[str, Any]]:
    assert isinstance(response.body, list)
    return response.body


def roles(response: Response) -> list[str]:
    assert isinstance(response.body, dict), response
    return list(response.body["roles"])


def names(simulator: Simulator, query: str) -> list[str]:
    return [row["name"] for row in rows(ask(simulator, "GET", f"/people?{query}"))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Bob", "Cid", "Dee", "Ann"]),
        ("source=SCIM&sourceID=u1", ["Ann"]),
        ("source=scim", []),
        ("primary_email=ANN@example.com", ["Ann"]),
        ("name=ann", []),
        ("disabled=true", ["Bob"]),
        ("roles=auditor,key_contact", ["Bob", "Cid"]),
        ("roles=directory_auditor", []),
    ],
)
def test_people_are_found_by_what_is_documented(query: str, expected: list[str]) -> None:
    """Case counts for all but addresses and support ids; roles are those of the account in the header."""
    assert expected == names(account(), query)


def test_a_list_has_other_fields_than_are_kept() -> None:
    """The usual ones, or those asked for."""
    simulator = account()

    assert {"id", "sourceID", "name", "disabled"} <= set(rows(ask(simulator, "GET", "/people"))[0])
    assert "primary_email" not in rows(ask(simulator, "GET", "/people"))[0]
    assert {"id": 30, "source": "SCIM", "permissions": None} == rows(
        ask(simulator, "GET", "/people?sourceID=u1&fields=id,source,permissions")
    )[0]


@pytest.mark.parametrize("pages", ["cursors", "numbered"])
def test_pages_are_linked_on_a_host_that_can_not_be_reached(pages: str) -> None:
    """What is to be asked next stands in the link's query; filters stay in it."""
    simulator = account(pages=pages)
    target, met = "/people?per_page=1&disabled=false", []
    while target:
        response = ask(simulator, "GET", target)
        met += [row["name"] for row in rows(response)]
        assert "3" == response.headers["X-Pagination-Total-Entries"]
        link = urlsplit(response.headers.get("Link", "").partition(">")[0].removeprefix("<"))
        assert link.hostname in (None, "acme.xurrent.example")
        target = link.query and f"{link.path.removeprefix('/v1')}?{link.query}"

    assert ["Cid", "Dee", "Ann"] == met


def test_a_page_holds_a_hundred_at_most_and_twenty_if_nothing_is_said() -> None:
    """4me's pagination page."""
    simulator = Simulator(directory=Directory({"name": f"p{number}"} for number in range(150)))

    assert [20, 100] == [len(rows(ask(simulator, "GET", f"/people{query}"))) for query in ("", "?per_page=500")]


@pytest.mark.parametrize("query", ["per_page=many", "search_after=%25"])
def test_a_query_that_makes_no_sense_is_refused(query: str) -> None:
    """In REST's shape."""
    response = ask(account(), "GET", f"/people?{query}")

    assert 422 == response.status
    assert isinstance(response.body, dict)
    assert {"message", "errors"} == set(response.body)


def test_me_is_whose_credentials_these_are() -> None:
    """Somebody of the account, or a person of its own where nobody is said to be."""
    mine, nobodys = ask(account(), "GET", "/me").body, ask(Simulator(), "GET", "/me").body

    assert isinstance(mine, dict)
    assert isinstance(nobodys, dict)
    assert ("Dee", "Integration") == (mine["name"], nobodys["name"])
    assert "me" not in mine


def test_permissions_are_by_person_and_account() -> None:
    """Of one account, or of all where somebody holds anything."""
    simulator = account()

    assert ["auditor", "specialist"] == roles(ask(simulator, "GET", "/people/4/permissions/acme"))
    assert ["acme", "other"] == [one["account"]["id"] for one in rows(ask(simulator, "GET", "/people/4/permissions"))]
    assert [] == ask(simulator, "GET", "/people/30/permissions").body
    assert "Bob" == (ask(simulator, "GET", "/people/4").body or {}).get("name")  # type: ignore[attr-defined]  # an object


def test_post_adds_and_patch_overwrites() -> None:
    """And other accounts keep theirs."""
    simulator = account()

    assert {"specialist", "key_contact"} == set(
        roles(ask(simulator, "POST", "/people/30/permissions/acme?roles=specialist,key_contact"))
    )
    assert ["problem_manager", "specialist"] == roles(
        ask(simulator, "PATCH", "/people/4/permissions/acme?roles=specialist,problem_manager")
    )
    assert [] == roles(ask(simulator, "PATCH", "/people/30/permissions/acme?roles="))
    assert ["auditor"] == simulator.directory.records["People"]["4"]["permissions"]["other"]  # type: ignore[index]  # an object


def test_what_is_unknown_here_is_kept_where_it_is_held() -> None:
    """4me may have roles that this program never heard of."""
    assert "something_new" in roles(ask(account(), "POST", "/people/5/permissions/acme?roles=auditor"))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("roles=wizard", 422),
        ("roles=account_owner", 422),
        ("roles=problem_manager", 422),
        ("", 422),
        ("roles=key_contact", 200),
        ("roles=auditor,account_designer,account_administrator", 200),
    ],
)
def test_roles_have_names_and_prerequisites(query: str, status: int) -> None:
    """Specialist comes before all but a few; nobody is made an owner."""
    assert status == ask(account(), "PATCH", f"/people/30/permissions/acme?{query}").status


def test_where_the_pages_are_silent_quirks_decide() -> None:
    """Each can be played either way."""
    added = account(missing_specialist="add")
    assert ["problem_manager", "specialist"] == roles(
        ask(added, "PATCH", "/people/30/permissions/acme?roles=problem_manager")
    )
    overwrite = "/people/5/permissions/acme?roles=key_contact"
    assert ["key_contact"] == roles(ask(account(), "PATCH", overwrite))
    assert {"key_contact", "account_owner"} == set(roles(ask(account(owner_when_left_out="kept"), "PATCH", overwrite)))
    nothing = "/people/4/permissions/acme?roles="
    assert [200, 422] == [ask(account(no_roles_at_all=how), "PATCH", nothing).status for how in ("revoke", "refuse")]
    assert (204, None) == ((one := ask(account(writes_answer="nothing"), "PATCH", nothing)).status, one.body)
    deaf = account(ignores=frozenset({"auditor"}))
    assert ["auditor"] == roles(ask(deaf, "PATCH", nothing))


def test_nobody_revokes_their_own() -> None:
    """Granting is another matter."""
    simulator = account()

    assert 403 == ask(simulator, "PATCH", "/people/6/permissions/acme?roles=").status
    assert {"specialist", "auditor"} == set(
        roles(ask(simulator, "PATCH", "/people/6/permissions/acme?roles=specialist,auditor"))
    )


def test_a_write_that_changes_nothing_touches_nobody() -> None:
    """It is answered all the same."""
    same = read_call("PATCH", "/people/4/permissions/acme?roles=auditor,specialist", None, "acme", NOON)

    assert () == account().answer_rest(same).touched


def test_people_organizations_and_sites_are_made_by_hand() -> None:
    """With a name at least; what can't be given is dropped."""
    simulator = account()
    made = ask(
        simulator, "POST", "/people", {"name": "Eve", "primary_email": "eve@example.com", "id": 4, "permissions": {}}
    )

    assert (201, 31) == (made.status, isinstance(made.body, dict) and made.body["id"])
    assert [201, 201] == [
        ask(simulator, "POST", target, {"name": "X"}).status for target in ("/organizations", "/sites")
    ]
    assert 422 == ask(simulator, "POST", "/people", {}).status == ask(simulator, "POST", "/people", []).status
    assert ["X"] == [row["name"] for row in rows(ask(simulator, "GET", "/sites?name=X"))]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("DELETE", "/people/4/permissions/acme", 501),
        ("DELETE", "/people/4", 501),
        ("PUT", "/people/4/permissions/acme", 405),
        ("PATCH", "/me", 405),
        ("PATCH", "/people", 405),
        ("POST", "/people/4/permissions", 405),
        ("GET", "/people/99", 404),
        ("GET", "/people/99/permissions/acme", 404),
        ("GET", "/people/4/permissions/other", 404),
        ("GET", "/requests", 404),
    ],
)
def test_what_is_not_there_or_not_done(method: str, target: str, status: int) -> None:
    """Nothing is ever deleted; an account that is not the one in the header is not there."""
    assert status == ask(account(), method, target).status
