"""The file that keeps the embedded 4me."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.rest import read_call
from reconciler.core.simulator.schema import CUSTOM_FIELDS
from reconciler.errors import Failed, UsageError
from reconciler.sandbox.store import Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from reconciler.sandbox.store import Store

with Store(Path(sys.argv[1])) as store:
    for number in range(40):
        user = {"userName": f"{sys.argv[2]}-{number}"}
        status = store.answer("POST", "/Users", user, datetime(2026, 3, 1, tzinfo=UTC)).status
        assert status == 201, status
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sandbox.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path) as store:
        yield store


def ask(store: Store, method: str, target: str, body: object = None) -> Response:
    return store.answer(method, target, body, NOON)


def document(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, dict)
    return response.body


def names(store: Store) -> list[str]:
    return sorted(str(user["userName"]) for user in store.simulator().users.values())


def test_a_new_file_is_for_its_owner_alone(store: Store) -> None:
    """0600, and SQLite's companions with it."""
    ask(store, "POST", "/Users", {"userName": "alice"})

    modes = {stat.S_IMODE(file.stat().st_mode) for file in store.path.parent.glob("sandbox.db*")}
    assert {0o600} == modes


def test_a_new_folder_is_left_out_of_git(store: Store) -> None:
    """People are made up in it, and still they belong in no repository."""
    assert "*\n" == (store.path.parent / ".gitignore").read_text(encoding="utf-8")


def test_a_folder_that_was_there_is_left_alone(tmp_path: Path) -> None:
    """It may hold files that git should have."""
    with Store(tmp_path / "sandbox.db"):
        assert not (tmp_path / ".gitignore").exists()


def test_what_was_written_is_there_when_opened_again(path: Path) -> None:
    """Users, groups, members and the next id survive the process."""
    with Store(path) as first:
        ask(first, "POST", "/Users", {"userName": "alice"})
        ask(first, "POST", "/Groups", {"displayName": "Finance", "members": [{"value": "scim-u-000001"}]})
        before = first.simulator()
    with Store(path) as second:
        assert (before.users, before.groups) == (second.simulator().users, second.simulator().groups)
        assert "scim-u-000002" == document(ask(second, "POST", "/Users", {"userName": "bob"}))["id"]


def test_two_at_once_see_the_same_account(path: Path) -> None:
    """Each sees what the other wrote, and builds on it."""
    with Store(path) as one, Store(path) as other:
        created = document(ask(one, "POST", "/Users", {"userName": "alice"}))
        assert created == document(ask(other, "GET", "/Users/scim-u-000001"))

        ask(other, "PATCH", "/Users/scim-u-000001", {"title": "Analyst"})
        ask(one, "PATCH", "/Users/scim-u-000001", {"nickName": "Al"})
        both = document(ask(other, "GET", "/Users/scim-u-000001"))
        assert ("Analyst", "Al") == (both["title"], both["nickName"])

        assert 409 == ask(other, "POST", "/Users", {"userName": "ALICE"}).status


