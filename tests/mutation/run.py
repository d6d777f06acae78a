"""Mutates the modules that protect an account, one small change at a time, and checks that a test notices.

`python -m tests.mutation.run [NAME…]`, after `scripts/mutation` has set up its tools. cosmic-ray changes operators,
numbers and conditions, and this module removes whole checks. All of it happens in a copy. Verdicts are saved at once,
so an interrupted run continues if no code has changed. The table is written into docs/reliability.md; with names, only
their rows.
"""

from __future__ import annotations

import difflib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from tests.faults.sweep import DOCUMENT, write_between
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.removals import list_annotations, list_removals
from tests.mutation.subjects import SUBJECTS, Subject

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv-mutation"
BEGIN, END = "<!-- begin of the mutations, written by scripts/mutation -->", "<!-- end of the mutations -->"
HEAD = "| module | checks taken out | noticed | the same | other changes | noticed | the same |"
PATIENCE, MORE_PATIENCE = 4, 10  # a trial may take this many times as long as the tests, plus this many seconds


@dataclass(frozen=True)
class Broken:
    """A module with one mutation; `removed` if that is a removed check."""

    module: str
    line: int
    what: str
    text: str
    removed: bool

    @property
    def why_the_same(self) -> str:
        """Returns the reason why the mutation changes no behaviour, or an empty text."""
        return EQUIVALENT.get(self.module, {}).get(self.what, "")


@contextmanager
def copied() -> Iterator[Path]:
    """Copies the files that git tracks, as they are now, into a temporary folder with the same environment."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)  # noqa: S607  # git from PATH
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        (copy / ".venv").symlink_to(ROOT / ".venv")
        yield copy


class Verdicts:
    """The saved verdicts by mutation; a verdict on other code or other tests is never found."""

    def __init__(self, path: Path) -> None:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        self._path = path
        self._known: dict[str, str] = dict(line.split() for line in lines if line.count(" ") == 1)

    def find(self, name: str) -> str | None:
        """Returns the verdict, or None."""
        return self._known.get(name)

    def add(self, name: str, verdict: str) -> None:
        """Saves a verdict at once."""
        self._known[name] = verdict
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{name} {verdict}\n")


def digest_code(copy: Path, subject: Subject) -> str:
    """Returns the hash of all code that a trial runs: the program, the subject's tests, and shared test modules."""
    files = sorted(path for folder in ("reconciler", "tests") for path in (copy / folder).rglob("*.py"))
    meant = (
        path
        for path in files
        if path.relative_to(copy).as_posix() in subject.tests
        or not (path.name.startswith("test_") or path.parent.name == "mutation")
    )
    return sha256(b"".join(path.read_bytes() for path in meant)).hexdigest()


