"""The files of the desired state: HEAD's tree if the folder is clean, else the working tree, compared with HEAD.

Every file that git has in the folder is read, or a problem names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.core.model.amounts import count
from reconciler.desired.git.files import FoundFiles, check_folder, list_folder, read_files
from reconciler.desired.git.repository import Repository
from reconciler.desired.git.tree import (
    ENDING,
    SUBMODULE,
    FolderStatus,
    TreeEntry,
    check_pointers,
    in_order,
    make_problem,
    readable,
)
from reconciler.errors import Problem, UsageError


@dataclass(frozen=True, slots=True)
class DesiredFiles:
    """The files of a desired state by name, their number, and a problem for each file that can't be read.

    `commit` is the commit from whose tree the files were read; None if they are from the working tree.
    """

    folder: str
    contents: Mapping[str, bytes]
    known: int
    commit: str | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def sentence(self) -> str:
        """How many files were read, and from where."""
        where = f"at {self.commit[:7]}" if self.commit else "from the working tree, not committed"
        return f"{len(self.contents):,} of {count(self.known, 'file')} of {self.folder} read {where}"


def read_desired_files(folder: Path, repository: Repository | None) -> DesiredFiles:
    """Reads every `*.yaml` of the desired state, and makes a problem for each that can't be read.

    Raises UsageError if the folder does not exist or has no `*.yaml`.
    """
    read = _read_repository(folder, repository) if repository else _read_alone(folder)
    if not read.known and not read.problems:
        check_folder(folder)
        raise UsageError(f"{folder} holds no *.yaml file: name the folder of the desired state with --dir")
    return read


def _read_alone(folder: Path) -> DesiredFiles:
    """Reads a folder that is in no repository."""
    check_folder(folder)
    found = list_folder(folder)
    return _read_working_tree(folder.resolve().name, found, [])


def _read_repository(folder: Path, repository: Repository) -> DesiredFiles:
    status = repository.read_status()
    entries = repository.list_tree(status.commit) if status.commit else ()
    flagged = repository.find_flagged()
    if folder.is_dir() or not any(one.is_yaml and one.path in flagged for one in entries):
        check_folder(folder)
        found = list_folder(folder, repository.folder)
    else:
        found = FoundFiles()  # a sparse checkout without the folder
    name = repository.folder if repository.folder != "." else folder.resolve().name
    if status.commit and status.clean and not repository.find_unlike(flagged, entries):
        committed = repository.read_entries(entries, status.commit)
        problems = in_order((*committed.problems, *_drop_known(found.problems, committed.problems)))
        return DesiredFiles(name, committed.contents, committed.known, status.commit, problems)
    missing = list(_find_missing(entries, status, found, flagged))
    read = _read_working_tree(name, found, missing)
    conflicts = (
        make_problem(readable(path), "this file has a merge conflict", "resolve it, then git add the file")
        for path in status.conflicts
        if path.endswith(ENDING)
    )
    return replace(read, problems=in_order((*read.problems, *conflicts)))


def _read_working_tree(name: str, found: FoundFiles, missing: Sequence[Problem]) -> DesiredFiles:
    contents, unread = read_files(found.paths)
    problems = (*found.problems, *found.hidden, *unread, *missing, *check_pointers(contents))
    return DesiredFiles(name, contents, len(found.paths) + len(missing), None, in_order(problems))


def _drop_known(problems: Sequence[Problem], known: Sequence[Problem]) -> Iterator[Problem]:
    """Yields the problems of files that have no known problem."""
    files = {problem.source.file for problem in known if problem.source}
    return (problem for problem in problems if problem.source is None or problem.source.file not in files)


def _find_missing(
    entries: Sequence[TreeEntry], status: FolderStatus, found: FoundFiles, flagged: frozenset[bytes]
) -> Iterator[Problem]:
    """Yields a problem for each entry that HEAD has and the working tree lacks, unless it was deleted there."""
    reported = {problem.source.file for problem in (*found.problems, *found.hidden) if problem.source}
    for entry in entries:
        if entry.path in status.deleted or entry.file in found.paths or entry.file in reported:
            continue
        if entry.is_yaml and entry.path in flagged:
            message = "HEAD has this file, it is not checked out, and other files differ from HEAD"
            yield make_problem(entry.file, message, "run git sparse-checkout disable, or commit the other files")
        elif entry.is_yaml:
            yield make_problem(entry.file, "HEAD has this file and the working tree lacks it", "git restore it")
        elif entry.mode == SUBMODULE and entry.path not in status.differs:
            yield make_problem(entry.file, "this is a submodule", "put the files themselves there")
