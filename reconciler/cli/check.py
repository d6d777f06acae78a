"""The commands `check`, which tests a connection, and `tenants`, which lists the tenants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from reconciler.errors import UsageError
from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.core.declarations.declared import Declarations
    from reconciler.core.declarations.tenant import Tenant
    from reconciler.core.model.shards import Part
    from reconciler.core.scim.survey import Survey
    from reconciler.live.client import Client
    from reconciler.live.rest import RestLine
    from reconciler.pipeline.desired.current_state import CurrentState

FORMATS = click.Choice(["text", "json"])
MOST_NAMED = 10  # tenants or variables in one line


@click.command()
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.pass_obj
def check(workspace: Workspace, form: str) -> None:
    """Test the connection and the token, and report what the service does.

    Reads a few pages, tries filters and pages, and suggests the dialect and quirks to declare in tenants.yaml. The
    account is not changed.
    """
    from reconciler.pipeline.desired.current_state import load_current_state, log_token

    current = load_current_state(workspace)
    facts = asyncio.run(_ask(current))
    if form == "json":
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        click.echo(_as_text(facts))
    log_token(current)


async def _ask(current: CurrentState) -> dict[str, Any]:
    from reconciler.core.scim.dialect import dialect_of
    from reconciler.core.scim.survey import judge_service, list_features
    from reconciler.live.survey import survey
    from reconciler.pipeline.account.connect import connect
    from reconciler.pipeline.account.roles import connect_rest
    from reconciler.pipeline.notifications import check_notifiers

    async with AsyncExitStack() as stack:
        client: Client = await connect(stack, current)
        rest = await connect_rest(stack, current, client)
        answers = await survey(client, dialect_of(current.tenant), at_4me=current.tenant.has_4me_address)
        asked = client.requests
        permissions = await _ask_rest(rest, current.tenant) if rest else None
    return {
        **_describe_settings(current),
        "users": answers.users.total,
        "groups": answers.groups.total,
        "supports": list_features(answers.config),
        "permissions": permissions,
        "notifications": check_notifiers(current),
        **_describe_service(current.tenant, judge_service(answers), asked),
    }


def _describe_settings(current: CurrentState) -> dict[str, Any]:
    from reconciler.core.declarations.token_expiry import days_left

    tenant = current.tenant
    expires = tenant.token.expires if tenant.token else None
    return {
        "tenant": current.tenant_name,
        "url": tenant.url,
        "enabled": tenant.enabled,
        "dialect": tenant.dialect,
        "quirks": list(tenant.quirks),
        "token_expires": expires.isoformat() if expires else None,
        "token_days_left": days_left(tenant, current.today),
        "roles_via": tenant.roles_via,
    }


def _describe_service(tenant: Tenant, found: Survey, requests: int) -> dict[str, Any]:
    """Returns the findings, and what to declare that the tenant does not declare yet."""
    quirks = sorted({*tenant.quirks, *found.quirks})
    fits = set(quirks) == set(tenant.quirks)
    return {
        "service": [
            {"question": one.question, "answer": one.answer, "meaning": one.meaning, "quirk": one.quirk}
            for one in found.findings
        ],
        "service_requests": requests,
        "suggested": {
            **({} if found.dialect == tenant.dialect else {"dialect": found.dialect}),
            **({} if fits else {"quirks": quirks}),
        },
    }


async def _ask_rest(rest: RestLine, tenant: Tenant) -> dict[str, Any]:
    """Reads over REST the account, the person behind the credentials, and the number of people."""
    from reconciler.live.people import ask_me, count_people

    me = await ask_me(rest)
    url = tenant.permissions.url if tenant.permissions else tenant.url
    return {"url": url, "account": rest.account, "me": me.name, "people": await count_people(rest)}


def _as_text(facts: dict[str, Any]) -> str:
    from reconciler.core.declarations.token_expiry import spell_days
    from reconciler.core.model.amounts import count
    from reconciler.report.service_table import render_findings, render_suggestion

    suggested = facts["suggested"]
    supports = ", ".join(f"{name}: {'yes' if has else 'no'}" for name, has in facts["supports"].items())
    left = facts["token_days_left"]
    token = "no last day declared" if left is None else f"{spell_days(left)}, until {facts['token_expires']}"
    notified = "\n                ".join(facts["notifications"])
    users, groups = count(facts["users"], "user"), count(facts["groups"], "group")
    permissions = facts["permissions"]
    roles = "written with the SCIM user"
    if permissions:
        people = f"{permissions['people']} people from SCIM"
        roles = f"over {permissions['url']} in {permissions['account']}, as {permissions['me']}: {people}"
    return "\n".join(
        [
            f"{facts['tenant']} answers at {facts['url']}: {users}, {groups}",
            f"  provisioning  {'enabled' if facts['enabled'] else 'disabled: apply is refused'}",
            f"  dialect       {facts['dialect']}",
            f"  token         {token}",
            f"  roles         {roles}",
            f"  supports      {supports or 'unknown: no ServiceProviderConfig'}",
            f"  notifies      {notified or 'no e-mail address and no chat'}",
            "",
            render_findings(
                [(row["question"], row["answer"], row["meaning"]) for row in facts["service"]],
                facts["service_requests"],
            ),
            "",
            render_suggestion(facts["tenant"], suggested.get("dialect"), suggested.get("quirks", ())),
        ]
    )


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github-matrix"]), default="text", show_default=True
)
@click.option("--enabled", "enabled_only", is_flag=True, help="List only tenants with provisioning enabled.")
@click.option(
    "--part",
    "part_written",
    metavar="K/N",
    default="1/1",
    help="List only part K of N, for more than the 256 tenants that one matrix can hold.",
)
@click.pass_obj
def tenants(workspace: Workspace, form: str, *, enabled_only: bool, part_written: str) -> None:
    """List the tenants and their settings.

    No secret is printed: a token is listed by the name of its variable and its last day. A matrix leaves out tenants
    with `url: sandbox`, whose account is a file on the machine of each run.
    """
    from reconciler.core.declarations.tenant import SANDBOX
    from reconciler.core.declarations.token_expiry import warn_of_token
    from reconciler.core.model.shards import take_part
    from reconciler.desired.git.repository import find_repository
    from reconciler.errors import InvalidInput
    from reconciler.pipeline.clock import now_in_utc
    from reconciler.pipeline.desired.current_state import choose_tenant, load_folder

    loaded = load_folder(workspace, find_repository(workspace.folder))
    if any(problem.severity == "error" for problem in loaded.problems):
        raise InvalidInput(loaded.problems)
    today, every = now_in_utc().date(), loaded.declarations.tenants
    listed = [name for name in every if form != "github-matrix" or every[name].tenant.url != SANDBOX]
    part = _read_part(part_written, len(listed), as_jobs=form == "github-matrix" and not workspace.tenant)
    named = [choose_tenant(loaded.declarations, workspace.tenant)] if workspace.tenant else take_part(listed, part)
    chosen = {name: every[name] for name in named if every[name].tenant.enabled or not enabled_only}
    match form:
        case "json":
            settings = {name: _as_json(declared.tenant, today) for name, declared in chosen.items()}
            click.echo(json.dumps(settings, indent=2, default=str, ensure_ascii=False))
        case "github-matrix":
            click.echo(_make_matrix({name: declared.tenant for name, declared in chosen.items() if name in listed}))
            _explain_matrix(workspace, loaded.declarations, [name for name in chosen if name in listed])
        case _:
            click.echo("\n".join(_describe(name, declared.tenant, today) for name, declared in chosen.items()))
    for problem in (problem for name, declared in chosen.items() for problem in warn_of_token(name, declared, today)):
        workspace.log(str(problem))


def _read_part(written: str, count: int, *, as_jobs: bool) -> Part:
    """Reads a part; raises UsageError if it is not K/N, or if N is too small for the number of tenants."""
    from reconciler.core.model.shards import MOST_JOBS, count_parts, read_part

    part = read_part(written)
    if part is None:
        raise UsageError(f"--part {written} is not K/N with K from 1 to N: write 1/2 and 2/2 for two halves")
    if as_jobs and part.of < count_parts(count):
        raise UsageError(
            f"{count} tenants with an account are declared, and a matrix has at most {MOST_JOBS} jobs: {part.of} part"
            f"{'s' * (part.of > 1)} can't hold them. Write the workflows for {count_parts(count)}: "
            f"reconciler init --action OWNER/NAME@COMMIT --parts {count_parts(count)}"
        )
    return part


def _make_matrix(tenants: Mapping[str, Tenant]) -> str:
    """Returns the matrix; without a tenant, its list is empty, and a workflow must skip the jobs that expand it."""
    return json.dumps({"include": [_job(name, tenant) for name, tenant in tenants.items()]})


def _explain_matrix(workspace: Workspace, declarations: Declarations, jobs: Collection[str]) -> None:
    """Logs which tenants have no job, and which notifications get no address from the action."""
    from reconciler.core.changes.notification import notifiers_of
    from reconciler.core.declarations.secret_variables import list_unpassed
    from reconciler.core.declarations.tenant import SANDBOX
    from reconciler.core.model.amounts import few

    embedded = [
        name
        for name, declared in declarations.tenants.items()
        if declared.tenant.url == SANDBOX and workspace.tenant in {None, name}
    ]
    if embedded:
        workspace.log(
            f"No job for {few(embedded, MOST_NAMED)}: with `url: sandbox`, an account is a file on each machine"
        )
    if not jobs:
        workspace.log("The matrix is empty, so no job plans or applies: no tenant with an account is chosen")
    unpassed = {name: list_unpassed(notifiers_of(declarations, name)) for name in jobs}
    unheard = [name for name, variables in unpassed.items() if variables]
    if unheard:
        needed = list(dict.fromkeys(variable for name in unheard for variable in unpassed[name]))
        workspace.log(
            f"Warning: the notifications of {few(unheard, MOST_NAMED)} need {few(needed, MOST_NAMED)}, which the "
            "action does not pass: use SMTP_URL for an e-mail and CHAT_WEBHOOK for a webhook"
        )


def _job(name: str, tenant: Tenant) -> dict[str, str]:
    """Returns a job of a matrix: the tenant, and the names of the variables for its secrets."""
    oauth = tenant.permissions.oauth if tenant.permissions else None
    return {
        "tenant": name,
        "token": tenant.token.env if tenant.token else "",
        "client_id": oauth.client_id.env if oauth else "",
        "client_secret": oauth.client_secret.env if oauth else "",
    }


def _as_json(tenant: Tenant, today: date) -> dict[str, Any]:
    from reconciler.core.declarations.token_expiry import days_left

    left = days_left(tenant, today)
    settings = tenant.model_dump(mode="json", exclude_none=True)
    return settings if left is None else {**settings, "token_days_left": left}


def _describe(name: str, tenant: Tenant, today: date) -> str:
    from reconciler.core.declarations.token_expiry import days_left, spell_days

    left = days_left(tenant, today)
    token = f"token from {tenant.token.env}" if tenant.token else "no token needed"
    until = f" until {tenant.token.expires} ({spell_days(left)})" if tenant.token and left is not None else ""
    state = "" if tenant.enabled else ", provisioning disabled"
    roles = f", roles over permissions of {tenant.account}" if tenant.roles_via == "permissions" else ""
    return f"{name}: {tenant.url}, scope {tenant.scope}, dialect {tenant.dialect}{roles}, {token}{until}{state}"