@contextmanager
def trials(copy: Path, subject: Subject) -> Iterator[subprocess.Popen[str]]:
    """Starts the process that runs the subject's tests."""
    command = [".venv/bin/python", "-m", "tests.mutation.trial", subject.module, *subject.tests]
    with subprocess.Popen(command, cwd=copy, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # ours
        yield process


def ask(process: subprocess.Popen[str], seconds: float) -> str:
    """Returns the result of the tests with the module's current text: passed, failed or hung."""
    requests, results = _pipes(process)
    requests.write(f"{seconds}\n")
    requests.flush()
    return results.readline().strip()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def list_broken(copy: Path, subject: Subject) -> Iterator[Broken]:
    """Yields the module without each of its checks, and cosmic-ray's mutations, except those of annotations."""
    path = copy / subject.module
    text = path.read_text(encoding="utf-8")
    for one in list_removals(text, subject.inside):
        yield Broken(subject.module, one.line, f"without: {one.what}", one.text, removed=True)
    if subject.only_removed:
        return
    spans = list(list_annotations(text))
    command = [TOOLS / "bin" / "python", ROOT / "tests" / "mutation" / "changes.py", path]
    listed = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603  # ours
    for function, line, column, _operator, changed in map(json.loads, listed.stdout.splitlines()):
        meant = subject.inside is None or function in subject.inside
        if meant and not any(start <= (line, column) < end for start, end in spans):
            yield Broken(subject.module, line, _describe_change(text, changed), changed, removed=False)


def _describe_change(text: str, changed: str) -> str:
    """Returns the changed lines, in their mutated form."""
    lines = difflib.ndiff(text.splitlines(), changed.splitlines())
    return " ".join(line[2:].strip() for line in lines if line.startswith("+ ")) or "a line less"


def try_subject(copy: Path, subject: Subject, verdicts: Verdicts) -> list[tuple[Broken, str]]:
    """Returns every mutation with its verdict; a mutation that changes no behaviour is not tried."""
    path = copy / subject.module
    text = path.read_text(encoding="utf-8")
    code = digest_code(copy, subject)
    found: list[tuple[Broken, str]] = []
    with trials(copy, subject) as process:
        ask(process, 600)  # the first run compiles the modules for all others
        begun = time.monotonic()
        assert ask(process, 600) == "passed", f"{subject.tests} fail without any change"
        seconds = PATIENCE * (time.monotonic() - begun) + MORE_PATIENCE
        for broken in list_broken(copy, subject):
            name = sha256(f"{code}{broken.text}".encode()).hexdigest()
            verdict = "passed" if broken.why_the_same else verdicts.find(name)
            if verdict is None:
                path.write_text(broken.text, encoding="utf-8")
                verdict = ask(process, seconds)
                verdicts.add(name, verdict)
            found.append((broken, verdict))
            path.write_text(text, encoding="utf-8")
        _pipes(process)[0].close()
    return found


def count(found: Sequence[tuple[Broken, str]]) -> tuple[str, str, str]:
    """Returns the numbers of mutations, of noticed ones (an endless test counts), and of those without an effect."""
    missed = [broken for broken, verdict in found if verdict == "passed"]
    return str(len(found)), str(len(found) - len(missed)), str(sum(bool(one.why_the_same) for one in missed))


def spell_row(subject: Subject, found: Sequence[tuple[Broken, str]]) -> str:
    """Returns the subject's row of the table."""
    removed, changed = ([one for one in found if one[0].removed is wanted] for wanted in (True, False))
    return f"{name_row(subject)} {' | '.join((*count(removed), *count(changed)))} |"


def name_row(subject: Subject) -> str:
    """Returns the first column of the subject's row."""
    inside = f", `{', '.join(sorted(subject.inside))}`" if subject.inside else ""
    return f"| `{subject.module}`{inside} |"


def write_row(row: str) -> None:
    """Writes the row into the table, in the place of the subject's old row and in the order of subjects."""
    _, written = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    old = [line for line in written.split(END)[0].splitlines() if line.startswith("| `")]
    named = [name_row(subject) for subject in SUBJECTS.values()]
    rows = {name: line for line in (*old, row) for name in named if line.startswith(name)}
    lines = [HEAD, "|---|" + "--:|" * 6, *(rows[name] for name in named if name in rows)]
    write_between(BEGIN, END, "\n".join(lines))


def main(*names: str) -> int:
    """Runs all trials, writes the table, and returns 1 if no test noticed some mutation."""
    unnoticed = 0
    with copied() as copy:
        verdicts = Verdicts(TOOLS / "verdicts")
        for subject in map(SUBJECTS.__getitem__, names or SUBJECTS):
            begun = time.monotonic()
            found = try_subject(copy, subject, verdicts)
            hung = sum(verdict == "hung" for _broken, verdict in found)
            row = spell_row(subject, found)
            write_row(row)
            sys.stderr.write(f"{row} {hung} never ended; {time.monotonic() - begun:.0f} s\n")
            for one in (broken for broken, verdict in found if verdict == "passed" and not broken.why_the_same):
                unnoticed += 1
                sys.stderr.write(f"{one.module}:{one.line}: no test notices {one.what}\n")
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
