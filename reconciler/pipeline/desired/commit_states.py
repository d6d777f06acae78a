"""Compiles the desired state at earlier commits for the current tenant, each folder once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.core.access.compile import compile_state
from reconciler.core.access.filter_change import warn_of_filter_change
from reconciler.core.declarations.declared import DeclaredTenant
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.model.states import DesiredState
from reconciler.desired.git.folder_renames import find_folder_at
from reconciler.desired.yaml.load import Loaded, load_declarations
from reconciler.errors import IncompleteInput, Problem, UsageError
from reconciler.pipeline.desired.current_state import CurrentState


@dataclass(frozen=True, slots=True)
class CommitState:
    """The desired state at a commit; without `state`, `problem` has the reason."""

    commit: str
    state: DesiredState | None
    problem: Problem | None = None
    loaded: Loaded | None = None


@dataclass(slots=True)
class CommitStates:
    """Compiles the desired state of commits on demand; `days` are the days of the applies, by commit."""

    current: CurrentState
    days: Mapping[str, date] = field(default_factory=dict)
    by_tree: dict[tuple[str, str | None, date], CommitState] = field(default_factory=dict)
    loaded: dict[tuple[str, str | None], Loaded] = field(default_factory=dict)

    def at(self, commit: str, day: date | None = None) -> CommitState:
        """Returns the state at a commit, on a day (default: today); a folder is compiled once."""
        assert self.current.repository is not None  # noqa: S101  # a commit is of a repository
        folder = find_folder_at(self.current.repository, commit)
        tree = folder, self.current.repository.tree_of(commit, folder), day or self.current.today
        if tree[1] is None or tree not in self.by_tree:
            self.by_tree[tree] = self._find_current(tree) or self._compile(commit, folder, tree[2])
        found = self.by_tree[tree]
        problem = found.problem and _rename_commit(found.problem, found.commit, commit)
        return CommitState(commit, found.state, problem, found.loaded)

    def compile(self, commit: str) -> DesiredState | Problem:
        """Returns the state at a commit on the day of its apply (default: today), or the problem.

        On that day a role that has expired since then still gave access.
        """
        found = self.at(commit, self.days.get(commit))
        return found.state or found.problem or _not_declared(self.current, commit, "")

    def find_filter_changes(self, commit: str) -> tuple[Problem, ...]:
        """Returns the effects on users of edits to scoping filters since a commit."""
        current, loaded = self.current, self.at(commit).loaded
        if loaded is None:
            return ()
        return tuple(
            warn_of_filter_change(loaded.declarations, current.loaded.declarations, current.tenant_name, current.today)
        )

    def _find_current(self, tree: tuple[str, str | None, date]) -> CommitState | None:
        """Returns the current state if it was read from a commit with the same folder content."""
        current, repository = self.current, self.current.repository
        if current.commit is None or repository is None or not current.from_commit:
            return None
        if tree != (repository.folder, repository.tree_of(current.commit), current.today):
            return None
        return CommitState(current.commit, current.desired, None, current.loaded)

    def _load(self, commit: str, folder: str) -> Loaded:
        """Loads the declarations at a commit, once for all days."""
        repository = self.current.repository
        assert repository is not None  # noqa: S101  # a commit is of a repository
        tree = folder, repository.tree_of(commit, folder)
        if tree[1] is None or tree not in self.loaded:
            contents = repository.read_folder(commit, folder)
            self.loaded[tree] = load_declarations(contents, known=self.current.loaded, read=self.current.read)
        return self.loaded[tree]

    def _compile(self, commit: str, folder: str, day: date) -> CommitState:
        current = self.current
        try:
            loaded = self._load(commit, folder)
        except (UsageError, IncompleteInput) as error:
            return CommitState(commit, None, _unreadable(commit, str(error)))
        errors = [problem for problem in loaded.problems if problem.severity == "error"]
        if errors:
            return CommitState(commit, None, _unreadable(commit, str(errors[0])))
        name = find_tenant_name(current, loaded)
        if name is None:
            reason = "" if loaded.files else f" ({folder} had no *.yaml)"
            return CommitState(commit, None, _not_declared(current, commit, reason))
        return CommitState(commit, compile_state(loaded.declarations, name, day), None, loaded)


def _rename_commit(problem: Problem, before: str, commit: str) -> Problem:
    return replace(problem, message=problem.message.replace(before[:12], commit[:12]))


def find_tenant_name(current: CurrentState, loaded: Loaded) -> str | None:
    """Returns the name of the current tenant in earlier declarations: its present name, or its former name.

    Else returns the name of a tenant at the same address that git no longer declares, in case the new name lacks its
    `formerly:`. Otherwise the users of that tenant would look unmanaged.
    """
    earlier = loaded.declarations.tenants
    present = current.loaded.declarations.tenants
    names = (
        current.tenant_name,
        current.tenant.formerly,
        *(name for name in sorted(earlier) if _has_same_address(current, earlier[name])),
    )
    return next(
        (name for name in names if name in earlier and (name == current.tenant_name or name not in present)), None
    )


def _has_same_address(current: CurrentState, declared: DeclaredTenant) -> bool:
    url = declared.tenant.url
    return url != SANDBOX and url == current.tenant.url


def _not_declared(current: CurrentState, commit: str, reason: str) -> Problem:
    tenant = current.tenant_name
    message = f"{tenant} was not declared at {commit[:12]}{reason}, so that commit has no desired state for it"
    return Problem("no_history", message, severity="info")


def _unreadable(commit: str, reason: str) -> Problem:
    message = f"the desired state at {commit[:12]} has problems ({reason}), so its declarations are unknown"
    return Problem("unreadable_base", message, severity="warning")