def test_processes_at_once_lose_nothing(path: Path) -> None:
    """Three writers and one file that none of them had made: every user is there, under an id of their own."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], cwd=Path(__file__).parents[2])  # noqa: S603
        for name in ("a", "b", "c")
    ]

    assert [0, 0, 0] == [writer.wait(timeout=60) for writer in writers]
    with Store(path) as store:
        assert sorted(f"{name}-{number}" for name in "abc" for number in range(40)) == names(store)


def test_threads_may_share_a_store(store: Store) -> None:
    """A server answers from a thread of its own."""
    with ThreadPoolExecutor(8) as pool:
        statuses = set(
            pool.map(lambda number: ask(store, "POST", "/Users", {"userName": f"{number}"}).status, range(40))
        )

    assert {201} == statuses
    assert 40 == len(names(store))


def test_the_account_is_read_again_only_after_another_wrote(path: Path) -> None:
    """Reading ten thousand users for each request would be felt."""
    with Store(path) as one, Store(path) as other:
        for _ in range(3):
            ask(one, "POST", "/Users", {"userName": "alice"})
            ask(one, "GET", "/Users")
        assert 1 == one.loads

        ask(other, "POST", "/Users", {"userName": "bob"})
        for _ in range(3):
            ask(one, "GET", "/Users")
        assert 2 == one.loads


def test_an_order_once_seen_stays(store: Store) -> None:
    """A change does not move a user to another page."""
    for name in ("a", "b", "c"):
        ask(store, "POST", "/Users", {"userName": name})
    ask(store, "PATCH", "/Users/scim-u-000001", {"title": "Analyst"})

    assert ["scim-u-000001", "scim-u-000002", "scim-u-000003"] == list(store.simulator().users)


def test_a_seed_is_put_in_as_it_is(store: Store) -> None:
    """Ids are kept, an id that was there is replaced, and one without gets the next."""
    store.seed([{"id": "u1", "userName": "alice", "title": "Analyst"}])
    store.seed(
        [{"id": "u1", "userName": "alice"}, {"userName": "bob"}],
        [{"id": "g1", "displayName": "Finance", "members": [{"value": "u1"}]}],
    )

    assert "title" not in store.simulator().users["u1"]
    assert "bob" == store.simulator().users["scim-u-000001"]["userName"]
    assert [{"value": "u1"}] == store.simulator().groups["g1"]["members"]


def test_a_seed_that_makes_no_sense_changes_nothing(store: Store) -> None:
    """All of it or none."""
    with pytest.raises(UsageError, match="members"):
        store.seed([{"userName": "alice"}], [{"displayName": "Finance", "members": 5}])

    assert [] == names(store)
    assert 0 == document(ask(store, "GET", "/Users"))["totalResults"]


def test_a_reset_empties_the_account(path: Path) -> None:
    """For everybody who has it open, and ids start again."""
    with Store(path) as one, Store(path) as other:
        ask(one, "POST", "/Users", {"userName": "alice"})
        ask(other, "GET", "/Users")
        one.reset()

        assert 0 == document(ask(one, "GET", "/Users"))["totalResults"]
        assert 0 == document(ask(other, "GET", "/Users"))["totalResults"]
        assert "scim-u-000001" == document(ask(other, "POST", "/Users", {"userName": "bob"}))["id"]


def test_quirks_are_chosen_by_whoever_asks(store: Store) -> None:
    """The file holds the account, not how it behaves."""
    response = store.answer("GET", "/Users/nobody", None, NOON, quirks=Quirks(error_shape="rest"))

    assert {"message": "there is no Users/nobody"} == response.body
    assert "detail" in document(ask(store, "GET", "/Users/nobody"))


def test_looking_at_the_twin_changes_nothing(store: Store) -> None:
    """It is a copy."""
    store.simulator().answer("POST", "/Users", {"userName": "alice"}, NOON)

    assert [] == names(store)


def test_a_write_that_can_not_be_saved_is_forgotten(store: Store) -> None:
    """What is in memory is what is in the file, after a failure too."""
    ask(store, "POST", "/Users", {"userName": "alice"})
    with pytest.raises(Failed, match="sandbox file"):
        ask(store, "PATCH", "/Users/scim-u-000001", {CUSTOM_FIELDS: {"level": float("nan")}})

    assert CUSTOM_FIELDS not in document(ask(store, "GET", "/Users/scim-u-000001"))
    assert 200 == ask(store, "PATCH", "/Users/scim-u-000001", {"title": "Analyst"}).status


def test_a_store_that_is_closed_says_so(path: Path) -> None:
    """Closing twice is no harm, asking afterwards fails."""
    store = Store(path)
    store.close()
    store.close()

    with pytest.raises(Failed):
        ask(store, "GET", "/Users")


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    """And it is left as it was."""
    other = tmp_path / "notes.txt"
    other.write_text("not a database, and long enough to be looked at twice" * 20, encoding="utf-8")
    before = other.read_bytes()

    with pytest.raises(UsageError, match="not a sandbox file"):
        Store(other)
    assert before == other.read_bytes()


def test_a_path_that_can_not_be_is_refused(tmp_path: Path) -> None:
    """A folder is no file, and a file is no folder."""
    (tmp_path / "file").touch()

    for path in (tmp_path, tmp_path / "file" / "sandbox.db"):
        with pytest.raises(UsageError, match="can't be opened"):
            Store(path)


def test_another_database_is_not_written_to_in_vain(tmp_path: Path) -> None:
    """A table of that name with other columns: it is said, before anything is asked, that the file can't be used."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE resources (name TEXT)")

    with pytest.raises(Failed, match="can't be used"):
        Store(path)


def test_people_are_kept_beside_the_users(store: Store, path: Path) -> None:
    """What the rules make of a user, and the roles given over REST, are there for the next process."""
    user = document(ask(store, "POST", "/Users", {"userName": "ann@example.com", "displayName": "Ann"}))["id"]
    person = store.simulator().directory.behind(user)
    assert person is not None
    grant = read_call("PATCH", f"/people/{person['id']}/permissions/acme?roles=auditor", None, "acme", NOON)
    assert 200 == store.answer_rest(grant).status

    with Store(path) as other:
        assert {"acme": ["auditor"]} == (other.simulator().directory.behind(user) or {})["permissions"]


def test_seeded_users_have_the_people_that_the_rules_would_make(store: Store) -> None:
    """Unless the people come with them: then they are as they are said to be."""
    ann: JsonObject = {"id": "u1", "userName": "ann@example.com", "displayName": "Ann"}
    store.seed([ann])
    assert store.simulator().directory.behind("u1")
    store.seed(
        [{**ann, "id": "u2", "userName": "bob@example.com"}], records={"People": [], "Sites": [{"name": "London"}]}
    )

    assert store.simulator().directory.behind("u2") is None
    assert store.simulator().directory.named("Sites", "london")


def test_a_file_from_before_there_were_people_gets_them(store: Store, path: Path) -> None:
    """Once: what is not linked later stays so."""
    store.seed([{"id": "u1", "userName": "ann@example.com", "displayName": "Ann"}], records={"People": []})
    with Store(path) as other:
        assert other.simulator().directory.behind("u1") is None
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 0")

    with Store(path) as other:
        assert other.simulator().directory.behind("u1")


def test_an_emptied_account_has_no_people(store: Store) -> None:
    """Nor places."""
    store.seed([], records={"People": [{"name": "Ann"}], "Sites": [{"name": "London"}]})
    store.reset()

    assert [{}, {}, {}] == list(store.simulator().directory.records.values())
