"""`import --adopt`: writes drift of the account into the files that declare it, and prints the diff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.core.model.amounts import count
from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.desired.writing.adopt import Adopted
    from reconciler.desired.yaml.load import Loaded
    from reconciler.pipeline.desired.current_state import CurrentState
    from reconciler.pipeline.record.prior_state import PriorState
    from reconciler.pipeline.record.tenant_record import RecordMode

DONE, IN_PART = 0, 1
NO_LINE_END = "\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """The keys to adopt (none: all that drifted), the base, a saved live state, and whether files are written.

    `record` decides whether the record of applies is fetched.
    """

    keys: tuple[str, ...]
    base: str | None
    live: Path | None
    dry_run: bool
    record: RecordMode = "remote"


def adopt(workspace: Workspace, request: AdoptRequest) -> int:
    """Edits the files so that git declares the account as it is, and prints the diff; returns the exit code."""
    from reconciler.desired.git.files import find_files, read_folder
    from reconciler.desired.writing.adopt import AdoptionRequest, adopt_drift
    from reconciler.desired.writing.atomic_write import replace_files
    from reconciler.pipeline.account.connect import read_whole
    from reconciler.pipeline.desired.current_state import load_current_state
    from reconciler.pipeline.record.evidence import find_evidence
    from reconciler.pipeline.record.history import open_history
    from reconciler.pipeline.record.prior_state import find_applied_state

    current = load_current_state(workspace)
    named = _parse_keys(current, request.keys)
    label = current.repository.folder if current.repository else None
    with open_history(current, request.record) as history:
        prior = find_applied_state(history, request.base)
        _refuse_without_history(current, prior, named)
        contents = read_folder(workspace.folder, label)
        loaded = _load_checked_out(current, contents)
        live = read_whole(current, request.live)
        evidence = find_evidence(history, current, prior, live)

    adoption = AdoptionRequest(current.tenant_name, current.today, prior.earlier, named, evidence)
    adopted = adopt_drift(contents, loaded, live, adoption)

    if not request.dry_run:
        paths = find_files(workspace.folder, label)
        replace_files({paths[file]: (contents[file], content) for file, content in adopted.files.items()})
    click.echo("".join(_diff(contents, adopted.files)), nl=False)
    _report(workspace, current, adopted, request)
    return IN_PART if adopted.problems else DONE


def _load_checked_out(current: CurrentState, contents: Mapping[str, bytes]) -> Loaded:
    """Loads the files to be edited; raises UsageError if a file is not checked out."""
    from reconciler.desired.yaml.load import load_declarations
    from reconciler.errors import UsageError

    if missing := sorted(current.loaded.files.keys() - contents.keys()):
        files = ", ".join(missing)
        raise UsageError(f"{files} can't be edited, because it is not checked out: run `git sparse-checkout disable`")
    return load_declarations(contents, known=current.loaded, read=current.read)


def _parse_keys(current: CurrentState, keys: Sequence[str]) -> frozenset[str]:
    """Returns the keys as plans write them; raises UsageError for a key that is not declared."""
    from reconciler.core.model.resources import Key, parse_key
    from reconciler.core.model.suggest import did_you_mean
    from reconciler.errors import UsageError

    for spelled in keys:
        key = parse_key(spelled) or Key("user", spelled)
        if current.desired.resource(key) is None:
            known = current.desired.users if key.kind == "user" else current.desired.groups
            near = did_you_mean(key.name, [other.name for other in known]) or "write alice.lee, or group/finance"
            raise UsageError(
                f'no {key.kind} "{key.name}" is declared ({near}); only declared users and groups can be adopted'
            )
    return frozenset(str(parse_key(spelled) or Key("user", spelled)) for spelled in keys)


def _refuse_without_history(current: CurrentState, prior: PriorState, named: frozenset[str]) -> None:
    """Raises Failed if no key is named, and drift can't be distinguished from pending changes of git."""
    from reconciler.errors import Failed

    if prior.earlier.base is None and not named:
        why = "; ".join(map(str, prior.problems)) or f"no apply to {current.tenant_name} is on record"
        raise Failed(f"{why}: name the keys to adopt, or name the applied revision with --base")


def _diff(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """Returns a unified diff, as git writes it."""
    lines: list[str] = []
    for file, content in after.items():
        old, new = (text.decode("utf-8-sig").splitlines(keepends=True) for text in (before[file], content))
        found = unified_diff(old, new, f"a/{file}", f"b/{file}")
        lines += [line if line.endswith("\n") else f"{line}\n{NO_LINE_END}" for line in found]
    return lines


def _report(workspace: Workspace, current: CurrentState, adopted: Adopted, request: AdoptRequest) -> None:
    from reconciler.report.format.quote import plain_line
    from reconciler.report.problems import render_problems

    if adopted.problems:
        workspace.log(render_problems(adopted.problems, "text").rstrip("\n"))
    for change in adopted.left:
        details = f": {', '.join(change.about)}" if change.about else ""
        following = f"{change.action} {change.key}{details} ({change.reason})"
        workspace.log(plain_line(f"warning: because of this adoption the next plan has {following}"))
    files = count(len(adopted.files), "file")
    if not adopted.files and not adopted.problems:
        workspace.log(f"Nothing to adopt: {current.tenant_name} has no drift")
    elif request.dry_run:
        workspace.log(f"Nothing was written: {files} would change")
    else:
        workspace.log(f"Adopted into {files}: read the diff, and commit the files")
