"""No secret is kept in a variable that a shell, a program of a run or the action itself uses."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.core.declarations.declared import Declarations, DeclaredTenant
from reconciler.core.declarations.notifier import Notifier
from reconciler.core.declarations.secret_variables import check_secret_variables, find_variable_fault, list_unpassed
from reconciler.core.declarations.tenant import Tenant
from reconciler.errors import Source

ROOT = Path(__file__).parents[3]
STEPS = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
ASSIGNMENT = re.compile(r"(?:^|\s)([A-Za-z_]\w*)\+?=(?!=)", re.MULTILINE)
KEYS = ("token", "client_id", "client_secret", "smtp", "url")
OWN = {"SCIM_TOKEN": "token", "CLIENT_ID": "client_id", "CLIENT_SECRET": "client_secret"}
OWN |= {"SMTP_URL": "smtp", "CHAT_WEBHOOK": "url"}


def of_the_action() -> set[str]:
    """Returns every variable that a step of the action sets: under `env`, or in its script."""
    by_env = {name for step in STEPS for name in step.get("env", {})}
    return by_env | {name for step in STEPS for name in ASSIGNMENT.findall(step.get("run", ""))}


def of_the_settings() -> set[str]:
    """Returns every variable that this program reads or sets."""
    tree = ast.parse((ROOT / "reconciler" / "settings.py").read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch(r"[A-Z]{2,}(_[A-Z]+)*", text)}


def test_no_variable_of_a_step_or_of_the_program_holds_another_secret() -> None:
    """Both lists are read from the files, so a new variable there must be reserved too."""
    action, settings = of_the_action(), of_the_settings()

    assert {"DIR", "OUT", "TENANT", "code", "GITHUB_TOKEN", *OWN} <= action
    assert {"RECONCILER_PRIVATE", "USER", "NO_COLOR", "HTTPS_PROXY", "GITHUB_TOKEN"} <= settings
    free = {(name, key) for name in action | settings for key in KEYS if find_variable_fault(name, key) is None}
    assert set(OWN.items()) == free


@pytest.mark.parametrize(
    ("variable", "why"),
    [
        *(
            (name, "the shell uses this variable")
            for name in ("PATH", "HOME", "USER", "SHELL", "CI", "ENV", "IFS", "_")
        ),
        *((name, "the shell uses this variable") for name in ("TMPDIR", "LANG", "UID", "PWD", "SHELLOPTS", "TERM")),
        ("OUT", "the steps of the action use this variable"),
        ("code", "the steps of the action use this variable"),
        ("CLIENT_ID", "the action sets this variable to the secret under `client_id`"),
        ("SMTP_URL", "the action sets this variable to the secret under `smtp`"),
        ("CHAT_WEBHOOK", "the action sets this variable to the secret under `url`"),
        ("GITHUB_TOKEN", "the runner and the programs on it use the variables GITHUB_…"),
        ("RUNNER_TEMP", "the runner and the programs on it use the variables RUNNER_…"),
        ("ACTIONS_STEP_DEBUG", "the runner and the programs on it use the variables ACTIONS_…"),
        ("INPUT_TENANT", "the runner and the programs on it use the variables INPUT_…"),
        ("STATE_x", "the runner and the programs on it use the variables STATE_…"),
        ("LD_PRELOAD", "the runner and the programs on it use the variables LD_…"),
        ("DYLD_INSERT_LIBRARIES", "the runner and the programs on it use the variables DYLD_…"),
        ("PYTHONPATH", "the runner and the programs on it use the variables PYTHON…"),
        ("Python3_ROOT_DIR", "the runner and the programs on it use the variables Python…"),
        ("BASH_ENV", "the runner and the programs on it use the variables BASH…"),
        ("GIT_SSH_COMMAND", "the runner and the programs on it use the variables GIT_…"),
        ("NODE_OPTIONS", "the runner and the programs on it use the variables NODE_…"),
        ("LC_ALL", "the runner and the programs on it use the variables LC_…"),
        ("SSL_CERT_FILE", "the runner and the programs on it use the variables SSL_CERT_…"),
        ("RECONCILER_PRIVATE", "the runner and the programs on it use the variables RECONCILER_…"),
        ("https_proxy", "the programs of a run use this variable"),
        ("NO_PROXY", "the programs of a run use this variable"),
        ("pythonLocation", "the programs of a run use this variable"),
        ("ImageOS", "the programs of a run use this variable"),
    ],
)
def test_a_variable_that_is_used_already_holds_no_token(variable: str, why: str) -> None:
    """The reason says by what."""
    assert why == find_variable_fault(variable, "token")


@pytest.mark.parametrize(
    "variable",
    ["FOURME_TOKEN", "SCIM_TOKEN", "TOKEN", "T", "path", "Path", "github_token", "GITLAB_TOKEN", "CI_TOKEN", "OUTLET"],
)
def test_any_other_variable_does(variable: str) -> None:
    """Linux distinguishes case, and a part of a reserved name is free."""
    assert find_variable_fault(variable, "token") is None


def declare(notifications: tuple[Any, ...] = (), **tenants: dict[str, Any]) -> Declarations:
    declared = {
        name: DeclaredTenant(Tenant.model_validate({"url": "https://a.example", **more}), Source("tenants.yaml", line))
        for line, (name, more) in enumerate(tenants.items(), 2)
    }
    notifiers = tuple(map(Notifier.model_validate, notifications))
    sources = tuple(Source("notify.yaml", line) for line, _notifier in enumerate(notifiers, 2))
    return Declarations(tenants=declared, notifications=notifiers, notification_sources=sources)


def oauth(client_id: str, client_secret: str) -> dict[str, Any]:
    secrets = {"client_id": {"env": client_id}, "client_secret": {"env": client_secret}}
    way = {"url": "https://a.example", "account": "acme", "oauth": {"token_url": "https://a.example", **secrets}}
    return {"roles_via": "permissions", "permissions": way}


def email(variable: str) -> dict[str, Any]:
    return {"on": ["failure"], "email": {"to": ["iam@example.com"], "smtp": {"env": variable}}}


def webhook(variable: str) -> dict[str, Any]:
    return {"on": ["failure"], "webhook": {"url": {"env": variable}}}


def test_every_secret_of_a_tenant_is_checked_and_named_with_its_line_and_the_line_to_write() -> None:
    """All problems at once; the path leads to the line of the variable."""
    tenant = {"token": {"env": "PATH"}, **oauth("CLIENT_SECRET", "HOME"), "notifications": [webhook("CI")]}
    found = list(check_secret_variables(declare((), **{"qa-1": tenant})))

    assert [
        (
            'tenants.yaml:2: tenants.qa-1.token.env: "PATH" can\'t hold a secret, because the shell uses this variable '
            "(write `token: {env: FOURME_QA_1_TOKEN}`, and put the secret there)"
        ),
        (
            'tenants.yaml:2: tenants.qa-1.permissions.oauth.client_id.env: "CLIENT_SECRET" can\'t hold a secret, '
            "because the action sets this variable to the secret under `client_secret` "
            "(write `client_id: {env: FOURME_QA_1_CLIENT_ID}`, and put the secret there)"
        ),
        (
            'tenants.yaml:2: tenants.qa-1.permissions.oauth.client_secret.env: "HOME" can\'t hold a secret, because '
            "the shell uses this variable (write `client_secret: {env: FOURME_QA_1_CLIENT_SECRET}`, and put the "
            "secret there)"
        ),
        (
            'tenants.yaml:2: tenants.qa-1.notifications[0].webhook.url.env: "CI" can\'t hold a secret, because the '
            "shell uses this variable (write `url: {env: CHAT_WEBHOOK}`, and put the address there)"
        ),
    ] == [str(problem) for problem, _path in found]
    assert [
        ("tenants", "qa-1", "token", "env"),
        ("tenants", "qa-1", "permissions", "oauth", "client_id", "env"),
        ("tenants", "qa-1", "permissions", "oauth", "client_secret", "env"),
        ("tenants", "qa-1", "notifications"),
    ] == [path for _problem, path in found]


def test_the_notifiers_of_all_tenants_are_checked() -> None:
    """At the line of each."""
    [(problem, path)] = check_secret_variables(declare((webhook("CHAT_WEBHOOK"), email("SCIM_TOKEN"))))

    assert () == path
    assert (
        'notify.yaml:3: notifications[1].email.smtp.env: "SCIM_TOKEN" can\'t hold a secret, because the action sets '
        "this variable to the secret under `token` (write `smtp: {env: SMTP_URL}`, and put the address there)"
    ) == str(problem)


def test_one_variable_may_be_the_token_of_two_tenants_but_not_two_secrets_of_one() -> None:
    """The second export would overwrite the first."""
    shared = {"token": {"env": "T"}}
    assert [] == list(check_secret_variables(declare(qa={**shared, **oauth("CLIENT_ID", "S")}, prod=shared)))

    [(problem, path)] = check_secret_variables(declare(qa={**shared, **oauth("ID", "T")}))
    assert ("tenants", "qa", "permissions", "oauth", "client_secret", "env") == path
    assert (
        'tenants.yaml:2: tenants.qa.permissions.oauth.client_secret.env: "T" is also the variable of this tenant\'s '
        "token (write `client_secret: {env: FOURME_QA_CLIENT_SECRET}`, and put the secret there)"
    ) == str(problem)


def test_a_tenant_without_secrets_has_nothing_wrong() -> None:
    """The embedded 4me needs none."""
    assert [] == list(check_secret_variables(declare(sandbox={"url": "sandbox"})))


def test_notifiers_whose_variable_the_action_does_not_pass_are_listed_once() -> None:
    """In the order of declaration."""
    written = (webhook("CHAT_WEBHOOK"), email("SMTP_URL"), webhook("OPS"), email("MAIL_EU"), webhook("OPS"))

    assert ["OPS", "MAIL_EU"] == list_unpassed(declare(written).notifications)
