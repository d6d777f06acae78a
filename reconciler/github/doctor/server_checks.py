"""Checks for a GitHub Enterprise Server: what of the written workflows does not work there."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.model.protection import ProtectionCheck
from reconciler.github.doctor.facts import KnownFact
from reconciler.github.doctor.read import ProtectionFacts

PAGE = "docs/github-enterprise-server.md"


def check_server(facts: ProtectionFacts) -> Iterator[ProtectionCheck]:
    """Yields nothing for github.com."""
    if facts.server is None:
        return
    name = "GitHub Enterprise Server"
    if isinstance(facts.server, KnownFact):
        yield ProtectionCheck("server.version", name, "note", f"this is a {name}, version {facts.server.value}")
    else:
        found = f"this is no github.com, and the version of the server is not known: {facts.server.reason}"
        yield ProtectionCheck(
            "server.version", name, "not_known", found, "", "ask its administrators, or open /api/v3/meta"
        )
    yield ProtectionCheck(
        "server.artifacts",
        name,
        "lacking",
        "`actions/upload-artifact` and `actions/download-artifact` refuse to run on a server from v4 on",
        "the workflows of `init` and the action can't store a plan, so no merge has an approved plan",
        f"run the commands in your own workflows, with the artifact actions v3: {PAGE}",
    )
    yield ProtectionCheck(
        "server.concurrency",
        name,
        "lacking",
        "a server has no `queue: max` for a concurrency group",
        "of several waiting applies, the last one waits and the others are cancelled; it applies their plans too",
        f"leave the line out: {PAGE}",
    )
    yield ProtectionCheck(
        "server.deployment",
        name,
        "not_known",
        "it is not known whether the server takes `deployment: false` of an environment",
        "each plan is listed as a deployment, or GitHub refuses the workflow",
        f"leave the line out: {PAGE}",
    )
