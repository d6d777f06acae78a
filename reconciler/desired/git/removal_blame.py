"""Removed statements → the commit and author that removed each, after an earlier commit that had it. Runs git.

A commit is a candidate if it removed a line that contains the statement's last name, from the statement's file or a
later name of that file. With several candidates, the files before and after each are read, newest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.explanation.origin import BlamedLine, Statement
from reconciler.desired.git.repository import Repository
from reconciler.desired.yaml.reader import read_yaml
from reconciler.desired.yaml.statement_lines import find_line
from reconciler.errors import UsageError

NAME_CHARACTERS = r"[\w.@/-]"
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Hunks:
    """The lines that a commit removed from a file; the file's names before and after differ if it was renamed."""

    before: str
    after: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Commit:
    id: str
    author: str
    at: int
    files: tuple[_Hunks, ...]


def find_removals(
    repository: Repository, stood_at: str, head: str, folders: Sequence[str], gone: Mapping[Statement, BlamedLine]
) -> dict[Statement, BlamedLine]:
    """Returns the removal of each statement that is found; commit `stood_at` has all of them, commit `head` has none.

    `gone` has the former file and line of each.
    """
    commits = list(_read_log(_log(repository, stood_at, head, folders)))
    renames, removed_words = _FileNames(commits), _index_removed_words(commits)
    found: dict[Statement, BlamedLine] = {}
    for statement, former in gone.items():
        name = re.compile(rf"(?<!{NAME_CHARACTERS}){re.escape(statement.path[-1])}(?!{NAME_CHARACTERS})")
        files = renames.of(former.source.file)
        word = WORD.search(statement.path[-1])
        numbers = removed_words.get(word[0], ()) if word else range(len(commits))
        candidates = [commits[number] for number in numbers if _removes(commits[number], files, name)]
        remover = candidates[0] if len(candidates) == 1 else _find_remover(repository, candidates, files, statement)
        if remover is not None:
            source = replace(former.source, commit=remover.id, author=remover.author)
            found[statement] = BlamedLine(source, remover.at)
    return found


def _index_removed_words(commits: Sequence[_Commit]) -> dict[str, list[int]]:
    """Returns the positions of the commits that removed each word, because few of many commits contain a name."""
    found: dict[str, list[int]] = {}
    for number, commit in enumerate(commits):
        for word in {word for one in commit.files for line in one.lines for word in WORD.findall(line)}:
            found.setdefault(word, []).append(number)
    return found


def _removes(commit: _Commit, files: frozenset[str], name: re.Pattern[str]) -> bool:
    return any(one.before in files and any(map(name.search, one.lines)) for one in commit.files)


def _find_remover(
    repository: Repository, candidates: Iterable[_Commit], files: frozenset[str], statement: Statement
) -> _Commit | None:
    """Returns the newest commit whose parent has the statement, and which itself does not."""
    return next(
        (
            commit
            for commit in candidates
            if _is_stated(repository, f"{commit.id}^", files, statement)
            and not _is_stated(repository, commit.id, files, statement)
        ),
        None,
    )


def _is_stated(repository: Repository, revision: str, files: Iterable[str], statement: Statement) -> bool:
    contents = (repository.attempt("cat-file", "blob", f"{revision}:{file}") for file in sorted(files))
    return any(content is not None and find_line(read_yaml("", content), statement) for content in contents)


class _FileNames:
    """The renames of files in some commits."""

    def __init__(self, commits: Iterable[_Commit]) -> None:
        self.renamed = [
            (one.before, one.after) for commit in commits for one in commit.files if one.before != one.after
        ]

    def of(self, file: str) -> frozenset[str]:
        """Returns the file's name and its later names."""
        names = {file}
        while new := {after for before, after in self.renamed if before in names} - names:
            names |= new
        return frozenset(names)


def _log(repository: Repository, stood_at: str, head: str, folders: Sequence[str]) -> str:
    """Returns the log between two commits, newest first, with patches below the folders; merges show only conflicts."""
    try:
        output = repository.ask(
            *("-c", "core.quotePath=false", "--literal-pathspecs", "log", "--topo-order", "--full-history"),
            *("--cc", "--patch", "--unified=0", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv"),
            *("--src-prefix=a/", "--dst-prefix=b/", "--encoding=UTF-8", "--format=%x00%H%x1f%aN%x1f%ct"),
            *(f"{stood_at}..{head}", "--", *folders),
        )
    except UsageError:
        return ""
    return output.decode(errors="replace")


def _read_log(output: str) -> Iterator[_Commit]:
    for entry in output.split("\0")[1:]:
        heading, _, patch = entry.partition("\n")
        commit, author, at = heading.split("\x1f")
        yield _Commit(commit, author, int(at), tuple(_read_patch(patch)))


def _read_patch(patch: str) -> Iterator[_Hunks]:
    """Yields each file of a patch. Only headers begin with `diff `: removed and added lines begin with a sign."""
    for file in re.split(r"^diff ", patch, flags=re.MULTILINE)[1:]:
        header, *hunks = re.split(r"^@@", file, flags=re.MULTILINE)
        before, after = _read_names(header)
        removed = (line for hunk in hunks for line in _list_removed(hunk))
        yield _Hunks(before, after, tuple(removed))


def _read_names(header: str) -> tuple[str, str]:
    """Returns the file's names before and after; empty if it did not exist. A name that git quotes stays quoted."""
    names = dict.fromkeys(("--- a/", "+++ b/", "rename from ", "rename to "), "")
    for line in header.split("\n"):
        for start in names:
            if line.startswith(start):
                names[start] = line.removeprefix(start).removesuffix("\t")
    before = names["rename from "] or names["--- a/"]
    return before, names["rename to "] or names["+++ b/"] or before


def _list_removed(hunk: str) -> Iterator[str]:
    """Yields the lines that a hunk removes; a merge has a sign for each parent, and removes lines of any parent."""
    heading, *lines = hunk.split("\n")
    signs = len(heading) - len(heading.lstrip("@")) + 1
    for line in lines:
        if "-" in line[:signs] and "+" not in line[:signs]:
            yield line[signs:]
