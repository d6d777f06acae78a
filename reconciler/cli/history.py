"""What git said before: at a pull request's base, and at the last commit that was applied.

Gathers and says what is missing; what follows from it is decided in `core`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from reconciler.cli.line import Base, Head
from reconciler.core.compile import compile_state
from reconciler.core.earlier import Earlier
from reconciler.core.filter_change import tell_filter_change
from reconciler.core.model import DesiredState
from reconciler.core.receipt import Receipt
from reconciler.desired.git import FETCH_ALL, Repository, explain_absence
from reconciler.desired.load import Loaded, load_declarations
from reconciler.desired.moved import find_folder_at
from reconciler.desired.receipts import find_last_applied
from reconciler.errors import Problem, UsageError


def find_base(head: Head, named: str | None) -> Base:
    """The state where this branch parted from `--base`, else at the last receipt; without either, nothing left git.

    With `--base`, what was applied last still tells apart what is merged and waits to be applied.
    """
    commit = _repository(head, named).merge_base(named) if named is not None else None
    return _find_base(head, commit)


def find_applied(head: Head, named: str | None) -> Base:
    """The state at exactly that revision, which was applied, else at the last receipt."""
    commit = _repository(head, named).commit_named(named) if named is not None else None
    return _find_base(head, commit)


def _repository(head: Head, named: str) -> Repository:
    if head.repository is None:
        raise UsageError(f'"{named}" is a revision of git, and {explain_absence()}')
    return head.repository


def _find_base(head: Head, named: str | None) -> Base:
    if head.repository is None:
        return Base(problems=(_no_history(explain_absence()),))
    last = find_last_applied(head.repository, head.tenant_name, head.tenant.url)
    elsewhere = (_tell_elsewhere(head.repository, last.elsewhere),) if last.elsewhere else ()
    cut_off = _is_cut_off(head.repository, last.elsewhere)
    commit = named or (last.receipt.commit if last.receipt else None)
    if commit is None:
        nothing = _nothing_on_record(head.repository, head.tenant_name)
        return Base(population=last.population, problems=(nothing, *elsewhere), cut_off=cut_off)
    then = compile_at(head, commit)
    applied = compile_at(head, last.receipt.commit) if last.receipt and last.receipt.commit != commit else None
    told = (*then.problems, *(applied.problems if applied else ()))
    last_state = applied.state if applied else then.state
    loaded = {then.commit: then.loaded, **({applied.commit: applied.loaded} if applied else {})}
    return Base(
        earlier=Earlier(base=then.state, applied=applied.state if applied else None),
        commit=commit,
        population=last.population,
        applied=last.receipt is not None and last_state is not None,
        problems=(*dict.fromkeys(told), *elsewhere),
        loaded={at: files for at, files in loaded.items() if files is not None},
        cut_off=cut_off,
    )


@dataclass(frozen=True, slots=True)
class Then:
    """What git said at a commit for the tenant; no state where it can't be read, or the tenant was not declared."""

    commit: str
    state: DesiredState | None
    problems: tuple[Problem, ...] = ()
    loaded: Loaded | None = None


def compile_at(head: Head, commit: str) -> Then:
    """The desired state as a commit has it, and what its scoping filters would have said of the people of now."""
    assert head.repository is not None  # noqa: S101  # whoever has a commit has a repository
    try:
        folder = find_folder_at(head.repository, commit)
        contents = head.repository.read_folder(commit, folder)
        loaded = load_declarations(contents, known=head.loaded, read=head.read)
    except UsageError as error:
        return Then(commit, None, (_unreadable(commit, str(error)),))
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    if errors:
        return Then(commit, None, (_unreadable(commit, str(errors[0])),))
    if head.tenant_name not in loaded.declarations.tenants:
        nothing = "" if loaded.files else f" ({folder} held no *.yaml)"
        message = f"{head.tenant_name} was not declared at {commit[:12]}{nothing}: nobody counts as having left since"
        return Then(commit, None, (Problem("no_history", message, severity="info"),))
    told = tell_filter_change(loaded.declarations, head.loaded.declarations, head.tenant_name, head.today)
    state = compile_state(loaded.declarations, head.tenant_name, head.today)
    return Then(commit, state, tuple(told), loaded)


@dataclass(slots=True)
class StateCache:
    """The states of commits for one tenant, each folder's tree compiled once; `then` has all that were asked for."""

    head: Head
    then: dict[str, Then] = field(default_factory=dict)
    _by_tree: dict[tuple[str, str], Then] = field(default_factory=dict)

    def at(self, commit: str) -> Then:
        """Returns the state at a commit, with its files and problems."""
        if commit not in self.then:
            self.then[commit] = self._find(commit)
        return self.then[commit]

    def compile(self, commit: str) -> DesiredState | Problem:
        """Returns the state at a commit, or why it can't be known."""
        then = self.at(commit)
        if then.state is not None:
            return then.state
        return then.problems[0]  # where there is no state, one says why

    def _find(self, commit: str) -> Then:
        repository = self.head.repository
        tree = repository.tree_of(commit) if repository is not None else None
        if repository is None or tree is None:
            return compile_at(self.head, commit)  # the folder stood elsewhere, or nowhere
        name = repository.folder, tree
        if name not in self._by_tree:
            self._by_tree[name] = compile_at(self.head, commit)
        return _said_at(self._by_tree[name], commit)


def _said_at(then: Then, commit: str) -> Then:
    """What is known of another commit with the same folder, told of this one."""
    short, own = then.commit[:12], commit[:12]
    problems = (replace(one, message=one.message.replace(short, own)) for one in then.problems)
    return replace(then, commit=commit, problems=tuple(problems))


def _unreadable(commit: str, why: str) -> Problem:
    message = f"the desired state at {commit[:12]} has problems ({why}): what left git since is not known"
    return Problem("unreadable_base", message, severity="warning")


def _no_history(why: str, hint: str | None = None) -> Problem:
    return Problem("no_history", f"{why}: nothing is treated as having left git", None, hint, severity="info")


def _nothing_on_record(repository: Repository, tenant: str) -> Problem:
    cut = f" in this clone, which is shallow and may lack it ({FETCH_ALL})" if repository.is_shallow() else ""
    return _no_history(f"no whole apply to {tenant} is on record{cut}", "if there was one: reconciler receipts fetch")


def _tell_elsewhere(repository: Repository, receipt: Receipt) -> Problem:
    """What was applied since from another history is not in this one, and shows as drift."""
    place = "does not lead to what is checked out" if repository.resolve(receipt.commit) else "is not here"
    message = f"{receipt.tenant} was last applied at {receipt.at} from {receipt.commit[:12]}, which {place}"
    hint = f"if this branch is behind, update it; in a shallow clone, {FETCH_ALL}; if the history was rewritten, what "
    return Problem("applied_elsewhere", message, None, f"{hint}that apply did shows as drift", severity="warning")


def _is_cut_off(repository: Repository, elsewhere: Receipt | None) -> bool:
    return elsewhere is not None and repository.is_shallow() and repository.resolve(elsewhere.commit) is None
