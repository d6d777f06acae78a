"""Settings: what the environment says, as one value."""

from __future__ import annotations

import pytest

from reconciler.settings import Settings


@pytest.mark.parametrize(
    ("environment", "actor"),
    [
        ({}, None),
        ({"GITHUB_ACTOR": "ada"}, "ada (GitHub Actions)"),
        ({"GITLAB_USER_LOGIN": "ada"}, "ada (GitLab CI)"),
        ({"BUILD_REQUESTEDFOREMAIL": "ada@example.com"}, "ada@example.com (Azure Pipelines)"),
        ({"RECONCILER_ACTOR": "Ada, by hand", "GITHUB_ACTOR": "ada"}, "Ada, by hand"),
        ({"RECONCILER_ACTOR": " ", "GITHUB_ACTOR": ""}, None),
    ],
)
def test_who_started_this_is_whom_the_build_service_names(environment: dict[str, str], actor: str | None) -> None:
    """Or whom a person names, before that."""
    assert actor == Settings(environment).build_actor()


@pytest.mark.parametrize(
    ("environment", "user"), [({}, None), ({"USER": "ada"}, "ada"), ({"USER": "", "LOGNAME": "bob"}, "bob")]
)
def test_who_is_logged_in_is_the_last_that_is_asked(environment: dict[str, str], user: str | None) -> None:
    """Where neither a build service nor git knows anybody."""
    assert user == Settings(environment).machine_user()
