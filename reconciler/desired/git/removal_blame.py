"""Who took away a statement that git no longer makes: the commit after an earlier one that did. Asks git.

A commit may have done it if it took away a line that names what the statement is about, in the file it stood in (or in
what that file was renamed to). Where several did, the files before and after each are read, from the newest on.
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
    """What a commit took away from a file; the file's names before and after are the same unless it was renamed."""

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
    """Who took each statement away, where that is found; all of them stood at one commit and are gone at another.

    `gone` holds where each of them stood, as file and line.
    """
    commits = list(_read_log(_log(repository, stood_at, head, folders)))
    names, taken = _Names(commits), _index_taken(commits)
    found: dict[Statement, BlamedLine] = {}
    for statement, stood in gone.items():
        word = re.compile(rf"(?<!{NAME_CHARACTERS}){re.escape(statement.path[-1])}(?!{NAME_CHARACTERS})")
        files = names.of(stood.source.file)
        run = WORD.search(statement.path[-1])
        named = taken.get(run[0], ()) if run else range(len(commits))
        able = [commits[number] for number in named if _takes_away(commits[number], files, word)]
        done = able[0] if len(able) == 1 else _find_doer(repository, able, files, statement)
        if done is not None:
            found[statement] = BlamedLine(replace(stood.source, commit=done.id, author=done.author), done.at)
    return found


def _index_taken(commits: Sequence[_Commit]) -> dict[str, list[int]]:
    """The commits that took away a line with a word, by their position: a name stands on few of very many."""
    found: dict[str, list[int]] = {}
    for number, commit in enumerate(commits):
        for word in {word for one in commit.files for line in one.lines for word in WORD.findall(line)}:
            found.setdefault(word, []).append(number)
    return found


def _takes_away(commit: _Commit, files: frozenset[str], word: re.Pattern[str]) -> bool:
    return any(one.before in files and any(map(word.search, one.lines)) for one in commit.files)


def _find_doer(
    repository: Repository, able: Iterable[_Commit], files: frozenset[str], statement: Statement
) -> _Commit | None:
    """The newest commit before which the statement was made, and after which it was not."""
    return next(
        (
            commit
            for commit in able
            if _is_stated(repository, f"{commit.id}^", files, statement)
            and not _is_stated(repository, commit.id, files, statement)
        ),
        None,
    )


def _is_stated(repository: Repository, revision: str, files: Iterable[str], statement: Statement) -> bool:
    contents = (repository.attempt("cat-file", "blob", f"{revision}:{file}") for file in sorted(files))
    return any(content is not None and find_line(read_yaml("", content), statement) for content in contents)


class _Names:
    """The names that files had over some commits."""

    def __init__(self, commits: Iterable[_Commit]) -> None:
        self.renamed = [
            (one.before, one.after) for commit in commits for one in commit.files if one.before != one.after
        ]

    def of(self, file: str) -> frozenset[str]:
        """The file's name, and those that it was given later."""
        names = {file}
        while new := {after for before, after in self.renamed if before in names} - names:
            names |= new
        return frozenset(names)


def _log(repository: Repository, stood_at: str, head: str, folders: Sequence[str]) -> str:
    """The commits between two, newest first, with what each changed below the folders; of merges what only they did."""
    try:
        told = repository.ask(
            *("-c", "core.quotePath=false", "--literal-pathspecs", "log", "--topo-order", "--full-history"),
            *("--cc", "--patch", "--unified=0", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv"),
            *("--src-prefix=a/", "--dst-prefix=b/", "--encoding=UTF-8", "--format=%x00%H%x1f%aN%x1f%ct"),
            *(f"{stood_at}..{head}", "--", *folders),
        )
    except UsageError:
        return ""
    return told.decode(errors="replace")


def _read_log(told: str) -> Iterator[_Commit]:
    for entry in told.split("\0")[1:]:
        heading, _, patch = entry.partition("\n")
        commit, author, at = heading.split("\x1f")
        yield _Commit(commit, author, int(at), tuple(_read_patch(patch)))


def _read_patch(patch: str) -> Iterator[_Hunks]:
    """Each file of a patch. Only headers begin with `diff `: what was taken away or put in has a sign before it."""
    for file in re.split(r"^diff ", patch, flags=re.MULTILINE)[1:]:
        header, *hunks = re.split(r"^@@", file, flags=re.MULTILINE)
        before, after = _names(header)
        taken = (line for hunk in hunks for line in _taken_away(hunk))
        yield _Hunks(before, after, tuple(taken))


def _names(header: str) -> tuple[str, str]:
    """The file's names before and after; empty where it was not there. A name that git quotes is left as it is."""
    names = dict.fromkeys(("--- a/", "+++ b/", "rename from ", "rename to "), "")
    for line in header.split("\n"):
        for start in names:
            if line.startswith(start):
                names[start] = line.removeprefix(start).removesuffix("\t")
    before = names["rename from "] or names["--- a/"]
    return before, names["rename to "] or names["+++ b/"] or before


def _taken_away(hunk: str) -> Iterator[str]:
    """The lines that a hunk takes away: of a merge, which has a sign for each parent, those that any parent had."""
    heading, *lines = hunk.split("\n")
    signs = len(heading) - len(heading.lstrip("@")) + 1
    for line in lines:
        if "-" in line[:signs] and "+" not in line[:signs]:
            yield line[signs:]
