"""Finds the artifact of a workflow run by name, and unpacks it only if it holds the expected files.

Knows archives and their digests, not the content of their files. Raises Refused for any other artifact.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Collection, Mapping

from reconciler.errors import NotFound, Refused
from reconciler.github.client import LARGEST_ANSWER, GitHub
from reconciler.github.models import Artifact, WorkflowRun, parse

PLAN_FILE, TREE_FILE, STDERR_FILE = "plan.json", "tree", "said.txt"
# What zipfile raises for an archive that is damaged, encrypted (RuntimeError), or packed in an unknown way
# (NotImplementedError, which is one).
_UNREADABLE = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, zlib.error, lzma.LZMAError)


def find_artifact(github: GitHub, run: WorkflowRun, name: str) -> Artifact | None:
    """Finds the last artifact of that name of the run, or None. Raises Refused if it expired."""
    listed = github.get_all(f"/actions/runs/{run.id}/artifacts?name={name}", "artifacts")
    named = [one for one in (parse(Artifact, item) for item in listed) if one.name == name]
    last = max(named, key=lambda one: one.id, default=None)
    if last is None:
        return None
    if last.expired:
        raise Refused(f"the artifact {name} of the run {run.id} has expired")
    origin = last.workflow_run
    if origin is not None and (origin.id, origin.head_sha) != (run.id, run.head_sha):
        raise Refused(f"the artifact {name} belongs to another run than {run.id}")
    return last


def fetch_plan(github: GitHub, run: WorkflowRun, tenant: str) -> str:
    """Returns the plan that a run stored for a tenant; the only other files allowed are the tree and stderr."""
    name = f"plan-{tenant}"
    artifact = find_artifact(github, run, name)
    if artifact is None:
        raise Refused(f"the run {run.id} has no artifact {name} (was it deleted?)")
    return fetch_files(github, artifact, (PLAN_FILE,), (TREE_FILE, STDERR_FILE))[PLAN_FILE]


def fetch_files(
    github: GitHub, artifact: Artifact, needed: Collection[str], allowed: Collection[str]
) -> Mapping[str, str]:
    """Returns the files of an artifact, by name, if it holds all `needed` files and no others but `allowed` ones."""
    archive = _download(github, artifact)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            sizes = {info.filename: info.file_size for info in files.infolist()}
            expected = set(needed) <= sizes.keys() <= {*needed, *allowed}
            if expected and sum(sizes.values()) <= LARGEST_ANSWER:
                return {name: files.read(name).decode() for name in sizes}
    except _UNREADABLE as error:
        raise Refused(f"the artifact {artifact.name} can't be read ({error})") from error
    raise Refused(f"the artifact {artifact.name} does not hold the expected files ({', '.join((*needed, *allowed))})")


def _download(github: GitHub, artifact: Artifact) -> bytes:
    try:
        archive = github.download(f"/actions/artifacts/{artifact.id}/zip")
    except NotFound as error:
        raise Refused(f"the artifact {artifact.name} no longer exists ({error})") from error
    found = "sha256:" + hashlib.sha256(archive).hexdigest()
    if artifact.digest not in {None, found}:
        raise Refused(f"the artifact {artifact.name} was changed after it was stored (its digest differs)")
    return archive
