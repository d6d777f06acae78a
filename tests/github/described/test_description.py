"""The stand-in's door: a request or an answer that GitHub does not describe is found, whatever is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.errors import Failed
from reconciler.github.client import GitHub
from tests.github.described.derive import CALLS, FACTS, Deriver
from tests.github.described.description import read_description
from tests.github.described.short_form import lengthen, map_schemas, shorten, write
from tests.github.standin import REPOSITORY, StandIn, standing_in

KNOWN = read_description()
BELOW = f"/repos/{REPOSITORY}"
ANSWERS = [(call, int(status)) for call in KNOWN.calls for status in call.facts["answers"]]


def ask(standin: StandIn, call: Callable[[GitHub], object]) -> None:
    """Makes a call that is refused, and stops the stand-in."""
    with (
        standing_in(standin),
        GitHub(standin.api_url, REPOSITORY, "ghs_workflow") as github,
        pytest.raises(Failed, match="answered 400"),
    ):
        call(github)


@pytest.mark.parametrize(
    ("plant", "path", "found"),
    [
        ({"boddy": "a wrong name"}, "/issues/7/comments", r"\[0\]: Additional properties .*'boddy' was unexpected"),
        ({"body": 7}, "/issues/7/comments", r"\[0\]\.body: 7 is not of type 'string'"),
        ({"user": {"name": 7}}, "/issues/7/comments", r"\[0\]\.user\.name: 7 is not of type"),
        ({"created_at": "yesterday"}, "/issues/7/comments", r"\[0\]\.created_at: 'yesterday' does not match"),
        ({"author_association": "FRIEND"}, "/issues/7/comments", r"author_association: 'FRIEND' is not one of"),
        ({}, "/issues/7/comments?author=ada", "the query has author, which is not described"),
        ({}, "/issues/7/comments?page=two", "page: 'two' is not of type 'integer'"),
        ({}, "/issues?state=merged", "state: 'merged' is not one of"),
        ({}, "/issues/seven/comments", "issue_number: 'seven' is not of type 'integer'"),
        ({}, "/issues/7/remarks", "GET /repos/acme/people/issues/7/remarks is not a described call"),
    ],
)
def test_what_github_does_not_describe_fails_the_test(plant: dict[str, Any], path: str, found: str) -> None:
    """At the call, and again at the end, where the program took the refusal for something else."""
    standin = StandIn()
    standin.comment(7, "hello")
    standin.comments[7][0] |= plant

    with pytest.raises(AssertionError, match=found):
        ask(standin, lambda github: github.get(path))


@pytest.mark.parametrize(
    ("path", "body", "found"),
    [
        ("/issues/7/comments", {"body": "hello", "colour": "red"}, r"Additional properties .*'colour' was unexpected"),
        ("/issues/7/comments", {"text": "hello"}, "the body: "),
        ("/issues/7/comments", {"body": ["hello"]}, r"the body\.body: \['hello'\] is not of type 'string'"),
        ("/issues", {"title": "Drift", "labels": "drift"}, r"labels: 'drift' is not of type 'array'"),
        ("/issues", {"body": "Drift"}, "'title' is a required property"),
    ],
)
def test_a_body_is_checked_before_anything_is_written(path: str, body: dict[str, Any], found: str) -> None:
    """The stand-in keeps nothing of it."""
    standin = StandIn()
    with pytest.raises(AssertionError, match=found):
        ask(standin, lambda github: github.post(path, body))

    assert ({}, []) == (standin.comments, standin.issues)


@pytest.mark.parametrize(("call", "status"), ANSWERS, ids=[f"{call.name} {status}" for call, status in ANSWERS])
def test_what_is_filled_in_is_as_described(call: Any, status: int) -> None:
    """For each answer of each call, from nothing: an object without fields, a list of one of those."""
    method, _space, template = call.name.partition(" ")
    path = template.replace("{owner}/{repo}", REPOSITORY).replace("_id}", "}").format_map(_Sevens())
    schema = call.answer_schema(status)
    empty: Any = None if schema is None else [{}] if schema.get("type") == "array" else {}

    body = KNOWN.fill_answer(method, path, status, empty)

    assert KNOWN.find(method, path) == call
    assert [] == list(KNOWN.check_answer(method, path, status, body))


HIDE = (
    "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED})"
    " { minimizedComment { isMinimized } } }"
)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"query": HIDE, "variables": {"id": "IC_7"}}, []),
        ({"query": HIDE.replace("minimizeComment", "deleteIssueComment"), "variables": {"id": "IC_7"}}, ["query"]),
        ({"query": HIDE, "variables": {"id": 7}}, ["variables.id"]),
        ({"query": HIDE}, ["'variables' is a required property"]),
    ],
)
def test_a_mutation_is_the_one_that_hides_a_comment(body: dict[str, Any], found: list[str]) -> None:
    """The shape of GraphQL is written by hand."""
    wrong = list(KNOWN.check_request("POST", "/graphql", {}, body))

    assert len(found) == len(wrong)
    assert all(part in text for part, text in zip(found, wrong, strict=True))


class _Sevens(dict[str, str]):
    """The value of each parameter."""

    def __missing__(self, _name: str) -> str:
        return "7"


def test_given_fields_stay_as_they_are_at_any_depth() -> None:
    """Only what is required and lacking is added, within objects that are given too."""
    given = {"number": 7, "head": {"sha": "a" * 40, "repo": {"full_name": "mallory/people"}}, "merged_at": None}

    pull = KNOWN.make("pull-request", **given)

    assert (7, "a" * 40, "mallory/people") == (pull["number"], pull["head"]["sha"], pull["head"]["repo"]["full_name"])
    assert {"url", "title", "changed_files", "base"} <= set(pull)
    assert isinstance(pull["head"]["repo"]["owner"]["login"], str)


def test_of_several_shapes_the_one_that_fits_is_filled() -> None:
    """The reviewers of an environment are users and teams."""
    reviewers = [{"type": "Team", "reviewer": {"slug": "owners"}}, {"type": "User", "reviewer": {"login": "ada"}}]
    rule = {"type": "required_reviewers", "reviewers": reviewers}

    filled = KNOWN.make("environment", name="qa", protection_rules=[rule])["protection_rules"][0]["reviewers"]

    assert ("owners", "ada") == (filled[0]["reviewer"]["slug"], filled[1]["reviewer"]["login"])
    assert ("permission" in filled[0]["reviewer"], "site_admin" in filled[1]["reviewer"]) == (True, True)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{BELOW}/branches/reconciler/qa", "GET /repos/{owner}/{repo}/branches/{branch}"),
        (f"{BELOW}/branches/reconciler/qa/protection", "GET /repos/{owner}/{repo}/branches/{branch}/protection"),
        (f"{BELOW}/git/matching-refs/heads/a", "GET /repos/{owner}/{repo}/git/matching-refs/{ref}"),
        (f"{BELOW}/actions/runs/7", "GET /repos/{owner}/{repo}/actions/runs/{run_id}"),
        (f"{BELOW}/actions/runs/7/jobs", "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs"),
    ],
)
def test_a_path_belongs_to_the_most_specific_call(path: str, name: str) -> None:
    """Names of branches, refs and files may have slashes."""
    found = KNOWN.find("GET", path)

    assert found is not None
    assert name == found.name


def test_the_facts_are_of_these_calls() -> None:
    """A call that is added to the list is derived too, and the file is as the script writes it."""
    text = FACTS.read_text(encoding="utf-8")
    facts = json.loads(text)

    assert sorted(CALLS) == sorted(facts["calls"])
    assert write(facts) + "\n" == text
    assert facts == map_schemas(map_schemas(facts, lengthen), shorten)
    assert len(text) < 110_000


def test_a_description_becomes_facts() -> None:
    """References, null, parts of an object; no texts, except where a field is named like one."""
    schemas = {
        "person": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string", "title": "x"}}},
        "nullable-person": {
            "type": "object",
            "nullable": True,
            "properties": {"title": {"type": "string", "description": "her title"}},
        },
        "both": {
            "allOf": [
                {"$ref": "#/components/schemas/person"},
                {"type": "object", "required": ["level"], "properties": {"level": {"enum": [1, 2], "nullable": True}}},
            ]
        },
    }
    deriver = Deriver({"components": {"schemas": schemas}})

    assert {"anyOf": [{"$ref": "#/shapes/person"}, {"type": "null"}]} == deriver.refer("nullable-person")
    assert {"$ref": "#/shapes/both"} == deriver.refer("both")
    assert {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}} == deriver.shapes[
        "person"
    ]
    assert ["level", "title"] == deriver.shapes["both"]["required"]
    assert {"title", "level"} == set(deriver.shapes["both"]["properties"])
