"""Each tenant has its own record of applies, and no two records have one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reconciler.core.declarations.declared import DeclaredTenant
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.declarations.tenant_names import check_tenant_names, environment_names, record_name
from reconciler.desired.yaml.read_file import TENANT_NAME
from reconciler.errors import Source


def tenants(**written: dict[str, str]) -> dict[str, DeclaredTenant]:
    return {
        name: DeclaredTenant(Tenant.model_validate({"url": "sandbox", **more}), Source("tenants.yaml", line))
        for line, (name, more) in enumerate(written.items(), 2)
    }


def found(**written: dict[str, str]) -> list[str]:
    return [str(problem) for problem in check_tenant_names(tenants(**written))]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, "qa"),
        ({"formerly": "test"}, "test"),
        ({"record": "other"}, "other"),
        ({"record": "other", "formerly": "test"}, "other"),
    ],
)
def test_a_record_is_called_as_git_says_or_as_the_tenant_was_or_is(written: dict[str, str], expected: str) -> None:
    """In that order."""
    assert expected == record_name("qa", Tenant.model_validate({"url": "sandbox", **written}))


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
    """If no record exists, or if one with that name does."""
    tenant = Tenant.model_validate({"url": "sandbox", "record": record, "formerly": formerly})
    assert name == record_name("production", tenant, existing)


def test_tenants_of_different_names_have_nothing_wrong() -> None:
    """This includes `beside` and the tenant's own previous name."""
    assert [] == found(qa={}, qb={"beside": "qa", "formerly": "test"}, qc={"record": "eu/qc"}, qd={"record": "eu/qd"})


@pytest.mark.parametrize("other", [{"record": "QA"}, {"formerly": "Qa"}])
def test_two_tenants_with_one_record_are_a_problem_that_names_both_places(other: dict[str, str]) -> None:
    """Names compare without case, because git stores a branch as a file."""
    [problem] = found(qa={}, prod=other)

    name = next(iter(other.values()))
    assert problem == (
        f'tenants.yaml:3: tenants.prod.record: "{name}" is also the record of tenant qa (names compare without case); '
        "tenant qa is at tenants.yaml:2 (give each tenant its own `record`, and none that is a folder of another)"
    )


@pytest.mark.parametrize(("one", "other"), [("eu", "eu/x"), ("eu/x", "eu"), ("EU/x", "eu")])
def test_no_record_is_a_folder_of_another(one: str, other: str) -> None:
    """Git stores a branch as a file, which can't also be a folder."""
    [problem] = found(a={"record": one}, b={"record": other})

    assert "because one is a folder of the other; tenant a is at tenants.yaml:2" in problem


def test_formerly_names_no_tenant_that_is_declared() -> None:
    """Otherwise two tenants would continue one record."""
    clash, itself = found(qa={}, prod={"formerly": "qa"})[0], found(qa={"formerly": "qa"})

    assert clash.startswith('tenants.yaml:3: tenants.prod.formerly: "qa" is declared too (')
    [said] = itself
    assert said.startswith(
        'tenants.yaml:2: tenants.qa.formerly: "qa" is this tenant itself (`formerly` is the previous name'
    )


def test_beside_names_another_tenant() -> None:
    """It must be another declared tenant."""
    [itself] = found(qa={"beside": "qa"})
    assert itself.startswith('tenants.yaml:2: tenants.qa.beside: "qa" is this tenant itself (name the other tenant')
    assert ['tenants.yaml:2: tenants.qa.beside: no tenant "prdo" is declared (did you mean "prod"?)'] == found(
        qa={"beside": "prdo"}, prod={}
    )
    assert ['tenants.yaml:2: tenants.qa.beside: no tenant "zzz" is declared (the tenants are: qa, prod)'] == found(
        qa={"beside": "zzz"}, prod={}
    )


@pytest.mark.parametrize("field", ["record", "formerly"])
def test_a_name_that_no_branch_can_have_is_refused(field: str) -> None:
    """The message names the fault."""
    with pytest.raises(ValidationError, match="can't be a branch name, because it has ' ', which git does not allow"):
        Tenant.model_validate({"url": "sandbox", field: "prod eu"})


