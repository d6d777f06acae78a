"""Breaks what stands between a plan and an account, one small change at a time, and looks whether a test notices.

`python -m tests.mutation.run [NAME…]`, where `scripts/mutation` has set up its tools: cosmic-ray changes operators,
numbers and conditions, and we take whole checks out. All of it happens in a copy. Verdicts are written down as they
come: a run that was ended goes on where it was, as long as no code has changed. The table is written into
docs/reliability.md; with names, only their rows.
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
PATIENCE, MORE_PATIENCE = 4, 10  # a trial may take so many times as long as tests take, and so many seconds more


@dataclass(frozen=True)
class Broken:
    """A module with one change, and which; `removed` where that is a check that was taken out."""

    module: str
    line: int
    what: str
    text: str
    removed: bool

    @property
    def why_the_same(self) -> str:
        """Why it does what the module did before, or nothing."""
        return EQUIVALENT.get(self.module, {}).get(self.what, "")


@contextmanager
def copied() -> Iterator[Path]:
    """The files that git knows, as they are now, in a folder of their own, with our tools."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)  # noqa: S607  # the one that is found
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        (copy / ".venv").symlink_to(ROOT / ".venv")
        yield copy


class Verdicts:
    """What came of each change so far, in a file; of other code or other tests than there are now nothing is known."""

    def __init__(self, path: Path) -> None:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        self._path = path
        self._known: dict[str, str] = dict(line.split() for line in lines if line.count(" ") == 1)

    def find(self, name: str) -> str | None:
        """The verdict, if there is one."""
        return self._known.get(name)

    def add(self, name: str, verdict: str) -> None:
        """Written at once."""
        self._known[name] = verdict
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{name} {verdict}\n")


def digest_code(copy: Path, subject: Subject) -> str:
    """Of all of ours that a trial of the subject runs: the program, the subject's tests, and what tests share."""
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
    """The process that runs the subject's tests."""
    command = [".venv/bin/python", "-m", "tests.mutation.trial", subject.module, *subject.tests]
    with subprocess.Popen(command, cwd=copy, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # ours
        yield process


def ask(process: subprocess.Popen[str], seconds: float) -> str:
    """How the tests go with the module as it is now: passed, failed or hung."""
    told, said = _pipes(process)
    told.write(f"{seconds}\n")
    told.flush()
    return said.readline().strip()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def list_broken(copy: Path, subject: Subject) -> Iterator[Broken]:
    """Every check of the module taken out, and what cosmic-ray makes of it, without what changes annotations."""
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
            yield Broken(subject.module, line, _tell_change(text, changed), changed, removed=False)


def _tell_change(text: str, changed: str) -> str:
    """The lines that read otherwise, as they read then."""
    lines = difflib.ndiff(text.splitlines(), changed.splitlines())
    return " ".join(line[2:].strip() for line in lines if line.startswith("+ ")) or "a line less"


def try_subject(copy: Path, subject: Subject, verdicts: Verdicts) -> list[tuple[Broken, str]]:
    """Every change with what came of it; what is known to change nothing is not tried."""
    path = copy / subject.module
    text = path.read_text(encoding="utf-8")
    code = digest_code(copy, subject)
    found: list[tuple[Broken, str]] = []
    with trials(copy, subject) as process:
        ask(process, 600)  # the first compiles what the others need
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
    """How many there are, were noticed (a test that never ends is noticed too), and do what the module did before."""
    missed = [broken for broken, verdict in found if verdict == "passed"]
    return str(len(found)), str(len(found) - len(missed)), str(sum(bool(one.why_the_same) for one in missed))


def spell_row(subject: Subject, found: Sequence[tuple[Broken, str]]) -> str:
    """The subject's row of the table."""
    removed, changed = ([one for one in found if one[0].removed is wanted] for wanted in (True, False))
    return f"{name_row(subject)} {' | '.join((*count(removed), *count(changed)))} |"


def name_row(subject: Subject) -> str:
    """Its first column."""
    inside = f", `{', '.join(sorted(subject.inside))}`" if subject.inside else ""
    return f"| `{subject.module}`{inside} |"


def write_row(row: str) -> None:
    """In place of what the table said of that subject, and in the order of subjects."""
    _, written = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    old = [line for line in written.split(END)[0].splitlines() if line.startswith("| `")]
    named = [name_row(subject) for subject in SUBJECTS.values()]
    rows = {name: line for line in (*old, row) for name in named if line.startswith(name)}
    lines = [HEAD, "|---|" + "--:|" * 6, *(rows[name] for name in named if name in rows)]
    write_between(BEGIN, END, "\n".join(lines))


def main(*names: str) -> int:
    """Breaks, writes the table, and fails where something was broken that no test noticed."""
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
