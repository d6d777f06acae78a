"""Settings: the environment as one value."""

from __future__ import annotations

import pytest

from reconciler.settings import Settings, environment_for_git


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


@pytest.mark.parametrize(
    "name",
    [
        *("GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_AUTHOR_NAME", "GIT_COMMITTER_EMAIL"),
        *("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_10", "GIT_CONFIG_GLOBAL", "SSH_AUTH_SOCK"),
    ],
)
def test_git_is_given_credentials_and_identity(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """And everything that is no variable of git's."""
    monkeypatch.setenv(name, "kept")

    assert "kept" == environment_for_git()[name]


@pytest.mark.parametrize(
    "name",
    [
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
        *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CEILING_DIRECTORIES", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE"),
        *("GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_OF_NEXT_YEAR"),
    ],
)
def test_git_is_not_pointed_elsewhere(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Nor by variables that are not known yet."""
    monkeypatch.setenv(name, "dropped")

    assert name not in environment_for_git()


def test_git_never_asks_and_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says."""
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "1")
    monkeypatch.setenv("GIT_OPTIONAL_LOCKS", "1")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    given = environment_for_git()
    assert ("0", "0", "C") == (given["GIT_TERMINAL_PROMPT"], given["GIT_OPTIONAL_LOCKS"], given["LC_ALL"])
