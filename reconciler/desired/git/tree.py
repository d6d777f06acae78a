"""What git lists below a folder, parsed and checked: a commit's tree, and the state of the working tree.

Takes git's answers and touches nothing; `git` asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from reconciler.errors import Problem, Source

LINK, SUBMODULE = "120000", "160000"
ENDING = b".yaml"
POINTER = b"version https://git-lfs.github.com/spec/"
INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file, link or submodule of a commit: its mode, git's name of its content, its path in the repository."""

    mode: str
    blob: str
    path: bytes

    @property
    def file(self) -> str:
        """The path as messages call it."""
        return readable(self.path)

    @property
    def is_yaml(self) -> bool:
        """Whether it is a file that the desired state is read from."""
        return self.path.endswith(ENDING) and self.mode not in {LINK, SUBMODULE}


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """What `git status` says of a folder, by path: what differs from HEAD, what is gone, what is in a conflict.

    `commit` is None before the first one.
    """

    commit: str | None
    differs: frozenset[bytes] = frozenset()
    deleted: frozenset[bytes] = frozenset()
    conflicts: frozenset[bytes] = frozenset()

    @property
    def clean(self) -> bool:
        """Whether every `*.yaml` is as the commit has it, as far as git looks."""
        return not any(path.endswith(ENDING) for path in self.differs)


@dataclass(frozen=True, slots=True)
class CommittedFiles:
    """The `*.yaml` files of a folder at a commit, by their path in the repository; `known` counts unreadable ones."""

    contents: Mapping[str, bytes] = field(default_factory=dict)
    known: int = 0
    problems: tuple[Problem, ...] = ()


def readable(path: bytes) -> str:
    """A path of any bytes, as text."""
    return path.decode("utf-8", "backslashreplace")


def parse_tree(listed: bytes) -> tuple[TreeEntry, ...]:
    """The entries of `ls-tree -r -z`."""
    pairs = (entry.split(b"\t", 1) for entry in listed.split(b"\0") if entry)
    return tuple(TreeEntry(meta[:6].decode(), meta.split()[2].decode(), path) for meta, path in pairs)


def parse_status(told: bytes) -> FolderStatus:
    """The answer of `status --porcelain=v2 --branch -z --no-renames`."""
    commit: str | None = None
    differs, deleted, conflicts = set[bytes](), set[bytes](), set[bytes]()
    for record in told.split(b"\0"):
        match record[:2]:
            case b"# " if record.startswith(b"# branch.oid ") and not record.endswith(b"(initial)"):
                commit = record.removeprefix(b"# branch.oid ").decode()
            case b"1 ":
                *meta, path = record.split(b" ", 8)
                differs.add(path)
                if meta[5] == b"000000":
                    deleted.add(path)
            case b"u ":
                conflicts.add(record.split(b" ", 10)[10])
            case b"? " | b"! ":
                differs.add(record[2:])
    return FolderStatus(commit, frozenset(differs | conflicts), frozenset(deleted), frozenset(conflicts))


def parse_flagged(listed: bytes) -> frozenset[bytes]:
    """Of `ls-files -v -z`, the paths that git was told not to look at: skip-worktree (S), assume-unchanged (small)."""
    entries = (entry for entry in listed.split(b"\0") if entry)
    return frozenset(entry[2:] for entry in entries if entry[:1] == b"S" or entry[:1].islower())


def check_entries(entries: Sequence[TreeEntry], at: str) -> Iterator[Problem]:
    """Yields a problem for each entry at a commit that is no plain file, or whose name reads like another's."""
    names = Counter(entry.file for entry in entries if entry.is_yaml)
    for entry in entries:
        if entry.mode == LINK:
            yield make_problem(entry.file, f"this is a link at {at}", "put the file itself there")
        elif entry.mode == SUBMODULE:
            yield make_problem(entry.file, f"this is a submodule at {at}", "put the files themselves there")
        elif is_misnamed(entry.file):
            yield misnamed(entry.file)
    for name in (name for name, count in names.items() if count > 1):
        yield make_problem(name, "two files have names that read the same", "rename one of them")


def check_pointers(contents: Mapping[str, bytes]) -> Iterator[Problem]:
    """A problem for each content that says where the content is: Git LFS keeps the file elsewhere."""
    for file, content in contents.items():
        if content.startswith(POINTER):
            hint = "take *.yaml out of LFS: git lfs untrack, then git add --renormalize"
            yield make_problem(file, "git holds a pointer of Git LFS here and not the file", hint)


def is_misnamed(name: str) -> bool:
    """Whether a file looks as if it were read and is not."""
    return name.lower().endswith((".yml", ".yaml")) and not name.endswith(".yaml")


def misnamed(file: str) -> Problem:
    """Returns the problem of a misnamed file: skipped, it would look as if its people had left."""
    return make_problem(file, "this file would not be read", f"name it {PurePosixPath(file).stem}.yaml")


def make_problem(file: str, message: str, hint: str) -> Problem:
    """Something that keeps the desired state from being read whole."""
    return Problem(INCOMPLETE, message, Source(file), hint)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, by file."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda one: (one.source.file if one.source else "", one.message)))
