"""The steps that make the workflows of `init` work: environments with their secrets, the required check, the rules."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.changes.notification import notifiers_of
from reconciler.core.declarations.declared import Declarations
from reconciler.core.declarations.notifier import Email
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.declarations.tenant_names import environment_names
from reconciler.core.model.amounts import and_more, few, plural
from reconciler.core.model.protection import REQUIRED_CHECK
from reconciler.report.format.quote import plain

MOST_NAMED = 10  # tenants whose environments are listed


def render_setup(declarations: Declarations, branch: str, parts: int = 1) -> str:
    """Returns the steps to take at GitHub, in their order, for the tenants that are declared."""
    protected = f"`{plain(branch)}`"
    checks = [f"`{REQUIRED_CHECK}`", *(f"`{REQUIRED_CHECK} {number}`" for number in range(2, parts + 1))]
    lines = [
        "Set up at GitHub, in this order:",
        *_describe_environments(declarations, protected),
        "2. Push the commit with these files.",
        f"3. Settings → Rules, for {protected}: pull requests only, a review by code owners, and the required",
        f"   {plural(parts, 'check')} {', '.join(checks)}. Rules for all branches must exclude `reconciler/*`.",
        "   In .github/CODEOWNERS, name the owners of .github/, approvals/ and the desired state: an editor of a",
        "   workflow controls the tokens.",
        "4. Run `reconciler github doctor`: it reports which of these are there, and the risk of each lack.",
    ]
    if _list_accounts(declarations):
        lines.append(
            "5. For the first apply, Actions → Apply → Run workflow: it plans, and its plan needs a review. Without"
        )
        lines.append("   reviewers of the environment, it prints the file that approves the plan, to be merged.")
    return "\n".join(lines)


def list_secrets(declarations: Declarations, tenant: str) -> list[str]:
    """Returns the secrets that both environments of a tenant need, by their names at GitHub."""
    ways = [notifier.way for notifier in notifiers_of(declarations, tenant)]
    addresses = {way.smtp.env if isinstance(way, Email) else way.url.env for way in ways}
    has_client = declarations.tenants[tenant].tenant.permissions is not None
    needed = {
        "SCIM_TOKEN": True,
        "CLIENT_ID": has_client,
        "CLIENT_SECRET": has_client,
        "FINGERPRINT_KEY": bool(declarations.redact),
        "SMTP_URL": "SMTP_URL" in addresses,
        "CHAT_WEBHOOK": "CHAT_WEBHOOK" in addresses,
    }
    return [name for name, is_needed in needed.items() if is_needed]


def _list_accounts(declarations: Declarations) -> list[str]:
    return [name for name, declared in declarations.tenants.items() if declared.tenant.url != SANDBOX]


def _describe_environments(declarations: Declarations, protected: str) -> Iterator[str]:
    accounts = _list_accounts(declarations)
    if not accounts:
        embedded = few(list(declarations.tenants), MOST_NAMED)
        yield f"1. Environments: none yet{embedded and f'; {embedded} is an embedded 4me and needs none'}."
        yield "   With the first account in tenants.yaml, such as qa, make two, each with the secret SCIM_TOKEN:"
        accounts, secrets = ["qa"], {"qa": ""}
    else:
        yield "1. Settings → Environments: two for each tenant, with these secrets."
        secrets = {name: f"   {', '.join(list_secrets(declarations, name))}" for name in accounts[:MOST_NAMED]}
    width = max(len(environment) for name in secrets for environment in environment_names(name))
    for name, needed in secrets.items():
        plans, applies = environment_names(name)
        yield f"     {plans:<{width}}{needed}   no protection; a read-only token if you have one"
        yield f"     {applies:<{width}}{needed}   deployment branches: {protected} only"
    if more := and_more(len(accounts) - MOST_NAMED):
        yield f"    {more} tenants, which `reconciler tenants` lists"
