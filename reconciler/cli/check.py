"""`check` and `tenants`: is the tenant there, what does it support, and which tenants are there at all."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.main import Options

if TYPE_CHECKING:
    from reconciler.cli.line import Head
    from reconciler.core.tenant import Tenant
    from reconciler.live.client import Client

FORMATS = click.Choice(["text", "json"])


@click.command()
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.pass_obj
def check(options: Options, form: str) -> None:
    """Test the connection and the token, and say what the service supports. Reads two pages, changes nothing."""
    from reconciler.cli.line import load_head, say, token_problems

    head = load_head(options, None)
    facts = asyncio.run(_ask(options, head))
    if form == "json":
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        click.echo(_as_text(facts))
    for problem in token_problems(head.tenant, head.today):
        say(options, str(problem))


async def _ask(options: Options, head: Head) -> dict[str, Any]:
    from reconciler.cli.line import connect
    from reconciler.live.discovery import ask_config, count_resources
    from reconciler.settings import read_settings

    async with AsyncExitStack() as stack:
        client: Client = await connect(stack, options, head, read_settings())
        users = await count_resources(client, "Users")
        groups = await count_resources(client, "Groups")
        config = await ask_config(client)
    expires = head.tenant.token.expires if head.tenant.token else None
    return {
        "tenant": head.tenant_name,
        "url": head.tenant.url,
        "enabled": head.tenant.enabled,
        "dialect": head.tenant.dialect,
        "token_expires": expires.isoformat() if expires else None,
        "token_days_left": (expires - head.today).days if expires else None,
        "users": users,
        "groups": groups,
        "supports": config,
    }


def _as_text(facts: dict[str, Any]) -> str:
    supports = ", ".join(f"{name}: {'yes' if has else 'no'}" for name, has in facts["supports"].items())
    left = facts["token_days_left"]
    token = "no end declared" if left is None else f"{left} days left, until {facts['token_expires']}"
    return "\n".join(
        [
            f"{facts['tenant']} answers at {facts['url']}: {facts['users']} users, {facts['groups']} groups",
            f"  provisioning  {'enabled' if facts['enabled'] else 'disabled: apply is refused'}",
            f"  dialect       {facts['dialect']}",
            f"  token         {token}",
            f"  supports      {supports or 'nothing said: no ServiceProviderConfig'}",
        ]
    )


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github-matrix"]), default="text", show_default=True
)
@click.pass_obj
def tenants(options: Options, form: str) -> None:
    """The tenants and their settings. No secrets: of a token, only the name of its variable and its last day."""
    from reconciler.cli.line import load_folder
    from reconciler.desired.git import find_repository
    from reconciler.errors import InvalidInput

    loaded = load_folder(options, find_repository(options.folder))
    if any(problem.severity == "error" for problem in loaded.problems):
        raise InvalidInput(loaded.problems)
    declared = {name: one.tenant for name, one in loaded.declarations.tenants.items()}
    match form:
        case "json":
            listed = {name: one.model_dump(mode="json", exclude_none=True) for name, one in declared.items()}
            click.echo(json.dumps(listed, indent=2, default=str, ensure_ascii=False))
        case "github-matrix":
            click.echo(json.dumps({"include": [{"tenant": name} for name in declared]}))
        case _:
            click.echo("\n".join(_describe(name, one) for name, one in declared.items()))


def _describe(name: str, tenant: Tenant) -> str:
    token = f"token from {tenant.token.env}" if tenant.token else "no token needed"
    until = f" until {tenant.token.expires}" if tenant.token and tenant.token.expires else ""
    state = "" if tenant.enabled else ", provisioning disabled"
    return f"{name}: {tenant.url}, scope {tenant.scope}, dialect {tenant.dialect}, {token}{until}{state}"
