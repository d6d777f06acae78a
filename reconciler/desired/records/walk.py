"""Reads the commits of a record's branch, with the same few processes for ten thousand commits as for ten.

Applied commits are parents of records too. The walk does not follow them into the history of the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread
from typing import IO

from reconciler.core.record.record import MOST_BYTES, RECORD_FILE
from reconciler.desired.git.repository import Repository
from reconciler.errors import RecordUnknown

AT_ONCE = 300  # names in one batch: they fit in the pipe while git writes its answers
CHUNK = 1 << 20
ONE_FILE = b"100644 " + RECORD_FILE.encode() + b"\0"
RAW_NAMES = (20, 32)  # bytes of an object's name, by SHA-1 and SHA-256


@dataclass(frozen=True, slots=True)
class RecordCommit:
    """A commit of the branch: the records before it, the applied commit, and the bytes of its file.

    `content` is None if the tree is not exactly that file. `raw` is the commit object.
    """

    id: str
    parents: tuple[str, ...]
    applied: str | None
    content: bytes | None
    raw: bytes


class ObjectReader:
    """Reads objects from `git cat-file --batch`, each up to just over the largest size of a record."""

    def __init__(self, questions: IO[bytes], answers: IO[bytes]) -> None:
        self._questions = questions
        self._answers = answers

    def read(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yields the bytes of each object, or None for a missing object. Raises RecordUnknown if git stops."""
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            self._questions.write(_lines(some))
            self._questions.flush()
            for _name in some:
                yield self._next()

    def read_last(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yields the bytes of each object like `read`, but a thread writes the names; no read can follow."""
        writer = Thread(target=self._ask_last, args=(_lines(names),), daemon=True)
        writer.start()
        for _name in names:
            yield self._next()
        writer.join()

    def _ask_last(self, lines: bytes) -> None:
        with suppress(BrokenPipeError, ValueError):  # git stopped, and the reader raises the error
            self._questions.write(lines)
            self._questions.close()

    def _next(self) -> bytes | None:
        head = self._answers.readline()
        if not head.endswith(b"\n"):
            raise RecordUnknown("git stopped while it read the record of applies: run git fsck to find the cause")
        if head.endswith((b" missing\n", b" ambiguous\n")):
            return None
        size = int(head.rsplit(b" ", 1)[1])
        content = self._answers.read(min(size, MOST_BYTES + 1))
        left = size - len(content)
        while left > 0:
            left -= len(self._answers.read(min(left, CHUNK)))
        self._answers.read(1)
        return content


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


@contextmanager
def open_objects(repository: Repository, *options: str) -> Iterator[ObjectReader]:
    """Opens a reader of objects, with one git process."""
    with repository.start("--no-replace-objects", "cat-file", "--batch", *options) as git:
        assert git.stdin is not None  # noqa: S101  # it was piped
        assert git.stdout is not None  # noqa: S101  # it was piped
        try:
            yield ObjectReader(git.stdin, git.stdout)
        except BrokenPipeError:
            raise RecordUnknown(
                "git stopped while it read the record of applies: run git fsck to find the cause"
            ) from None
        finally:
            git.kill()


def walk_commits(
    repository: Repository, tips: Sequence[str], *, strictly: bool = True
) -> tuple[dict[str, RecordCommit], frozenset[str]]:
    """Returns the commits of the branch by id, newest first, and the ids of missing commits.

    Follows all parents except the last. A commit whose tree is not that of a record is returned, but not followed. If
    not `strictly`, follows the last parent too, to find records before a damaged commit.
    """
    found: dict[str, RecordCommit] = {}
    missing: set[str] = set()
    expected = set(tips)  # commits that must be records
    waiting = list(dict.fromkeys([*guess_line(repository, tips), *tips]))

    def read_waiting(read: Callable[[Sequence[str]], Iterator[bytes | None]]) -> list[str]:
        commits = _read_commits(read, waiting)
        missing.update(set(waiting) - set(commits))
        found.update(commits)
        followed: list[str] = []
        for commit in commits.values():
            expected.update(commit.parents if commit.content is not None else ())
            followed.extend(_followed(commit, strictly=strictly, is_expected=commit.id in expected))
        return [parent for parent in dict.fromkeys(followed) if parent not in found and parent not in missing]

    if waiting:  # first the guessed commits, as fast as git goes; then the others, step by step
        with open_objects(repository, "--buffer") as reader:
            waiting = read_waiting(reader.read_last)
    if waiting:
        with open_objects(repository) as reader:
            while waiting:
                waiting = read_waiting(reader.read)
    return found, frozenset(missing)


def _followed(commit: RecordCommit, *, strictly: bool, is_expected: bool) -> tuple[str, ...]:
    """Returns the parents to follow; a commit that is no record may have been put by hand on top of records."""
    if commit.content is None and (strictly or not is_expected):
        return ()
    return commit.parents if strictly or commit.applied is None else (*commit.parents, commit.applied)


def guess_line(repository: Repository, tips: Sequence[str]) -> list[str]:
    """Returns the records along first parents; only a guess, because a shallow clone hides parents."""
    if not tips:
        return []
    line: list[str] = []
    expected = set(tips)
    with repository.start("--no-replace-objects", "rev-list", "--first-parent", "--parents", *tips) as listing:
        assert listing.stdout is not None  # noqa: S101  # it was piped
        for answer in listing.stdout:
            commit, *parents = answer.decode().split()
            if commit in expected:
                expected.remove(commit)
                line.append(commit)
                expected.update(parents[:-1][:1])
            if not expected:
                break
        listing.kill()
    return line


def _read_commits(
    read: Callable[[Sequence[str]], Iterator[bytes | None]], commits: Sequence[str]
) -> dict[str, RecordCommit]:
    names = [name for commit in commits for name in (commit, f"{commit}^{{tree}}", f"{commit}:{RECORD_FILE}")]
    answers = read(names)
    found: dict[str, RecordCommit] = {}
    for commit, raw, tree, content in zip(commits, answers, answers, answers, strict=False):
        if raw is not None:
            parents = _parents(raw)
            is_only = tree is not None and tree.startswith(ONE_FILE) and len(tree) - len(ONE_FILE) in RAW_NAMES
            applied = parents[-1] if parents else None
            found[commit] = RecordCommit(commit, parents[:-1], applied, content if is_only else None, raw)
    return found


def _parents(raw: bytes) -> tuple[str, ...]:
    head = raw.split(b"\n\n", 1)[0].split(b"\n")
    return tuple(line[len(b"parent ") :].decode() for line in head if line.startswith(b"parent "))
