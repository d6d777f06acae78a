"""Finds secrets in environment variables that a shell, git, Python, a runner or the action uses itself.

The action exports each secret under the name that tenants.yaml gives, so a name of its own would overwrite, or be
overwritten by, what a step works with. The check is no part of the YAML's types: an earlier commit with such a name
must still compile, because its declarations are the base of later plans.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from reconciler.core.declarations.declared import Declarations, DeclaredTenant
from reconciler.core.declarations.notifier import Email, Notifier
from reconciler.core.declarations.secret import SecretName
from reconciler.errors import Problem, Source

Path: TypeAlias = tuple[str, ...]

_SHELL = """
    _ CI COLUMNS DIRSTACK DISPLAY ENV EPOCHREALTIME EPOCHSECONDS EUID FCEDIT FUNCNAME FUNCNEST GLOBIGNORE GROUPS HISTCMD
    HISTCONTROL HISTFILE HISTFILESIZE HISTIGNORE HISTSIZE HISTTIMEFORMAT HOME HOSTFILE HOSTNAME HOSTTYPE IFS IGNOREEOF
    INPUTRC LANG LANGUAGE LINENO LINES LOGNAME MACHTYPE MAIL MAILPATH MAPFILE OLDPWD OPTARG OPTERR OPTIND OSTYPE PATH
    PIPESTATUS POSIXLY_CORRECT PPID PROMPT_COMMAND PROMPT_DIRTRIM PS0 PS1 PS2 PS3 PS4 PWD RANDOM REPLY SECONDS SHELL
    SHELLOPTS SHLVL SRANDOM TEMP TERM TIMEFORMAT TMOUT TMP TMPDIR TZ UID USER auto_resume histchars
"""
_PROGRAMS = """
    AGENT_TOOLSDIRECTORY BUILD_REQUESTEDFOREMAIL CURL_CA_BUNDLE GITLAB_USER_LOGIN ImageOS ImageVersion NO_COLOR
    OPENSSL_CONF PAGER PKG_CONFIG_PATH REQUESTS_CA_BUNDLE SSH_ASKPASS SSH_AUTH_SOCK SSLKEYLOGFILE VIRTUAL_ENV
    pythonLocation
"""
_STEPS = """
    APPROVALS APPROVED BASE CLIENT_ID_VARIABLE CLIENT_SECRET_VARIABLE DIR ENABLED_ONLY MAX_DURATION NEEDS OUT PART
    PLANNED SCIM_TOKEN_VARIABLE TENANT chosen code from matrix number only pip program workflow
"""
_PREFIXES = """
    ACTIONS_ BASH DYLD_ GIT_ GITHUB_ INPUT_ LC_ LD_ MALLOC_ NODE_ PIP_ PYTHON Python RECONCILER_ RUNNER_ SSL_CERT_
    STATE_ XDG_
"""
SHELL, PROGRAMS = frozenset(_SHELL.split()), frozenset(_PROGRAMS.split())
STEPS = frozenset(_STEPS.split())  # set in the steps of action.yml: by `env`, or by their scripts
PREFIXES = tuple(_PREFIXES.split())
PROXY = re.compile(r"\w+_PROXY", re.IGNORECASE)
PURPOSES: Final[Mapping[str, str]] = {  # variables that the action sets to one secret
    "SCIM_TOKEN": "token",
    "CLIENT_ID": "client_id",
    "CLIENT_SECRET": "client_secret",
    "SMTP_URL": "smtp",
    "CHAT_WEBHOOK": "url",
}


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """A secret of the YAML: the variable that it names, its key, and the path of keys to `env`."""

    variable: str
    key: str
    path: Path
    spelled: str
    source: Source


def find_variable_fault(variable: str, key: str) -> str | None:
    """Returns why a variable can't hold the secret under a key such as `token`, as a clause; None if it can."""
    purpose = PURPOSES.get(variable, key)
    if purpose != key:
        return f"the action sets this variable to the secret under `{purpose}`"
    if variable in STEPS:
        return "the steps of the action use this variable"
    if variable in SHELL:
        return "the shell uses this variable"
    prefix = next((prefix for prefix in PREFIXES if variable.startswith(prefix)), None)
    if prefix is not None:
        return f"the runner and the programs on it use the variables {prefix}…"
    if variable in PROGRAMS or PROXY.fullmatch(variable):
        return "the programs of a run use this variable"
    return None


