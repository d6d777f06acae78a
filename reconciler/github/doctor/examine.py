"""Puts all checks of a repository together."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.model.protection import ProtectionCheck, ProtectionReport
from reconciler.github.client import GitHub
from reconciler.github.doctor.branch_checks import check_default_branch
from reconciler.github.doctor.environment_checks import check_environments
from reconciler.github.doctor.facts import KnownFact
from reconciler.github.doctor.read import DoctorSubject, ProtectionFacts, read_protections
from reconciler.github.doctor.record_checks import check_record_branches
from reconciler.github.doctor.repository_checks import check_actions, check_code_owners, check_repository
from reconciler.github.doctor.server_checks import check_server


def examine(github: GitHub, subject: DoctorSubject) -> ProtectionReport:
    """Asks GitHub for all protections, and checks them."""
    facts = read_protections(github, subject)
    version = facts.server.value if isinstance(facts.server, KnownFact) else None
    return ProtectionReport(
        repository=facts.about.full_name,
        host=github.host,
        version=version,
        default_branch=facts.about.default_branch,
        checks=tuple(run_checks(facts, subject)),
    )


def run_checks(facts: ProtectionFacts, subject: DoctorSubject) -> Iterator[ProtectionCheck]:
    """Yields all checks, in the order in which a repository is set up."""
    yield from check_server(facts)
    yield from check_repository(facts)
    yield from check_default_branch(facts)
    yield from check_code_owners(facts, subject.folder)
    yield from check_environments(facts, tuple(subject.records))
    yield from check_record_branches(facts, subject.records)
    yield from check_actions(facts)
