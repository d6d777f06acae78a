"""The command `ownership`: shows and repairs the record of applies, and runs the steps that need only git."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.core.model.branches import HEADS
from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.desired.records.branch import RecordBranch

DONE, FAILED = 0, 1
NO_REMOTE = "the repository has no remote, or the account is the embedded 4me"


@click.group()
def ownership() -> None:
    """Show the evidence that a user or group is owned, and work with the record of applies.

    The record is the branch reconciler/TENANT. The other evidence is in git's history and in the account.
    """


@ownership.command()
@click.argument("key", required=False)
@click.option("--live", type=click.Path(path_type=Path), help="With KEY: use a saved live state; no network.")
@click.pass_obj
def show(workspace: Workspace, key: str | None, live: Path | None) -> None:
    """Show the applies on record in this clone. With KEY, show the evidence about one user or group.

    KEY is user/alice.lee, group/finance, or an id of the account. With KEY, the account is read. Each commit that
    declares the user or group is listed, with the apply that covers it, and the verdict.
    """
    from reconciler.cli.output import print_result
    from reconciler.pipeline.plan.witnesses import find_witnesses
    from reconciler.pipeline.record.applies import list_applies
    from reconciler.report.applies import render_applies
    from reconciler.report.witnesses import render_known

    if key is None:
        print_result(render_applies(list_applies(workspace), "text"))
    else:
        print_result(render_known(find_witnesses(workspace, key, live)))


@ownership.command()
@click.option("--yes", "digest", metavar="DIGEST", help="Write the recovery that has this digest.")
@click.pass_obj
def recover(workspace: Workspace, digest: str | None) -> int:
    """Start the record again from HEAD and this account. Show what is given up; with --yes DIGEST, write the recovery.

    Use it after an account was restored, copied over or replaced, or after a branch's history was rewritten. A recovery
    covers no user and does not change the account. The next apply reads the whole account, and covers the users that
    git declares.
    """
    from reconciler.cli.output import print_result
    from reconciler.errors import Refused
    from reconciler.pipeline.apply.recovery import prepare_recovery

    recovery = prepare_recovery(workspace)
    if digest is None:
        print_result(recovery.text)
        click.echo(f"Nothing was written. To write it: reconciler ownership recover --yes {recovery.digest}", err=True)
        return DONE
    if digest != recovery.digest:
        raise Refused(
            f"{digest} is not the digest of the present recovery: run `reconciler ownership recover` without --yes, "
            "and read the list again"
        )
    pushed = recovery.write()
    print_result(
        f"Recovered as #{recovery.record.serial}. Next: reconciler plan, then reconciler apply, which reads all users\n"
    )
    if pushed.state == "done":
        return DONE
    click.echo(
        f"Error: the recovery is in this clone, but can't be pushed ({pushed.words}): fix that, and run "
        "`reconciler ownership push`",
        err=True,
    )
    return FAILED


@ownership.command()
@click.pass_obj
def erase(workspace: Workspace) -> None:
    """Delete old hashes of users from the record.

    These are the hashes from before the last complete apply that read the whole account.
    """
    from reconciler.cli.output import print_result
    from reconciler.core.model.amounts import count
    from reconciler.desired.records.erase import erase as erase_record
    from reconciler.pipeline.record.applies import open_branch

    branch = open_branch(workspace)
    erased = erase_record(branch)
    print_result(
        f"Erased the hashes of users from {count(erased, 'commit')} of {_short_name(branch)}\n"
        if erased
        else f"Nothing to erase from {_short_name(branch)}\n"
    )


@ownership.command()
@click.pass_obj
def fetch(workspace: Workspace) -> None:
    """Fetch the record, for steps that run with --record local. Needs only git's credentials."""
    from reconciler.cli.output import print_result
    from reconciler.desired.records.exchange import fetch_record
    from reconciler.pipeline.record.applies import open_branch

    branch = open_branch(workspace)
    exists = fetch_record(branch)
    if branch.remote is None:
        print_result(f"The record {_short_name(branch)} stays in this clone: {NO_REMOTE}\n")
    elif exists:
        print_result(f"The record {_short_name(branch)} was fetched from {branch.remote}\n")
    else:
        print_result(f"The record {_short_name(branch)} does not exist at {branch.remote} yet\n")


@ownership.command()
@click.argument("files", metavar="[FILE]...", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "--approvals",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The approvals of a merge, which `github approved-plans` gathered into FOLDER.",
)
@click.option(
    "--max-duration", type=click.IntRange(min=1), metavar="SECONDS", help="How long the apply may send requests."
)
@click.pass_obj
def begin(workspace: Workspace, files: tuple[Path, ...], approvals: Path | None, max_duration: int | None) -> int:
    """Record the begin of an apply. Then run `apply --record local` with the same FILEs, or the same --approvals.

    Nothing is written if the apply will have nothing to do. Needs only git's credentials.
    """
    from reconciler.cli.apply import refuse_both
    from reconciler.cli.output import print_result
    from reconciler.pipeline.apply.approvals import find_approved, load_approved
    from reconciler.pipeline.apply.approvals_folder import load_approvals_folder
    from reconciler.pipeline.apply.begun_apply import begin_apply, find_nothing_to_apply, name_run, refuse_unrecorded
    from reconciler.pipeline.apply.old_runs import refuse_old_run
    from reconciler.pipeline.desired.current_state import load_current_state
    from reconciler.pipeline.record.history import open_history

    refuse_both(files, approvals)
    plans, folder = load_approved(files), load_approvals_folder(approvals) if approvals else None
    current = load_current_state(workspace)
    refuse_unrecorded(current)
    with open_history(current) as history:
        history.raise_unknown()
        nothing = find_nothing_to_apply(history, find_approved(history, plans, folder))
        if nothing is not None:
            print_result(f"No apply was begun: {nothing.reason}\n")
            return DONE
        refuse_old_run(history)
        begun = begin_apply(history, name_run(workspace), max_duration)
    print_result(
        f"Apply #{begun.record.serial} has begun, and may send until {begun.record.sends_until:%Y-%m-%d %H:%M:%S} UTC\n"
    )
    return DONE


@ownership.command()
@click.pass_obj
def push(workspace: Workspace) -> None:
    """Push the record of this clone. Needs only git's credentials."""
    from reconciler.cli.output import print_result
    from reconciler.desired.records.exchange import push_record
    from reconciler.errors import Failed
    from reconciler.pipeline.record.applies import open_branch

    branch = open_branch(workspace)
    pushed = push_record(branch)
    if pushed.state != "done":
        raise Failed(
            f"the record can't be pushed ({pushed.words}), and stays in this clone: fix that, and run "
            "`reconciler ownership push` again"
        )
    result = f"was pushed to {branch.remote}" if branch.remote else f"stays in this clone: {NO_REMOTE}"
    print_result(f"The record {_short_name(branch)} {result}\n")


def _short_name(branch: RecordBranch) -> str:
    return branch.local.removeprefix(HEADS)
