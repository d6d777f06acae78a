"""The schema for editors accepts and refuses the same files as the reader, apart from references."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from reconciler.core.declarations.contract import SECTIONS, make_schema
from reconciler.desired.yaml.read_file import SECTIONS as READ

ROOT = Path(__file__).parents[3]
VALIDATOR = Draft202012Validator(make_schema())


def faults(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(yaml.load(text, Loader=yaml.BaseLoader))]  # noqa: S506


def test_it_is_a_schema() -> None:
    """The schema is valid in the draft that it names."""
    Draft202012Validator.check_schema(make_schema())


def test_it_knows_every_section_that_is_read() -> None:
    """No other section is allowed."""
    assert set(READ) == set(SECTIONS)


@pytest.mark.parametrize("file", sorted((ROOT / "desired-state").rglob("*.yaml")), ids=lambda file: str(file.name))
def test_the_worked_example_is_valid(file: Path) -> None:
    """Every file of it is valid; dates are text in JSON."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))

    assert [] == [error.message for error in VALIDATOR.iter_errors(_as_json(document))]


@pytest.mark.parametrize(
    "wrong",
    [
        "user: {}",
        "users: {ann: {displayName: Ann}}",
        "users: {ann: {userName: ann, tilte: Queen}}",
        "groups: {staff: {displayName: Staff, membership: loose}}",
        "scoping_filters: {users: [{title: all, clauses: []}]}",
        "tenants: {here: {url: sandbox, rate: {burst: often}}}",
        "tenants: {here: {url: sandbox, approvals: soon}}",
        "tenants: {here: {url: sandbox, quirks: [members_with_reff]}}",
        "tenants: {here: {url: sandbox, quirks: hides_members}}",
        "guardrails: {within: 1w}",
        "guardrails: {exceptions: [{plan: abc, reason: CHG-1, expires: 2026-12-24}]}",
        "left: {key: user/kai}",
        "left: [{kye: user/kai}]",
        "released: [{id: {a: b}}]",
        "users: {ann: {userName: ann, was: {a: b}}}",
        "groups: {staff: {displayName: Staff, was: {a: b}}}",
    ],
)
def test_what_reading_refuses_is_marked(wrong: str) -> None:
    """An editor shows the fault while the file is edited."""
    assert [] != faults(wrong)


@pytest.mark.parametrize(
    "right",
    [
        "tenants: {here: {url: sandbox, approvals: 14d, formerly: there, record: eu/here, beside: other}}",
        "guardrails: {within: 24h, max_clears: {}, max_updates: {}, max_identity_updates: {}, max_adoptions: {}}",
        f"guardrails: {{exceptions: [{{plan: 'sha256:{'0' * 64}', reason: CHG-1, expires: 2026-12-24}}]}}",
        "left: [{key: user/kai, reason: CHG-12}, {id: '4711'}]",
        "released: [{key: group/old}]",
        "users: {ann: {userName: ann, was: anne}, bob: {userName: bob, was: [rob, user/robert]}}",
        "groups: {staff: {displayName: Staff, was: everyone}}",
    ],
)
def test_what_is_read_is_not_marked(right: str) -> None:
    """Editors know `released`, `left`, `was` and the limits."""
    assert [] == faults(right)


def _as_json(value: object) -> object:
    match value:
        case dict():
            return {name: _as_json(one) for name, one in value.items()}
        case list():
            return [_as_json(one) for one in value]
        case str() | bool() | int() | float() | None:
            return value
        case _:
            return str(value)
