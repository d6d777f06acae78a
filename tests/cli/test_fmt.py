"""`fmt` writes files in canonical form; a file that would lose text is not written."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.project import OURS, SANDBOX, TEAM, Project

ODD = "# the staff\ngroups:\n    staff:\n        displayName:   'Staff'   # all\n        members:\n        - ann\n"
CANONICAL = "# the staff\ngroups:\n  staff:\n    displayName: Staff           # all\n    members:\n      - ann\n"
BRACKETS = "groups:\n  desk: {displayName: Desk, members: [ann, # lead\n    bob]}\n"
FILE = "desired-state/odd.yaml"


def test_check_names_the_files_and_writes_nothing(project: Project) -> None:
    """Exit code 3, as where differences are found."""
    path = project.write(ODD, FILE)

    ran = project.run("fmt", "--check")

    assert (3, f"{FILE}\n") == (ran.code, ran.out)
    assert "1 of 2 files would change" in ran.err
    assert ODD == path.read_text(encoding="utf-8")


def test_fmt_writes_the_files_that_differ_and_is_done_the_second_time(project: Project) -> None:
    """With the mode that the file had; a file that is canonical is not touched."""
    path = project.write(ODD, FILE)
    path.chmod(0o640)
    other = project.root / "desired-state" / "all.yaml"
    before = other.stat()

    ran = project.run("fmt")

    assert (0, f"{FILE}\n") == (ran.code, ran.out)
    assert (CANONICAL, 0o640) == (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777)
    assert before.st_ino == other.stat().st_ino
    assert (0, "") == (project.run("fmt", "--check").code, project.run("fmt").out)


def test_a_file_that_would_lose_something_is_refused_and_the_others_are_written(project: Project) -> None:
    """With its line and what to do, on stderr; exit code 1."""
    project.write(ODD, FILE)
    kept = project.write(BRACKETS, "desired-state/kept.yaml")

    ran = project.run("fmt")

    assert (1, f"{FILE}\n") == (ran.code, ran.out)
    assert "desired-state/kept.yaml:2: is not formatted: the comment '# lead' would be lost or moved" in ran.err
    assert BRACKETS == kept.read_text(encoding="utf-8")
    assert 1 == project.run("fmt", "--check").code


def test_a_file_that_is_no_yaml_is_named_with_its_line(project: Project) -> None:
    """As `validate` does."""
    project.write("groups: [\n", FILE)

    ran = project.run("fmt")

    assert (1, "") == (ran.code, ran.out)
    assert f"{FILE}:2: is not YAML" in ran.err


def test_an_import_is_canonical(project: Project) -> None:
    """What `import` writes, `fmt` leaves as it is."""
    (project.root / "desired-state" / "all.yaml").write_text(SANDBOX + TEAM, encoding="utf-8")
    assert 0 == project.run("apply", "--yes").code
    imported = project.run("--dir", "imported", "import", "--url", "sandbox", "--name", "sandbox")

    assert 0 == imported.code, imported.said
    assert (0, "") == (project.run("--dir", "imported", "fmt", "--check").code, "")


def test_only_the_commands_that_write_yaml_load_ruamel(project: Project) -> None:
    """It takes its time to load."""
    script = (
        "import sys, reconciler.cli.main as entry\n"
        "try: entry.main()\n"
        "finally: print('ruamel.yaml' in sys.modules, file=sys.stderr)\n"
    )

    def run(*words: str) -> str:
        command = [sys.executable, "-c", script, *words]
        done = subprocess.run(command, cwd=project.root, env=OURS, capture_output=True, text=True, check=False)  # noqa: S603
        return done.stderr.splitlines()[-1]

    assert ["False", "False", "True"] == [run("validate"), run("plan"), run("fmt", "--check")]
