"""What the answers of a service show, and the settings that they suggest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.scim.survey import Answers, judge_service, list_features, rows_of
from reconciler.core.scim.wire import ENTERPRISE, Page

ANN: JsonObject = {"id": "1", "userName": "ann", "active": True, "groups": [{"value": "g"}, "odd"]}
BOB: JsonObject = {"id": "2", "userName": "bob", "active": False}
DESK: JsonObject = {"id": "g", "displayName": "Desk"}
USUAL = Answers(
    at_4me=False,
    config={},
    schemas=[],
    refuses_count=False,
    users=Page(3, [ANN, BOB]),
    groups=Page(1, [DESK]),
)


def found(*rows: JsonObject) -> Response:
    return Response(200, {"totalResults": len(rows), "Resources": list(rows)})


REFUSED = Response(400, {"detail": "no"})


def told(question: str, **changes: Any) -> list[tuple[str, str, str | None]]:
    """Returns answer, meaning and quirk of the rows with that question."""
    survey = judge_service(replace(USUAL, **changes))
    return [(row.answer, row.meaning, row.quirk) for row in survey.findings if row.question == question]


SCHEMA: JsonObject = {"id": ENTERPRISE, "attributes": [{"name": "site"}, {"name": "supportID"}, "odd"]}


@pytest.mark.parametrize(
    ("changes", "dialect"),
    [
        ({}, "rfc7644"),
        ({"config": {"documentationUri": "https://scim.example/doc"}}, "rfc7644"),
        ({"schemas": [{"id": ENTERPRISE}]}, "rfc7644"),
        ({"schemas": [{"id": ENTERPRISE, "attributes": [{"name": "department"}]}]}, "rfc7644"),
        ({"at_4me": True}, "4me"),
        ({"config": {"documentationUri": "https://developer.xurrent.com/v1/scim/"}}, "4me"),
        ({"config": {"documentationUri": "https://developer.4me.com/v1/scim/"}}, "4me"),
        ({"schemas": [{"id": "other"}, SCHEMA]}, "4me"),
    ],
)
def test_the_dialect_shows_in_address_configuration_and_schemas(changes: dict[str, Any], dialect: str) -> None:
    """A service without any sign of 4me speaks RFC 7644."""
    survey = judge_service(replace(USUAL, **changes))

    assert dialect == survey.dialect == survey.findings[0].answer
    assert survey.findings[0].meaning


@pytest.mark.parametrize(
    ("question", "changes", "expected"),
    [
        ("count", {}, ("taken, 2 rows on the first page of users", "", None)),
        ("count", {"refuses_count": True}, ("refused", "lists are requested without it", "count_refused")),
        ("startIndex", {"second": found(BOB)}, ("followed", "", None)),
        ("startIndex", {"second": found(ANN)}, ("ignored", "accounts of several pages can't be read", None)),
        ("startIndex", {"second": found()}, ("ignored", "accounts of several pages can't be read", None)),
        ("startIndex", {"second": REFUSED}, ("refused: 400 no", "accounts of several pages can't be read", None)),
        ("page past the end", {"past": found()}, ("answered", "", None)),
        ("page past the end", {"past": REFUSED}, ("refused: 400 no", "counts as no such page", None)),
        (
            "page past the end",
            {"past": Response(503)},
            ("fails: 503", "reads that end with a full page are incomplete", None),
        ),
        ("filter by userName", {"by_name": found(ANN)}, ("works", "", None)),
        (
            "filter by userName",
            {"by_name": found(ANN, BOB)},
            ("ignored: it finds others too", "targeted plans read the whole account", None),
        ),
        ("filter by userName", {"by_name": found()}, ("finds 0 of 1", "targeted plans read the whole account", None)),
        (
            "filter by userName",
            {"by_name": REFUSED},
            ("refused: 400 no", "targeted plans read the whole account", None),
        ),
        (
            "filter by userName",
            {"by_name": found(ANN), "users": Page(1, [ANN])},
            ("answered; all fit, so it is not known whether it filters", "", None),
        ),
        ("case of userName", {"by_swapped_name": found(ANN)}, ("ignored", "", None)),
        ("case of userName", {"by_swapped_name": found()}, ("matters", "targeted plans read the whole account", None)),
        ("filter by externalId", {"by_external_id": found(ANN)}, ("works", "", None)),
        ("filter with or", {"by_two_names": found(ANN, BOB)}, ("works", "", None)),
        ("filter with or", {"by_two_names": REFUSED}, ("refused: 400 no", "one request for each look-up", None)),
        ("filter by meta.lastModified", {"changed_in_future": found()}, ("works", "", None)),
        (
            "filter by meta.lastModified",
            {"changed_in_future": found(ANN)},
            ("ignored: it finds others too", "drift reads the whole account", None),
        ),
        (
            "filter by displayName",
            {"group_by_name": found(DESK), "groups": Page(2, [DESK])},
            ("works", "", None),
        ),
        ("active", {}, ("in each answer", "", None)),
        (
            "active",
            {"users": Page(2, [{"id": "1"}, BOB])},
            ("left out for 1 user of 2", "they count as active, because inactive users are listed as such", None),
        ),
        (
            "active",
            {"users": Page(2, [{"id": "1"}, ANN])},
            (
                "left out for 1 user of 2",
                (
                    "they count as active; if they are inactive, declare active_absent_is_false, "
                    "else active_absent_is_true"
                ),
                None,
            ),
        ),
        (
            "active",
            {"users": Page(1, [{"id": "1"}]), "user": ANN},
            ("in answers by id only", "with lists_hide_attributes, it is read there", None),
        ),
        ("users", {"users": Page(1200, [])}, ("1,200 announced, none listed", "reads are incomplete", None)),
        ("users", {"users": Page(0, [])}, ("none, so their ids, attributes and `active` are unknown", "", None)),
        ("lists of users", {"user": ANN}, ("have the attributes of a request by id", "", None)),
        (
            "lists of users",
            {"user": {**ANN, "title": "Boss", "emails": [], "nickName": "A", "meta": {}}},
            ("leave out nickName, title", "each user is read by id too", "lists_hide_attributes"),
        ),
        ("members", {"groups": Page(0, [])}, ("no group, so unknown", "", None)),
        (
            "members",
            {"groups": Page(1, [{**DESK, "members": [{"value": "1"}]}])},
            ("in lists of groups", "", None),
        ),
        (
            "members",
            {"groups_by_id": [{**DESK, "members": [{"value": "1"}]}]},
            ("in answers by id only", "one request for each group", None),
        ),
        (
            "members",
            {"groups_by_id": [DESK]},
            ("hidden, though users list the groups", "only changes in git are sent", "hides_members"),
        ),
        (
            "members",
            {"groups_by_id": [DESK], "users": Page(1, [BOB])},
            ("none seen", "if groups have some, declare hides_members", None),
        ),
    ],
)
def test_each_answer_is_a_row(question: str, changes: dict[str, Any], expected: tuple[str, str, str | None]) -> None:
    """With what it means for plans, and the quirk to declare."""
    assert [expected] == told(question, **changes)


@pytest.mark.parametrize("answer", [found(ANN, BOB), REFUSED])
def test_a_filter_that_is_ignored_or_refused_shows_nothing_about_case(answer: Response) -> None:
    """That row is left out."""
    assert [] == told("case of userName", by_swapped_name=answer)


def test_the_quirks_of_all_rows_are_suggested_in_order() -> None:
    """Each once."""
    survey = judge_service(replace(USUAL, refuses_count=True, user={**ANN, "title": "x"}, groups_by_id=[DESK]))

    assert ["count_refused", "hides_members", "lists_hide_attributes"] == survey.quirks


def test_features_are_those_of_the_configuration() -> None:
    """RFC 7643 section 5; other shapes state nothing."""
    assert {"patch": True, "bulk": False} == list_features(
        {"patch": {"supported": True}, "bulk": {"supported": False}, "filter": True, "sort": None, "other": {}}
    )
    assert {} == list_features({})


@pytest.mark.parametrize("response", [Response(204), Response(200, []), Response(200, {"id": "1"}), Response(404)])
def test_what_is_no_list_has_no_rows(response: Response) -> None:
    """Whatever the status."""
    assert rows_of(response) is None
