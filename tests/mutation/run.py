"""Breaks what stands between a plan and an account, one small change at a time, and looks whether a test notices.

`python -m tests.mutation.run [NAME…]`, where `scripts/mutation` has set up its tools: cosmic-ray changes operators,
numbers and conditions, and we take whole checks out. All of it happens in a copy. The table is written into
docs/reliability.md.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.sweep import write_between
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.removals import list_annotations, list_removals

ROOT = Path(__file__).parents[2]
COSMIC_RAY = ROOT / ".venv-mutation" / "bin" / "cosmic-ray"
BEGIN, END = "<!-- begin of the mutations, written by scripts/mutation -->", "<!-- end of the mutations -->"
SECONDS = 60


@dataclass(frozen=True)
class Subject:
    """A module, the functions of it that are meant (None: all), and the tests that must notice."""

    module: str
    inside: frozenset[str] | None
    tests: tuple[str, ...]
    only_removed: bool = False


SUBJECTS: Mapping[str, Subject] = {
    "guardrails": Subject("reconciler/core/guardrails.py", None, ("tests/core/test_guardrails.py",)),
    "held": Subject(
        "reconciler/core/make_plan.py",
        frozenset({"_held_against_guardrails"}),
        ("tests/core/test_make_plan.py", "tests/test_cases.py"),
        only_removed=True,
    ),
    "completeness": Subject("reconciler/core/pages.py", None, ("tests/core/test_pages.py", "tests/live/test_lists.py")),
    "methods": Subject("reconciler/live/client.py", frozenset({"refuse_method"}), ("tests/live/test_client.py",)),
    "methods used": Subject(
        "reconciler/live/client.py", frozenset({"send"}), ("tests/live/test_client.py",), only_removed=True
    ),
}


@dataclass(frozen=True)
class Broken:
    """One change of a module, and whether a test noticed."""

    where: str
    what: str
    noticed: bool

    @property
    def same(self) -> bool:
        """Whether it does what the module did before."""
        return any(known in self.what for known in EQUIVALENT)


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


def command(tests: Sequence[str]) -> list[str]:
    """The tests, up to the first that fails, without what takes longer to start than they take to run."""
    left_out = [option for name in ("cacheprovider", "xdist", "pytest_cov") for option in ("-p", f"no:{name}")]
    return [".venv/bin/python", "-m", "pytest", "-x", "-q", "--assert=plain", *left_out, *tests]


def mutate(copy: Path, subject: Subject) -> list[Broken]:
    """What cosmic-ray makes of the module, without what changes annotations."""
    config, session = copy / "mutation.toml", copy / "mutation.sqlite"
    run_tests = " ".join(["env PYTHONDONTWRITEBYTECODE=1", *command(subject.tests)])
    config.write_text(
        f"[cosmic-ray]\nmodule-path = {subject.module!r}\ntimeout = {SECONDS}.0\nexcluded-modules = []\n"
        f"test-command = {run_tests!r}\n[cosmic-ray.distributor]\nname = 'local'\n",
        encoding="utf-8",
    )
    _cosmic_ray(copy, "init", config, session)
    spans = list(list_annotations((copy / subject.module).read_text(encoding="utf-8")))
    with closing(sqlite3.connect(session)) as database:
        rows = database.execute("SELECT job_id, definition_name, start_pos_row, start_pos_col FROM mutation_specs")
        for job, function, row, column in rows.fetchall():
            meant = subject.inside is None or function in subject.inside
            if not meant or any(start <= (row, column) < end for start, end in spans):
                for table in ("mutation_specs", "work_items"):
                    database.execute(f"DELETE FROM {table} WHERE job_id = ?", (job,))  # noqa: S608  # our own two names
        database.commit()
    _cosmic_ray(copy, "exec", config, session)
    with closing(sqlite3.connect(session)) as database:
        found = database.execute(
            "SELECT start_pos_row, operator_name, diff, test_outcome "
            "FROM mutation_specs JOIN work_results USING (job_id)"
        ).fetchall()
    session.unlink()
    return [
        Broken(f"{subject.module}:{row}", f"{name}\n{diff}", outcome != "SURVIVED")
        for row, name, diff, outcome in found
    ]


def _cosmic_ray(copy: Path, *arguments: object) -> None:
    subprocess.run([COSMIC_RAY, *map(str, arguments)], cwd=copy, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # ours


def remove(copy: Path, subject: Subject) -> list[Broken]:
    """Every check of the module taken out."""
    path = copy / subject.module
    text = path.read_text(encoding="utf-8")
    found: list[Broken] = []
    for one in list_removals(text, subject.inside):
        path.write_text(one.text, encoding="utf-8")
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(  # noqa: S603  # ours
            command(subject.tests), cwd=copy, env=environment, capture_output=True, check=False, timeout=10 * SECONDS
        )
        found.append(Broken(f"{subject.module}:{one.line}", f"without: {one.what}", done.returncode != 0))
    path.write_text(text, encoding="utf-8")
    return found


def count(broken: Sequence[Broken]) -> tuple[str, ...]:
    """How many there are, were noticed, and do what the module did before."""
    same = sum(one.same and not one.noticed for one in broken)
    return str(len(broken)), str(sum(one.noticed for one in broken)), str(same)


def main(*names: str) -> int:
    """Breaks, writes the table, and fails where something was broken that no test noticed."""
    rows: list[str] = []
    unnoticed: list[Broken] = []
    with copied() as copy:
        for name in names or SUBJECTS:
            subject = SUBJECTS[name]
            subprocess.run(command(subject.tests), cwd=copy, check=True, capture_output=True)  # noqa: S603  # ours
            taken, changed = remove(copy, subject), [] if subject.only_removed else mutate(copy, subject)
            inside = f", `{', '.join(sorted(subject.inside))}`" if subject.inside else ""
            rows.append(f"| `{subject.module}`{inside} | {' | '.join((*count(taken), *count(changed)))} |")
            sys.stderr.write(rows[-1] + "\n")
            unnoticed += [one for one in (*taken, *changed) if not one.noticed and not one.same]
    for one in unnoticed:
        sys.stderr.write(f"{one.where}: no test notices {one.what}\n")
    if not names:
        head = "| module | checks taken out | noticed | the same | other changes | noticed | the same |"
        write_between(BEGIN, END, "\n".join([head, "|---|" + "--:|" * 6, *rows]))
    return int(bool(unnoticed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