def check_secret_variables(declarations: Declarations) -> Iterator[tuple[Problem, Path]]:
    """Yields a problem for each secret in a variable that something else uses, with the path of its statement."""
    for place in _list_places(declarations):
        fault = find_variable_fault(place.variable, place.key)
        if fault is not None:
            message = f'{place.spelled}: "{place.variable}" can\'t hold a secret, because {fault}'
            yield Problem("secret_variable", message, place.source, _suggest(place)), place.path
    for name, declared in declarations.tenants.items():
        yield from _find_shared(_list_tenant_secrets(name, declared))


def _find_shared(places: Iterable[SecretPlace]) -> Iterator[tuple[Problem, Path]]:
    """Yields the secrets of one tenant that name one variable: it can hold one of them only."""
    first: dict[str, SecretPlace] = {}
    for place in places:
        before = first.setdefault(place.variable, place)
        if before is not place:
            message = f'{place.spelled}: "{place.variable}" is also the variable of this tenant\'s {before.key}'
            yield Problem("secret_variable", message, place.source, _suggest(place)), place.path


def list_unpassed(notifiers: Iterable[Notifier]) -> list[str]:
    """Returns the variables of notifiers that the action does not pass to a run, each once, in order."""
    named = dict.fromkeys(variable for variable, _key in map(_name_secret, notifiers))
    return [variable for variable in named if variable not in PURPOSES]


def _list_places(declarations: Declarations) -> Iterator[SecretPlace]:
    for name, declared in declarations.tenants.items():
        yield from _list_tenant_secrets(name, declared)
        at = ("tenants", name, "notifications")
        for index, notifier in enumerate(declared.tenant.notifications or ()):
            yield _place_notifier(notifier, at, f"tenants.{name}.notifications[{index}]", declared.source)
    sources = declarations.notification_sources
    for index, (notifier, source) in enumerate(zip(declarations.notifications, sources, strict=True)):
        yield _place_notifier(notifier, (), f"notifications[{index}]", source)


def _list_tenant_secrets(name: str, declared: DeclaredTenant) -> list[SecretPlace]:
    tenant = declared.tenant
    secrets: dict[Path, SecretName] = {("token",): tenant.token} if tenant.token else {}
    if tenant.permissions is not None:
        oauth = tenant.permissions.oauth
        secrets["permissions", "oauth", "client_id"] = oauth.client_id
        secrets["permissions", "oauth", "client_secret"] = oauth.client_secret
    paths: dict[Path, SecretName] = {("tenants", name, *keys, "env"): secret for keys, secret in secrets.items()}
    return [SecretPlace(secret.env, path[-2], path, ".".join(path), declared.source) for path, secret in paths.items()]


def _place_notifier(notifier: Notifier, path: Path, spelled: str, source: Source) -> SecretPlace:
    variable, key = _name_secret(notifier)
    way = "email" if isinstance(notifier.way, Email) else "webhook"
    return SecretPlace(variable, key, path, f"{spelled}.{way}.{key}.env", source)


def _name_secret(notifier: Notifier) -> tuple[str, str]:
    """Returns the variable of a notifier's secret, and its key."""
    way = notifier.way
    return (way.smtp.env, "smtp") if isinstance(way, Email) else (way.url.env, "url")


def _suggest(place: SecretPlace) -> str:
    """Returns the line to write: for a notifier the variable that the action passes, else one of the tenant's name."""
    passed = {key: variable for variable, key in PURPOSES.items()}
    if place.key in {"smtp", "url"}:
        return f"write `{place.key}: {{env: {passed[place.key]}}}`, and put the address there"
    tenant = re.sub(r"\W", "_", place.path[1]).upper()
    return f"write `{place.key}: {{env: FOURME_{tenant}_{place.key.upper()}}}`, and put the secret there"
