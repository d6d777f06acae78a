"""Receipts in git notes, under `refs/notes/reconciler/<tenant>`. Git is the state; there is no other.

Writes and reads them here, and exchanges them with another clone. Decides nothing about what they say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.receipt import Receipt, Recorded, parse_receipts
from reconciler.desired.commits import describe_commits
from reconciler.desired.git import Repository
from reconciler.desired.notes import add_line, drafts, list_refs, merge_notes, read_notes
from reconciler.errors import Failed, UsageError

NAMESPACE = "reconciler"
TRIES = 50
STUBBORN = 3


@dataclass(frozen=True, slots=True)
class LastApplied:
    """The newest whole apply among the commits that lead here, and one that is later, of a commit that does not.

    `population` is how many active users the account had after the last apply of all, whole or in part.
    """

    receipt: Receipt | None = None
    elsewhere: Receipt | None = None
    population: int | None = None


def write_receipt(repository: Repository, receipt: Receipt) -> None:
    """Adds the receipt to the note of its commit."""
    add_line(repository, _ref(receipt.tenant), receipt.commit, receipt.model_dump_json())


def read_receipts(repository: Repository, tenant: str) -> list[Receipt]:
    """Every receipt of a tenant, oldest first."""
    notes = read_notes(repository, _ref(tenant))
    found = [receipt for commit, note in notes.items() for receipt in parse_receipts(note, commit)]
    return sorted((receipt for receipt in found if receipt.tenant == tenant), key=lambda one: one.at)


def list_tenants(repository: Repository) -> list[str]:
    """The tenants that there are receipts of."""
    return sorted(list_refs(repository, NAMESPACE))


def find_last_applied(repository: Repository, tenant: str, url: str) -> LastApplied:
    """What was applied last to the account at that address. Only a whole apply counts: the rest is still to be done."""
    receipts = [one for one in read_receipts(repository, tenant) if one.url == url]
    counted = (one.population for one in reversed(receipts) if one.population is not None)
    population = next(counted, None)
    last_of = {one.commit: one for one in receipts if one.outcome == "whole"}
    nearest = repository.nearest(last_of.keys())
    last = last_of[nearest] if nearest else None
    newest = max(last_of.values(), key=lambda one: one.at, default=None)
    if newest is None or newest is last or repository.leads_here(newest.commit):
        return LastApplied(last, None, population)
    return LastApplied(last, newest, population)


def record_receipts(repository: Repository, receipts: Sequence[Receipt]) -> list[Recorded]:
    """The receipts beside the commits that they are of, in the same order."""
    commits = describe_commits(repository, [one.commit for one in receipts])
    return [
        Recorded(
            receipt=one,
            subject=commit.subject if commit else None,
            author=commit.author if commit else None,
            committed=commit.at if commit else None,
            leads_here=commit is not None and commit.leads_here,
        )
        for one in receipts
        for commit in [commits.get(one.commit)]
    ]


def fetch_receipts(repository: Repository, remote: str, tenant: str | None = None) -> list[str]:
    """Adds the receipts that a remote has to those here; the tenants that something was new of."""
    _check_remote(repository, remote)
    before = list_refs(repository, NAMESPACE)
    with drafts(repository) as fetched:
        _fetch(repository, remote, fetched, tenant)
    after = list_refs(repository, NAMESPACE)
    return [name for name, target in after.items() if target != before.get(name)]


def publish_receipts(repository: Repository, remote: str, tenant: str | None = None) -> list[str]:
    """Adds the receipts here to those that a remote has, and the other way round; the tenants that it had not all of.

    A push that somebody was faster than is merged with theirs and tried again: of those who race one gets through each
    time. Raises Failed where the remote refuses though nothing moved there.
    """
    _check_remote(repository, remote)
    seen: list[Mapping[str, str]] = []
    for _ in range(TRIES):
        with drafts(repository) as fetched:
            theirs = _fetch(repository, remote, fetched, tenant)
        ours = {name: target for name, target in list_refs(repository, NAMESPACE).items() if tenant in {None, name}}
        new = [name for name, target in ours.items() if target != theirs.get(name)]
        if not new:
            return []
        refused = repository.complaint("push", "--quiet", remote, *(_refspec(name) for name in new))
        if refused is None:
            return new
        seen.append(theirs)
        if seen[-STUBBORN:] == [theirs] * STUBBORN:
            break
    raise Failed(f"{remote} takes no receipts ({refused}): they are kept here; push them again once that is mended")


def _fetch(repository: Repository, remote: str, into: str, tenant: str | None) -> Mapping[str, str]:
    """Fetches what the remote has and merges it into what is here; where the remote stands, by tenant."""
    repository.ask(
        *("-c", "gc.auto=0", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote),
        f"+refs/notes/{NAMESPACE}/*:refs/notes/{into}/*",
    )
    theirs, ours = list_refs(repository, into), list_refs(repository, NAMESPACE)
    for name, target in theirs.items():
        if tenant in {None, name} and target != ours.get(name):
            merge_notes(repository, _ref(name), f"{into}/{name}")
    return theirs


def _check_remote(repository: Repository, remote: str) -> None:
    known = repository.ask("remote").decode().split("\n")
    if not remote or remote not in known:
        there = ", ".join(filter(None, known)) or "none"
        raise UsageError(f'"{remote}" is no remote of this repository (there are: {there}): name one with --remote')


def _refspec(tenant: str) -> str:
    return f"refs/notes/{NAMESPACE}/{tenant}:refs/notes/{NAMESPACE}/{tenant}"


def _ref(tenant: str) -> str:
    return f"{NAMESPACE}/{tenant}"
