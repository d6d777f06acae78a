"""`explain`: why a person has access, or has not, and what would turn that around. Needs no account."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Literal

import click

from reconciler.cli.main import Options
from reconciler.cli.plan import as_of_option

if TYPE_CHECKING:
    from reconciler.cli.line import Head


@click.command()
@click.argument("key")
@as_of_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def explain(options: Options, key: str, as_of: date | None, form: Literal["text", "json"]) -> None:
    """Why KEY (alice.lee, or user/alice.lee) is in scope or not, and the smallest edit that would turn it around."""
    from reconciler.cli.line import load_head, say_token
    from reconciler.cli.output import print_result
    from reconciler.core.explain import explain_user
    from reconciler.report.render import render_explanation

    head = load_head(options, as_of)
    say_token(options, head)
    name = key.removeprefix("user/")
    if name not in head.loaded.declarations.users:
        print_result(_explain_stranger(head, name, form))
        return
    explanation = explain_user(head.loaded.declarations, head.tenant_name, name, head.today)
    print_result(render_explanation(explanation, form))


def _explain_stranger(head: Head, name: str, form: Literal["text", "json"]) -> str:
    """Somebody git does not declare: one who left, or nobody it ever knew; raises UsageError for the latter."""
    from reconciler.cli.history import find_base
    from reconciler.core.model import Key
    from reconciler.core.suggest import did_you_mean
    from reconciler.errors import UsageError
    from reconciler.report.quote import plain_line

    base = find_base(head, None)
    left = base.earlier.users().get(Key("user", name))
    if left is None:
        known = "; ".join(map(str, base.problems)) or "git does not declare them, and did not when last applied"
        hint = did_you_mean(name, head.loaded.declarations.users) or known
        raise UsageError(
            f'no user "{name}" is declared ({hint}); somebody of that name in the account is unmanaged: never touched'
        )
    ignored = head.tenant.on_removed == "ignore"
    then = "left alone: on_removed is ignore" if ignored else "deactivated by the next apply"
    was = f"declared at {left.source} when {(base.commit or '')[:12]} was applied"
    verdict = f"left git: {was}. If active, they are {then}."
    if form == "json":
        said = {"key": f"user/{name}", "name": left.name, "tenant": head.tenant_name, "in_scope": False}
        return json.dumps({**said, "verdict": verdict}, indent=2, ensure_ascii=False) + "\n"
    return plain_line(f"{left.name} (user/{name}) {verdict}") + "\n"
