"""What a run of a workflow stored: found by name, fetched whole, unpacked only where it is what was expected.

Knows archives and their digests; nothing of what is in them. Raises Refused where it is not that.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Collection, Mapping

from reconciler.errors import NotFound, Refused
from reconciler.github.client import LARGEST_ANSWER, GitHub
from reconciler.github.models import Artifact, WorkflowRun, parse


def find_artifact(github: GitHub, run: WorkflowRun, name: str) -> Artifact | None:
    """The last of that name that the run stored; None where there is none."""
    listed = github.get_all(f"/actions/runs/{run.id}/artifacts?name={name}", "artifacts")
    named = [one for one in (parse(Artifact, item) for item in listed) if one.name == name]
    last = max(named, key=lambda one: one.id, default=None)
    if last is None:
        return None
    if last.expired:
        raise Refused(f"the artifact {name} of the run {run.id} has expired")
    origin = last.workflow_run
    if origin is not None and (origin.id, origin.head_sha) != (run.id, run.head_sha):
        raise Refused(f"the artifact {name} is of another run than {run.id}")
    return last


def fetch_files(
    github: GitHub, artifact: Artifact, needed: Collection[str], allowed: Collection[str]
) -> Mapping[str, str]:
    """The texts of an artifact that holds all that is needed, and nothing but that and what is allowed."""
    archive = _download(github, artifact)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            sizes = {info.filename: info.file_size for info in files.infolist()}
            expected = set(needed) <= sizes.keys() <= {*needed, *allowed}
            if expected and sum(sizes.values()) <= LARGEST_ANSWER:
                return {name: files.read(name).decode() for name in sizes}
    except (zipfile.BadZipFile, UnicodeDecodeError, OSError, ValueError) as error:
        raise Refused(f"the artifact {artifact.name} can't be read ({error})") from error
    raise Refused(f"the artifact {artifact.name} does not hold {' and '.join(needed)} alone")


def _download(github: GitHub, artifact: Artifact) -> bytes:
    try:
        archive = github.download(f"/actions/artifacts/{artifact.id}/zip")
    except NotFound as error:
        raise Refused(f"the artifact {artifact.name} is gone ({error})") from error
    found = "sha256:" + hashlib.sha256(archive).hexdigest()
    if artifact.digest not in {None, found}:
        raise Refused(f"the artifact {artifact.name} is not what was stored (its digest differs)")
    return archive