def accounts(**written: dict[str, str]) -> list[str]:
    """Returns the problems of tenants with an account, from line 2 on."""
    reached = {"url": "https://a.example", "token": {"env": "T"}}
    declared = {
        name: DeclaredTenant(Tenant.model_validate({**reached, **more}), Source("tenants.yaml", line))
        for line, (name, more) in enumerate(written.items(), 2)
    }
    return [str(problem) for problem in check_tenant_names(declared)]


def test_two_tenants_whose_names_differ_by_case_share_their_environments() -> None:
    """The one problem names both lines and the way out; the equal records come from the same names."""
    assert [
        (
            'tenants.yaml:3: tenants.QA: the environment "plan-QA" is also one of tenant qa (GitHub ignores case); '
            "tenant qa is at tenants.yaml:2 (rename the tenant that was added last; if it has a `record`, keep that "
            "line)"
        )
    ] == accounts(qa={}, QA={})
    assert 1 == len(accounts(qa={}, QA={"record": "other"}))
    assert 2 == len(accounts(qa={}, QA={"record": "qa"})) + len(accounts(qa={"record": "x"}, QA={}))
    assert [] == accounts(qa={}, other={"record": "QA2"})


@pytest.mark.parametrize(("one", "other", "shared"), [("x", "plan-x", "plan-x"), ("PLAN-X", "x", "plan-x")])
def test_a_tenant_is_not_called_as_the_environment_of_another_tenants_plans(one: str, other: str, shared: str) -> None:
    """Otherwise plans of one would run with the token that applies to the other. The renamed one keeps its record."""
    assert [
        (
            f'tenants.yaml:3: tenants.{other}: the environment "{shared}" is also one of tenant {one} (GitHub ignores '
            f"case); tenant {one} is at tenants.yaml:2 (rename one of the two; `formerly: {other}` or "
            f"`formerly: {one}` keeps its record of applies)"
        )
    ] == accounts(**{one: {}, other: {}})
    assert [] == accounts(**{one: {}, "renamed": {"formerly": other}})


def test_every_tenant_that_shares_an_environment_is_named_once() -> None:
    """Of four, three share with one before them."""
    found_names = [
        problem.split(": ")[1] for problem in accounts(**{"x": {}, "plan-x": {}, "plan-plan-x": {}, "X": {}})
    ]

    assert ["tenants.plan-x", "tenants.plan-plan-x", "tenants.X"] == found_names


def test_an_embedded_4me_has_no_environment() -> None:
    """Its name may be that of another tenant's environment; records still compare."""
    assert [] == found(**{"x": {}, "plan-x": {}})
    assert ["is also the record of tenant qa" in problem for problem in found(qa={}, QA={})] == [True]


def test_a_tenant_name_is_a_name_of_an_environment() -> None:
    """GitHub allows 255 characters; a slash would need escapes in each address."""
    longest = "a" * 64

    assert TENANT_NAME.fullmatch(longest)
    assert not TENANT_NAME.fullmatch(f"{longest}a")
    assert [] == [sign for sign in map(chr, range(0x250)) if TENANT_NAME.fullmatch(f"a{sign}") and not sign.isascii()]
    assert not TENANT_NAME.fullmatch("a/b")
    assert all(len(name) <= 255 for name in environment_names(longest))


PARTS = st.lists(st.sampled_from(["a", "A", "b", "ab"]), min_size=1, max_size=3).map("/".join)


@given(st.lists(PARTS, max_size=6))
def test_every_record_that_can_not_stand_beside_an_earlier_one_is_named_once(records: list[str]) -> None:
    """The oracle compares each pair, as files and folders of a disk that ignores case."""
    written = {f"t{number}": {"record": record} for number, record in enumerate(records)}
    lower = [record.lower().split("/") for record in records]
    clashing = [
        f"tenants.t{number}.record"
        for number, record in enumerate(lower)
        if any(one[: len(record)] == record[: len(one)] for one in lower[:number])
    ]

    assert clashing == [problem.split(": ")[1] for problem in found(**written)]
