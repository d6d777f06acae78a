"""git's lists of a folder, parsed and checked: a commit's tree, and the status of the working tree.

Reads git's output as an argument; `repository` runs git.
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
    """A file, link or submodule of a commit: its mode, the hash of its content, its path in the repository."""

    mode: str
    blob: str
    path: bytes

    @property
    def file(self) -> str:
        """The path as readable text, for messages."""
        return readable(self.path)

    @property
    def is_yaml(self) -> bool:
        """Whether it is a file of the desired state."""
        return self.path.endswith(ENDING) and self.mode not in {LINK, SUBMODULE}


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """The paths of a folder that differ from HEAD, are deleted, or have a merge conflict, by `git status`.

    `commit` is HEAD, or None before the first commit.
    """

    commit: str | None
    differs: frozenset[bytes] = frozenset()
    deleted: frozenset[bytes] = frozenset()
    conflicts: frozenset[bytes] = frozenset()

    @property
    def clean(self) -> bool:
        """Whether every `*.yaml` that git checks equals the commit's."""
        return not any(path.endswith(ENDING) for path in self.differs)


@dataclass(frozen=True, slots=True)
class CommittedFiles:
    """The `*.yaml` files of a folder at a commit, by their path in the repository; `known` counts unreadable ones."""

    contents: Mapping[str, bytes] = field(default_factory=dict)
    known: int = 0
    problems: tuple[Problem, ...] = ()


def readable(path: bytes) -> str:
    """Returns a path of any bytes as text."""
    return path.decode("utf-8", "backslashreplace")


def parse_tree(listed: bytes) -> tuple[TreeEntry, ...]:
    """Parses the output of `ls-tree -r -z`."""
    pairs = (entry.split(b"\t", 1) for entry in listed.split(b"\0") if entry)
    return tuple(TreeEntry(meta[:6].decode(), meta.split()[2].decode(), path) for meta, path in pairs)


def parse_status(output: bytes) -> FolderStatus:
    """Parses the output of `status --porcelain=v2 --branch -z --no-renames`."""
    commit: str | None = None
    differs, deleted, conflicts = set[bytes](), set[bytes](), set[bytes]()
    for record in output.split(b"\0"):
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
    """Returns the paths in `ls-files -v -z` that git does not check: skip-worktree (S), assume-unchanged (small)."""
    entries = (entry for entry in listed.split(b"\0") if entry)
    return frozenset(entry[2:] for entry in entries if entry[:1] == b"S" or entry[:1].islower())


def check_entries(entries: Sequence[TreeEntry], at: str) -> Iterator[Problem]:
    """Yields a problem for each entry of a commit that is no plain file, or whose name looks like another name."""
    names = Counter(entry.file for entry in entries if entry.is_yaml)
    for entry in entries:
        if entry.mode == LINK:
            yield make_problem(entry.file, f"this is a link at {at}", "put the file itself there")
        elif entry.mode == SUBMODULE:
            yield make_problem(entry.file, f"this is a submodule at {at}", "put the files themselves there")
        elif is_misnamed(entry.file):
            yield misnamed(entry.file)
    for name in (name for name, count in names.items() if count > 1):
        yield make_problem(name, "two files have names that look the same", "rename one of them")


def check_pointers(contents: Mapping[str, bytes]) -> Iterator[Problem]:
    """Yields a problem for each file whose content is in Git LFS, with only a pointer in git."""
    for file, content in contents.items():
        if content.startswith(POINTER):
            hint = "take *.yaml out of LFS: git lfs untrack, then git add --renormalize"
            yield make_problem(file, "git has only a Git LFS pointer instead of the file", hint)


def is_misnamed(name: str) -> bool:
    """Whether a file has an ending like `.yml` or `.YAML`, so that it is not read."""
    return name.lower().endswith((".yml", ".yaml")) and not name.endswith(".yaml")


def misnamed(file: str) -> Problem:
    """Returns the problem of a misnamed file: if it were skipped, its users would look like leavers."""
    return make_problem(file, "only files that end in .yaml are read", f"rename it to {PurePosixPath(file).stem}.yaml")


def make_problem(file: str, message: str, hint: str) -> Problem:
    """Returns a problem that makes the desired state incomplete."""
    return Problem(INCOMPLETE, message, Source(file), hint)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Returns each problem once, sorted by file."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda one: (one.source.file if one.source else "", one.message)))
