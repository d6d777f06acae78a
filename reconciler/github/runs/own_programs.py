"""Decides whether a pull request may have changed the program that planned it; then its plan proves nothing.

A pull request runs its own version of the workflow, of the actions in the repository, and of the files that these run.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.errors import Refused
from reconciler.github.client import GitHub
from reconciler.github.models import File, PullRequest, parse

WORKFLOW_FOLDERS = (".github/workflows/", ".github/actions/")
ACTION_FILES = frozenset({"action.yml", "action.yaml", "Dockerfile"})
APPROVALS = "approvals/"  # files that approve plans by hand
LONGEST_NAME = 120


def refuse_own_program(github: GitHub, pull: PullRequest, folder: str, *, runs_own_files: bool) -> None:
    """Raises Refused, with the first file, if the pull request changes what its plan run may have run.

    Also raises Refused if GitHub lists fewer files than were changed: its list ends at 3,000.
    """
    files = [parse(File, one) for one in github.get_all(f"/pulls/{pull.number}/files")]
    names = dict.fromkeys(name for file in files for name in (file.filename, file.previous_filename) if name)
    own = [name for name in names if is_program(name, folder, runs_own_files=runs_own_files)]
    if own:
        raise Refused(f"it changes {_name_first(own)}, so its own program made its plan")
    unseen = (pull.changed_files or 0) - len(files)
    if unseen > 0:
        raise Refused(
            f"it changes {pull.changed_files:,} files, and GitHub lists {len(files):,} of them: whether the other "
            f"{unseen:,} changed the program that made its plan can't be checked"
        )


def is_program(name: str, folder: str, *, runs_own_files: bool) -> bool:
    """Decides whether a plan run may run this file: a workflow, an action, and with `runs_own_files` what these run.

    Of those, YAML of the desired state and of `approvals`, Markdown and the folder `docs` are no program.
    """
    if name.startswith(WORKFLOW_FOLDERS):
        return True
    if not runs_own_files:
        return False
    is_data = folder == "." or name.startswith((f"{folder}/", APPROVALS))
    if is_data and name.endswith(".yaml") and name.rpartition("/")[2] not in ACTION_FILES:
        return False
    return not (name.endswith(".md") or name.startswith("docs/"))


def _name_first(names: Iterable[str]) -> str:
    """Returns the first name in a form that no name can break, and the number of others."""
    first, *others = sorted(names)
    readable = first if first.isprintable() else ascii(first)
    short = readable if len(readable) <= LONGEST_NAME else f"{readable[:LONGEST_NAME]}…"
    return f"{short} and {len(others):,} more such files" if others else short
