"""A saved live state: the account as JSON, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.model.messages import JsonObject
from reconciler.core.model.states import Certificate
from reconciler.errors import UsageError
from reconciler.live.snapshot import Snapshot, load_snapshot, read_snapshot_file, snapshot_to_json, to_live_state

ACCOUNT = Snapshot(
    users=[{"id": "u1", "userName": "zoë@example.com", "active": False, "roles": [{"value": "specialist"}]}],
    groups=[{"id": "g1", "displayName": "Finance", "members": [{"value": "u1"}]}],
)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.none() | st.booleans() | st.integers() | texts
resources = st.lists(st.dictionaries(texts, values | st.lists(values), max_size=4), max_size=3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "live.json"


def test_a_saved_live_state_is_read_as_the_account_was(file: Path) -> None:
    """The same people and groups; only how they were read is another."""
    file.write_text(snapshot_to_json(ACCOUNT), encoding="utf-8")

    saved = load_snapshot(file)
    read = to_live_state(ACCOUNT, Certificate("full", 1, 1, 3))

    assert (read.users, read.groups) == (saved.users, saved.groups)
    assert Certificate("snapshot", 1, 1, 0) == saved.certificate


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(resources, resources)
def test_whatever_resources_hold_is_saved_and_read(
    file: Path, users: list[JsonObject], groups: list[JsonObject]
) -> None:
    """Byte for byte what the account answered."""
    snapshot = Snapshot(users, groups)
    file.write_text(snapshot_to_json(snapshot), encoding="utf-8")

    assert snapshot == read_snapshot_file(file)


def test_letters_are_saved_as_letters() -> None:
    """A person may look into the file."""
    assert "zoë@example.com" in snapshot_to_json(ACCOUNT)


def test_a_resource_that_can_not_be_read_makes_the_saved_state_incomplete(file: Path) -> None:
    """As it would when read from the account."""
    document = {"format": 1, "users": [{"userName": "nobody"}], "groups": []}
    file.write_text(json.dumps(document), encoding="utf-8")

    assert not load_snapshot(file).certificate.complete


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a saved live state"),
        (b"{", "is not a saved live state"),
        (b"\xff\xfe\xfd", "is not a saved live state"),
        (b"[" * 100_000, "is not a saved live state"),
        (b"[]", "is not a saved live state of format 1: make one with `plan --save-live FILE`"),
        (b"null", "of format 1"),
        (b'{"users": [], "groups": []}', "of format 1"),
        (b'{"format": 2, "users": [], "groups": []}', "of format 1"),
        (b'{"format": 1, "groups": []}', "`users` is not a list of SCIM resources"),
        (b'{"format": 1, "users": {}, "groups": []}', "`users` is not a list of SCIM resources"),
        (b'{"format": 1, "users": [], "groups": ["g1"]}', "`groups` is not a list of SCIM resources"),
    ],
)
def test_what_is_not_a_saved_live_state_says_so(file: Path, content: bytes, said: str) -> None:
    """A usage error that names the file."""
    file.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        load_snapshot(file)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_is_missing_says_so(file: Path) -> None:
    """The same error, with the reason."""
    with pytest.raises(UsageError, match="No such file"):
        load_snapshot(file)
