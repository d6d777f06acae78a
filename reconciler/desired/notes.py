"""Git notes: a line is added to a commit's note, notes of two clones become one, and nothing that was written is lost.

Git itself replaces a ref of notes without a look at what another process wrote meanwhile. So every change is made on
a draft, and the ref moves to it only if it still is where the draft began. Knows lines and refs, and not what they say.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from reconciler.desired.git import Repository
from reconciler.errors import Failed

DRAFTS = "reconciler-draft"
TRIES = 30


def read_notes(repository: Repository, ref: str) -> dict[str, str]:
    """The note of each commit that has one under that ref."""
    listed = repository.attempt("notes", f"--ref={ref}", "list")
    pairs = [line.split() for line in (listed or b"").decode().splitlines()]
    contents = repository.read_blobs([note for note, _commit in pairs])
    return {commit: text.decode(errors="replace") for (_note, commit), text in zip(pairs, contents, strict=True)}


def list_refs(repository: Repository, below: str) -> Mapping[str, str]:
    """What each ref of notes below a name points to, by the rest of its name."""
    prefix = f"refs/notes/{below}/"
    listed = repository.ask("for-each-ref", "--format=%(objectname) %(refname)", prefix).decode()
    pairs = (line.split(" ", 1) for line in listed.splitlines())
    return {name.removeprefix(prefix): target for target, name in pairs}


def add_line(repository: Repository, ref: str, commit: str, line: str) -> None:
    """Adds a line to a commit's note, made if there is none."""

    def append(draft: str) -> None:
        repository.ask(*_signed(repository), "notes", f"--ref={draft}", "append", "-m", line, commit)

    _change(repository, ref, append)


def merge_notes(repository: Repository, ref: str, other: str) -> None:
    """Adds what another ref of notes has: where both changed a note, every line of either is in it."""

    def merge(draft: str) -> None:
        strategy = ("--quiet", "--strategy=cat_sort_uniq")
        repository.ask(*_signed(repository), "notes", f"--ref={draft}", "merge", *strategy, other)

    _change(repository, ref, merge)


@contextmanager
def drafts(repository: Repository) -> Iterator[str]:
    """A name below which refs of notes may be made that nobody else makes; they are gone afterwards."""
    name = f"{DRAFTS}/{secrets.token_hex(8)}"
    try:
        yield name
    finally:
        orders = "".join(f"delete refs/notes/{name}/{one}\n" for one in list_refs(repository, name))
        repository.ask("update-ref", "--stdin", stdin=orders.encode())


def _change(repository: Repository, ref: str, make: Callable[[str], None]) -> None:
    full = f"refs/notes/{ref}"
    with drafts(repository) as name:
        draft = f"{name}/notes"
        for _ in range(TRIES):
            before = repository.resolve(full)
            start = f"update {_full(draft)} {before}\n" if before else f"delete {_full(draft)}\n"
            repository.ask("update-ref", "--stdin", stdin=start.encode())
            make(draft)
            made = repository.resolve(_full(draft))
            if made is None or made == before:
                return
            if repository.attempt("update-ref", full, made, before or "") is not None:
                return
    raise Failed(f"{full} can't be written: it changed under {TRIES} tries, or another git holds its lock")


def _full(ref: str) -> str:
    return f"refs/notes/{ref}"


def _signed(repository: Repository) -> tuple[str, ...]:
    """Signed by whoever git says is here; on a build machine nobody is, and it is signed by us."""
    if repository.attempt("var", "GIT_COMMITTER_IDENT") is not None:
        return ()
    return ("-c", "user.name=reconciler", "-c", "user.email=reconciler@localhost")
