"""`import --adopt`: what drifted in the account, written back into the files that declare it, as a diff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.pipeline.workspace import Options

if TYPE_CHECKING:
    from reconciler.desired.yaml.adopt import Adopted
    from reconciler.desired.yaml.load import Loaded
    from reconciler.pipeline.desired.current_state import Base, Head
    from reconciler.pipeline.record.tenant_record import RecordMode

DONE, IN_PART = 0, 1
NO_LINE_END = "\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which keys (none: all that drifted), since when, from where, and whether the files are written.

    `record` says whether the record of applies is fetched.
    """

    keys: tuple[str, ...]
    base: str | None
    live: Path | None
    dry_run: bool
    record: RecordMode = "remote"


def adopt(options: Options, wanted: Wanted) -> int:
    """Edits the files so that git says what the account has, and prints the difference."""
    from reconciler.desired.git.files import find_files, read_folder
    from reconciler.desired.yaml.adopt import AdoptionRequest, adopt_drift
    from reconciler.desired.yaml.atomic_write import replace_files
    from reconciler.pipeline.account.connect import read_whole
    from reconciler.pipeline.desired.current_state import load_head
    from reconciler.pipeline.record.evidence import find_evidence
    from reconciler.pipeline.record.history import find_applied, open_history

    head = load_head(options, None)
    named = _named(head, wanted.keys)
    label = head.repository.folder if head.repository else None
    with open_history(head, wanted.record) as history:
        base = find_applied(history, wanted.base)
        _refuse_without_history(head, base, named)
        contents = read_folder(options.folder, label)
        loaded = _load_checked_out(head, contents)
        live = read_whole(options, head, wanted.live)
        evidence = find_evidence(history, head, base, live)

    asked = AdoptionRequest(head.tenant_name, head.today, base.earlier, named, evidence)
    adopted = adopt_drift(contents, loaded, live, asked)

    if not wanted.dry_run:
        paths = find_files(options.folder, label)
        replace_files({paths[file]: (contents[file], content) for file, content in adopted.files.items()})
    click.echo("".join(_diff(contents, adopted.files)), nl=False)
    _tell(options, head, adopted, wanted)
    return IN_PART if adopted.problems else DONE


def _load_checked_out(head: Head, contents: Mapping[str, bytes]) -> Loaded:
    """What the files to be edited declare; raises UsageError where one is not checked out, and could not be edited."""
    from reconciler.desired.yaml.load import load_declarations
    from reconciler.errors import UsageError

    if missing := sorted(head.loaded.files.keys() - contents.keys()):
        files = ", ".join(missing)
        raise UsageError(f"{files} can't be edited, for it is not checked out: git sparse-checkout disable")
    return load_declarations(contents, known=head.loaded, read=head.read)


def _named(head: Head, keys: Sequence[str]) -> frozenset[str]:
    """The keys as plans have them; raises UsageError for one that is not declared."""
    from reconciler.core.model.resources import Key, parse_key
    from reconciler.core.model.suggest import did_you_mean
    from reconciler.errors import UsageError

    for spelled in keys:
        key = parse_key(spelled) or Key("user", spelled)
        if head.desired.resource(key) is None:
            known = head.desired.users if key.kind == "user" else head.desired.groups
            near = did_you_mean(key.name, [one.name for one in known]) or "a key is alice.lee, or group/finance"
            raise UsageError(f'no {key.kind} "{key.name}" is declared ({near}); what is not declared is not adopted')
    return frozenset(str(parse_key(one) or Key("user", one)) for one in keys)


def _refuse_without_history(head: Head, base: Base, named: frozenset[str]) -> None:
    """Raises Failed where nobody can tell what drifted from what git is about to change, and no key is named."""
    from reconciler.errors import Failed

    if base.earlier.base is None and not named:
        why = "; ".join(map(str, base.problems)) or f"no apply to {head.tenant_name} is on record"
        raise Failed(f"{why}: name the keys to adopt, or name what was applied with --base")


def _diff(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """A unified diff, as git's."""
    lines: list[str] = []
    for file, content in after.items():
        old, new = (text.decode("utf-8-sig").splitlines(keepends=True) for text in (before[file], content))
        found = unified_diff(old, new, f"a/{file}", f"b/{file}")
        lines += [line if line.endswith("\n") else f"{line}\n{NO_LINE_END}" for line in found]
    return lines


def _tell(options: Options, head: Head, adopted: Adopted, wanted: Wanted) -> None:
    from reconciler.pipeline.desired.current_state import say
    from reconciler.report.format.quote import plain_line
    from reconciler.report.problems import render_problems

    if adopted.problems:
        say(options, render_problems(adopted.problems, "text").rstrip("\n"))
    for one in adopted.left:
        told = f"{one.action} {one.key}" + (f": {', '.join(one.about)}" if one.about else "")
        say(options, plain_line(f"warning: because of this the next plan has {told} ({one.reason})"))
    files = f"{len(adopted.files)} {'file' if len(adopted.files) == 1 else 'files'}"
    if not adopted.files and not adopted.problems:
        say(options, f"Nothing to adopt: nothing drifted in {head.tenant_name}")
    elif wanted.dry_run:
        say(options, f"Nothing was written: {files} would be different")
    else:
        say(options, f"Adopted into {files}: read the difference, and commit it")
