"""Loads the desired state that is checked out, from git or the working tree, and compiles it for one tenant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from reconciler.collector import collector_off
from reconciler.core.access.compile import compile_state, guardrails_of
from reconciler.core.declarations.declared import Declarations
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.declarations.tenant import Guardrails, Tenant
from reconciler.core.declarations.token_expiry import warn_of_token
from reconciler.core.model.states import DesiredState
from reconciler.core.model.suggest import did_you_mean
from reconciler.desired.git.checkout import DesiredFiles, read_desired_files
from reconciler.desired.git.repository import Repository, find_repository
from reconciler.desired.yaml.load import Loaded, ReadAll, load_declarations, read_all
from reconciler.errors import IncompleteInput, InvalidInput, Problem, UsageError
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.cached_reader import reader_for
from reconciler.pipeline.private_files import fingerprint_key
from reconciler.pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CurrentState:
    """The desired state of one tenant now, and the files, commit and workspace that it comes from.

    If the files are exactly those of a commit, `commit` is its id and `from_commit` is true. `files_read` files of
    `files_known` were read.
    """

    workspace: Workspace
    loaded: Loaded
    tenant_name: str
    tenant: Tenant
    desired: DesiredState
    today: date
    repository: Repository | None
    commit: str | None
    read: ReadAll = read_all  # reads the files of this commit and of earlier commits
    redaction: Redaction = field(default_factory=Redaction)
    files_read: int = 0
    files_known: int = 0
    from_commit: bool = False
    files_sentence: str = ""  # the numbers of files in words

    @property
    def guardrails(self) -> Guardrails:
        """The guardrails in force for the tenant."""
        return guardrails_of(self.loaded.declarations, self.tenant_name)


def load_current_state(workspace: Workspace, as_of: date | None = None) -> CurrentState:
    """Loads and compiles the desired state that is checked out.

    Raises InvalidInput with all problems, IncompleteInput if a file can't be read, and UsageError if no such tenant is
    declared.
    """
    today = as_of or now_in_utc().date()
    repository = find_repository(workspace.folder)
    files = read_desired_files(workspace.folder, repository)
    loaded = load_files(workspace, files)
    errors = tuple(problem for problem in loaded.problems if problem.severity == "error")
    if errors and not loaded.declarations.tenants:
        raise InvalidInput(loaded.problems)
    name = choose_tenant(loaded.declarations, workspace.tenant)
    with collector_off():
        desired = compile_state(loaded.declarations, name, today)
    problems = (*loaded.problems, *desired.problems)
    if any(problem.severity == "error" for problem in problems):
        raise InvalidInput(problems)
    return CurrentState(
        workspace=workspace,
        loaded=loaded,
        tenant_name=name,
        tenant=loaded.declarations.tenants[name].tenant,
        desired=desired,
        today=today,
        repository=repository,
        commit=files.commit,
        read=reader_for(workspace),
        redaction=_redaction(workspace, loaded.declarations),
        files_read=len(files.contents),
        files_known=files.known,
        from_commit=files.commit is not None,
        files_sentence=files.sentence,
    )


def _redaction(workspace: Workspace, declarations: Declarations) -> Redaction:
    """Returns the redacted attributes with the key of fingerprints, which is made at its first use."""
    if not declarations.redact:
        return Redaction()
    return Redaction(declarations.redact, fingerprint_key(workspace.folder, workspace.settings))


def load_folder(workspace: Workspace, repository: Repository | None) -> Loaded:
    """Loads the declarations. Files are named by their path in the repository, or below the folder's name.

    Raises IncompleteInput if a file can't be read.
    """
    return load_files(workspace, read_desired_files(workspace.folder, repository))


def load_tenants(workspace: Workspace, repository: Repository | None) -> Loaded:
    """Loads the declarations like `load_folder`; raises InvalidInput if problems leave no tenant."""
    loaded = load_folder(workspace, repository)
    if not loaded.declarations.tenants and any(problem.severity == "error" for problem in loaded.problems):
        raise InvalidInput(loaded.problems)
    return loaded


def load_files(workspace: Workspace, files: DesiredFiles) -> Loaded:
    """Loads the declarations of files; raises IncompleteInput, with all problems, if a file can't be read."""
    loaded = load_declarations(files.contents, read=reader_for(workspace))
    if files.problems:
        raise IncompleteInput((*files.problems, *loaded.problems), len(files.contents), files.known)
    return loaded


def choose_tenant(declarations: Declarations, name: str | None) -> str:
    """Returns the named tenant, or the only one; raises UsageError otherwise."""
    names = list(declarations.tenants)
    if not names:
        raise UsageError("no tenant is declared: add one under `tenants`, such as `tenants: {sandbox: {url: sandbox}}`")
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise UsageError(f"which tenant? Name one with --tenant: {', '.join(names)}")
    if name not in names:
        near = did_you_mean(name, names) or f"the tenants are: {', '.join(names)}"
        raise UsageError(f'no tenant "{name}" is declared ({near})')
    return name


def token_problems(current: CurrentState) -> tuple[Problem, ...]:
    """Returns a warning from a week before the token's last day on."""
    declared = current.loaded.declarations.tenants.get(current.tenant_name)
    return tuple(warn_of_token(current.tenant_name, declared, current.today)) if declared else ()


def log_files(current: CurrentState) -> None:
    """Logs the number of files of the desired state that were read, and their commit or folder."""
    current.workspace.log(current.files_sentence)


def log_token(current: CurrentState) -> None:
    """Logs a warning if the tenant's token expires soon or has expired."""
    for problem in token_problems(current):
        current.workspace.log(str(problem))
