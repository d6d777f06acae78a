"""The names of records: which one a tenant has, and which fit beside each other."""

from __future__ import annotations

import pytest

from reconciler.core.ownership.names import check_record_names, fits_in_a_branch, record_name


@pytest.mark.parametrize(
    ("record", "formerly", "existing", "name"),
    [
        (None, None, (), "production"),
        (None, None, ("prod",), "production"),
        ("prod-eu", None, (), "prod-eu"),
        ("prod-eu", "prod", ("prod",), "prod-eu"),
        (None, "prod", ("prod",), "prod"),
        (None, "prod", (), "prod"),
        (None, "prod", ("prod", "production"), "prod"),
        (None, "prod", ("production",), "production"),
    ],
)
def test_a_tenant_goes_on_with_the_record_of_its_old_name(
    record: str | None, formerly: str | None, existing: tuple[str, ...], name: str
) -> None:
    assert name == record_name("production", record, formerly, existing)


@pytest.mark.parametrize("name", ["prod", "Prod-EU", "eu/prod", "ü", "a.b", "a" * 200])
def test_a_name_that_git_takes_is_no_problem(name: str) -> None:
    assert fits_in_a_branch(name)
    assert () == check_record_names({"production": name})


@pytest.mark.parametrize(
    "name",
    [
        *("", "a b", "a..b", "a~", "a^", "a:", "a?", "a*", "a[", "a]", "a\\", "a@{b", "a//b", "/a", ".a", "a/", "a."),
        *("a/.b", "a.lock", "a.lock/b", "-a", "a\x7f", "a\n", "a" * 201),
    ],
)
def test_a_name_that_git_does_not_take_is_a_problem(name: str) -> None:
    (problem,) = check_record_names({"production": name})

    assert "production" in problem.message
    assert problem.hint is not None
    assert "`record:`" in problem.hint


@pytest.mark.parametrize(("first", "second"), [("prod", "prod"), ("Prod", "prod"), ("EU", "eu/prod"), ("eu/a", "eu")])
def test_names_that_are_one_without_case_or_a_folder_of_another_are_a_problem(first: str, second: str) -> None:
    (problem,) = check_record_names({"a": first, "b": second, "c": "other"})

    assert f'"{first}" of a and "{second}" of b' in problem.message


def test_names_that_begin_alike_are_no_problem() -> None:
    assert () == check_record_names({"a": "prod", "b": "prod-eu", "c": "eu/prod", "d": "eu/prod-2"})
