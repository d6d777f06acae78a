"""A renamed tenant: the users declared under its old name stay owned, also if `formerly:` was forgotten."""

from __future__ import annotations

import pytest

from tests.cli.project import TEAM, Project

URL = "https://api.example.com/scim/v2"
WITHOUT_CID = "\n".join(line for line in TEAM.splitlines() if "cid" not in line) + "\n"


def tenant(name: str, url: str = URL) -> str:
    """The declaration of one tenant."""
    return f"tenants: {{{name}: {{url: {url}, scope: all, token: {{env: TOKEN}}}}}}\n"


@pytest.fixture
def renamed(project: Project) -> Project:
    """Everybody is in the account; then the tenant has another name, and cid left in the same commit."""
    project.run("apply", "--yes")
    project.run("plan", "--save-live", "live.json", "-o", "plan.json")
    project.commit(tenant("qa") + TEAM)
    project.commit(tenant("prod") + WITHOUT_CID)
    return project


def test_who_left_with_the_old_name_of_the_tenant_is_named(renamed: Project) -> None:
    """`formerly:` was forgotten, so no record covers them: never "nothing to do"."""
    ran = renamed.run("plan", "--live", "live.json", "-o", "plan.json", "--exit-code", "--record", "local")

    assert 3 == ran.code, ran.said
    assert "1 user is named below" in ran.told
    assert "left: [{key: user/cid, reason: WHY}]" in ran.told


def test_a_tenant_at_another_address_is_another(renamed: Project) -> None:
    """Whom it declared is nobody of this account."""
    renamed.commit(tenant("prod", "https://api.example.org/scim/v2") + WITHOUT_CID)

    ran = renamed.run("plan", "--live", "live.json", "-o", "plan.json", "--exit-code", "--record", "local")

    assert "user/cid" not in ran.told
