"""Finds the window of a merge: the first-parent commits after the last ended apply, up to the applied commit. Runs git.

Each of these commits is a merge commit, a squash, a commit of a rebase, or a push without a pull request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from reconciler.core.approval.window import find_window_starts
from reconciler.core.declarations.approval_file import APPROVALS_FOLDER
from reconciler.core.record.history import ApplyHistory
from reconciler.desired.git.repository import FETCH_ALL, Repository
from reconciler.errors import UsageError
from reconciler.pipeline.workflow_event import find_event, member_of
from reconciler.settings import Job

MOST_COMMITS: Final = 250
MOST_OTHERS: Final = 20  # commits that change neither desired state nor approvals
RECENT: Final = timedelta(minutes=15)  # so long, a list of GitHub may lag behind a push
FOREIGN: Final = rb"""["']?(?:docker://|[A-Za-z0-9][\w.-]*/)"""  # another spelling may name files of the repository
OWN_FILES: Final = re.compile(rb"""\b(?:uses["']?\s*:(?!\s*""" + FOREIGN + rb""")|run["']?\s*:)""")


@dataclass(frozen=True, slots=True)
class LineCommit:
    """A commit of the first-parent line; `changes` is false if its tree is that of its only parent."""

    id: str
    committed_at: datetime
    changes: bool


@dataclass(frozen=True, slots=True)
class MergeWindow:
    """The commits of the window that are asked about, oldest first; `older` are the ids of those before.

    `passed` are the ids of those that change no desired state, and are not asked about. `since` is the commit of the
    last ended apply, or None. `before` is the commit before the line, or None. `recent` are the commits whose pull
    requests GitHub may not list yet.
    """

    commit: str
    since: str | None
    line: tuple[LineCommit, ...]
    older: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    before: str | None = None
    recent: frozenset[str] = frozenset()

    @property
    def ids(self) -> list[str]:
        """The ids of the line, oldest first."""
        return [commit.id for commit in self.line]


def find_window(repository: Repository, history: ApplyHistory, commit: str, oldest: datetime) -> MergeWindow:
    """Returns the window of a commit. Approvals of before `oldest` have expired, so no older commit is asked about.

    An apply of the same commit does not close the window: its job may run again, after a plan run that was late. Of
    many commits, the newest 250 are asked about; of those that change no desired state, the newest 20. Such a merge can
    only have approved to put drift back, and as it ends no apply, a window would have all of them.
    """
    if repository.is_shallow():
        raise UsageError(f"this clone is shallow, so the merges since the last apply are unknown: {FETCH_ALL}")
    same = [one.id for one in history.entries if one.record.commit == commit and one.record.state != "recovered"]
    starts = [entry.record.commit for entry in find_window_starts(history.without(same))]
    for start in starts:
        repository.commit_named(start)

    line = list(_list_line(repository, commit, starts))
    valid = next((number for number, one in enumerate(line) if one.committed_at >= oldest), len(line))
    passed = _find_passed(repository, commit, starts, line[valid:])
    worth = [one for one in line[valid:] if one.id not in passed]
    asked = worth[-MOST_COMMITS:]
    older = (*(line[:valid] if starts else ()), *worth[: -len(asked)])
    before = repository.resolve(f"{asked[0].id}^") if asked else None
    since = starts[-1] if starts else None
    return MergeWindow(commit, since, tuple(asked), tuple(one.id for one in older), tuple(passed), before)


def _find_passed(
    repository: Repository, commit: str, starts: Iterable[str], line: Sequence[LineCommit]
) -> Mapping[str, None]:
    """Returns the commits of the line that change neither desired state nor approvals, without the newest of them."""
    listed = repository.ask(
        *("--literal-pathspecs", "rev-list", "--first-parent", "--full-history", commit),
        *(f"^{start}" for start in starts),
        *("--", repository.folder, APPROVALS_FOLDER),
    )
    touching = set(listed.decode().split())
    return dict.fromkeys([one.id for one in line if one.id not in touching][:-MOST_OTHERS])


def _list_line(repository: Repository, commit: str, starts: Iterable[str]) -> Iterator[LineCommit]:
    """Yields the first-parent line, oldest first, without the commits that lead to a start."""
    listed = repository.ask(
        *("rev-list", "--first-parent", "--reverse", "--format=%H %T %ct %P", commit),
        *(f"^{start}" for start in starts),
    )
    tree_before = None
    for line in listed.decode().splitlines()[1::2]:  # each after a line `commit <id>`
        name, tree, seconds, *parents = line.split()
        before = tree_before or (repository.tree_of(parents[0], ".") if parents else None)
        yield LineCommit(name, datetime.fromtimestamp(int(seconds), UTC), len(parents) > 1 or tree != before)
        tree_before = tree


def find_recent(window: MergeWindow, job: Job, now: datetime) -> frozenset[str]:
    """Returns the commits whose pull requests GitHub may not list yet: those of this push, and of the last minutes.

    A merge queue makes its commits long before it pushes them.
    """
    before = _find_before(job)
    pushed = window.ids[window.ids.index(before) + 1 :] if before in window.ids else window.ids if before else []
    recent = {one.id for one in window.line if now - one.committed_at < RECENT} | {*pushed}
    return frozenset(one.id for one in window.line if one.changes and one.id in recent)


def _find_before(job: Job) -> str | None:
    """Returns the commit of the branch before the push of this workflow's event, or None."""
    before = member_of(find_event(job), "before") if job.event == "push" else None
    return before if isinstance(before, str) else None


def runs_own_files(repository: Repository, workflow: str, commits: Iterable[str | None]) -> bool:
    """Whether the workflow, at one of these commits, runs files of the repository: a local action, or a command."""
    files = (repository.attempt("cat-file", "blob", f"{commit}:.github/workflows/{workflow}") for commit in commits)
    return any(file is not None and OWN_FILES.search(file) for file in files)
