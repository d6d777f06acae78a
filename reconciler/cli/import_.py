"""The command `import`: writes a live account as YAML, after which a plan is empty."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reconciler.core.model.amounts import count, few
from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.core.adoption.importing import Imported
    from reconciler.core.declarations.declared import Declarations
    from reconciler.core.declarations.tenant import Tenant
    from reconciler.core.model.states import LiveState
    from reconciler.pipeline.desired.current_state import CurrentState

By = Literal["department", "hundred"]
Dialect = Literal["4me", "rfc7644"]
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ImportSource:
    """The account as the command line names it, for a folder that declares no tenant."""

    url: str | None
    token_env: str | None
    dialect: Dialect | None
    name: str


@click.command("import")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--url", help="The account's SCIM address, or `sandbox`, if the folder declares no tenant.")
@click.option("--token-env", metavar="NAME", help="The environment variable that holds the account's token.")
@click.option(
    "--dialect", type=click.Choice(["4me", "rfc7644"]), help="How changes are sent to the account. Default: 4me."
)
@click.option("--name", default="production", show_default=True, help="The name of the new tenant at --url.")
@click.option(
    "--by",
    type=click.Choice(["department", "hundred"]),
    default="department",
    show_default=True,
    help="Write a file of users for each department, or for each hundred users.",
)
@click.option("--live", type=click.Path(path_type=Path), help="Import from a saved live state; no network.")
@click.option("--adopt", "adopts", is_flag=True, help="Write drift into the files that declare it.")
@click.option("--dry-run", is_flag=True, help="With --adopt: print the diff, and write nothing.")
@click.option("--base", metavar="REF", help="With --adopt: the revision that was applied. Default: the last apply.")
@click.pass_obj
def import_(
    workspace: Workspace,
    keys: tuple[str, ...],
    url: str | None,
    token_env: str | None,
    dialect: Dialect | None,
    *,
    name: str,
    by: By,
    live: Path | None,
    adopts: bool,
    dry_run: bool,
    base: str | None,
) -> int:
    """Write the users, groups and roles of a live account as YAML into the desired-state folder.

    The account is not changed, and no file is overwritten. Users, groups and values that YAML can't
    declare are left out and listed.

    With --adopt, changes made in the account since the last apply are written into the existing files, and the diff is
    printed for review. With KEY, all differences of these users and groups are written.
    """
    from reconciler.cli.adopt import AdoptRequest, adopt
    from reconciler.errors import UsageError

    account = ImportSource(url, token_env, dialect, name)
    if adopts and (url or token_env or dialect):
        raise UsageError("--adopt is for a declared tenant: choose it with --tenant, without --url")
    if adopts:
        return adopt(workspace, AdoptRequest(keys, base, live, dry_run))
    if keys or dry_run or base:
        raise UsageError("KEY, --dry-run and --base need --adopt: an import writes the whole account")
    return _import(workspace, account, by, live)


def _import(workspace: Workspace, account: ImportSource, by: By, live: Path | None) -> int:
    """Writes the whole account into new files."""
    from reconciler.core.adoption.importing import import_account
    from reconciler.desired.writing.atomic_write import place_new
    from reconciler.desired.writing.imported import ImportOrigin, write_import
    from reconciler.pipeline.account.connect import read_whole
    from reconciler.pipeline.desired.current_state import log_token
    from reconciler.report.problems import render_problems

    contents = _read_existing(workspace)
    current = _load_tenant(workspace, contents, account)
    log_token(current)
    state = read_whole(current, live)

    imported = import_account(state, current.tenant)
    files = write_import(
        imported, ImportOrigin(current.tenant_name, current.tenant, current.today, declared=account.url is None), by
    )
    _refuse_incomplete_import(current, contents, files, state)

    place_new(workspace.folder, files)
    if imported.left_out:
        workspace.log(render_problems(imported.left_out, "text").rstrip("\n"))
    click.echo(_summarise(workspace, current, imported, len(files)))
    return 0


def _read_existing(workspace: Workspace) -> Mapping[str, bytes]:
    """Reads the existing YAML files; the folder may not exist yet."""
    from reconciler.desired.git.files import read_folder
    from reconciler.desired.git.repository import find_repository

    if not workspace.folder.is_dir() or not any(workspace.folder.rglob("*.yaml")):
        return {}
    repository = find_repository(workspace.folder)
    return read_folder(workspace.folder, repository.folder if repository else None)


def _load_tenant(workspace: Workspace, contents: Mapping[str, bytes], account: ImportSource) -> CurrentState:
    """Loads the tenant to import from, as the folder or the command line declares it."""
    from reconciler.core.access.compile import compile_state
    from reconciler.desired.git.repository import find_repository
    from reconciler.desired.yaml.load import load_declarations
    from reconciler.errors import InvalidInput
    from reconciler.pipeline.clock import now_in_utc
    from reconciler.pipeline.desired.current_state import CurrentState, choose_tenant

    loaded = load_declarations(contents)
    if any(problem.severity == "error" for problem in loaded.problems):
        raise InvalidInput(loaded.problems)
    declarations = _with_tenant(loaded.declarations, account)
    _refuse_to_overwrite(declarations)
    name = choose_tenant(declarations, workspace.tenant)
    today = now_in_utc().date()
    return CurrentState(
        workspace=workspace,
        loaded=loaded,
        tenant_name=name,
        tenant=declarations.tenants[name].tenant,
        desired=compile_state(declarations, name, today),
        today=today,
        repository=find_repository(workspace.folder),
        commit=None,
    )


def _with_tenant(declarations: Declarations, account: ImportSource) -> Declarations:
    from dataclasses import replace

    from reconciler.core.declarations.declared import DeclaredTenant
    from reconciler.errors import Source, UsageError

    if declarations.tenants and account.url:
        raise UsageError("the folder declares tenants already: choose one with --tenant, and leave out --url")
    if declarations.tenants:
        return declarations
    if account.url is None:
        raise UsageError(
            "import from which account? Give --url https://… and --token-env NAME_OF_THE_VARIABLE, "
            "or declare it under `tenants`"
        )
    declared = DeclaredTenant(_make_tenant(account), Source("--url"))
    return replace(declarations, tenants={account.name: declared})


def _make_tenant(account: ImportSource) -> Tenant:
    """Makes the tenant of the command line; raises UsageError if an option is invalid."""
    from pydantic import ValidationError

    from reconciler.core.declarations.tenant import SecretDeclaration, Tenant
    from reconciler.desired.yaml.read_file import TENANT_NAME
    from reconciler.errors import UsageError

    if not TENANT_NAME.fullmatch(account.name):
        raise UsageError(f"--name: \"{account.name}\" can't be a tenant's name: use letters, digits, _ and -")
    try:
        token = SecretDeclaration(env=account.token_env) if account.token_env else None
    except ValidationError as error:
        raise UsageError(
            "--token-env is not the name of an environment variable: give the variable's name, never the token itself"
        ) from error
    try:
        return Tenant(url=str(account.url), token=token, dialect=account.dialect or "4me", scope="all")
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]["ctx"]["error"]
        hint = " (give --token-env NAME_OF_THE_VARIABLE)" if token is None else ""
        raise UsageError(f"--url: the account {wrong}{hint}") from error


def _refuse_to_overwrite(declarations: Declarations) -> None:
    """Raises UsageError if users, groups or roles are declared, because an import overwrites nothing."""
    from reconciler.errors import UsageError

    sources = [
        *(user.source for user in declarations.users.values()),
        *(group.source for group in declarations.groups.values()),
        *(assignment.source for assignment in declarations.assignments),
    ]
    if files := sorted({source.file for source in sources}):
        shown = few(files, MOST_SHOWN)
        raise UsageError(
            f"users, groups or roles are declared already, and are not overwritten: {shown}. "
            "Write changes of the account into these files with `import --adopt`, or import into another folder "
            "with --dir"
        )


def _refuse_incomplete_import(
    current: CurrentState, contents: Mapping[str, bytes], files: Mapping[str, str], live: LiveState
) -> None:
    """Raises Refused, before anything is written, if the next plan would not be empty."""
    from dataclasses import replace

    from reconciler.core.access.compile import compile_state
    from reconciler.core.planner.plan_users import NEVER_PROVISIONED
    from reconciler.core.safety.make_plan import make_plan
    from reconciler.desired.yaml.load import load_declarations
    from reconciler.errors import InvalidInput, Refused
    from reconciler.pipeline.plan.gathering import gather
    from reconciler.pipeline.record.prior_state import PriorState

    added = {f"import/{name}": text.encode() for name, text in files.items()}
    loaded = load_declarations({**contents, **added}, known=current.loaded)
    desired = compile_state(loaded.declarations, current.tenant_name, current.today)
    problems = [problem for problem in (*loaded.problems, *desired.problems) if problem.severity == "error"]
    if problems:
        raise InvalidInput(tuple(problems))
    plan = make_plan(gather(replace(current, loaded=loaded, desired=desired), PriorState(), live)).plan
    excluded = [skipped for skipped in plan.skipped if skipped.reason.endswith(NEVER_PROVISIONED)]
    if plan.changes or excluded:
        users = [f"{skipped.key}: out of scope ({skipped.reason})" for skipped in excluded]
        changes = [f"{change.key}: {change.action} ({change.reason})" for change in plan.changes]
        counted = [f"{count(len(changes), 'change')} would be planned next"] if changes else []
        counted += [f"{count(len(users), 'user')} would be out of scope"] if users else []
        raise Refused(
            "nothing was written: with the scope, filters and mappings that the folder declares already, "
            f"{' and '.join(counted)}, for example {'; '.join([*users, *changes][:MOST_SHOWN])}. "
            "Remove these declarations until the import is done"
        )


def _summarise(workspace: Workspace, current: CurrentState, imported: Imported, files: int) -> str:
    inactive = sum("active" in user for user in imported.users.values())
    users = (
        f"{count(len(imported.users), 'user')} ({inactive} inactive)"
        if inactive
        else count(len(imported.users), "user")
    )
    contents = f"{users}, {count(len(imported.groups), 'group')} and {count(len(imported.roles), 'role')}"
    left_out = f"; {count(len(imported.left_out), 'item')} left out" if imported.left_out else ""
    written = f"{count(files, 'file')} below {workspace.folder}"
    return (
        f"Imported {contents} of {current.tenant_name} into {written}{left_out}.\n"
        "A plan is empty now: git declares the account as it is. Commit the files, and make changes there from now on."
    )
