"""A repository whose tenant is a server of another project, and the commands run there."""

from __future__ import annotations

from dataclasses import dataclass

from tests.cli.project import Project, Ran
from tests.servers.server import TOKEN, Server

FAST = "{burst: 1000 per 1s, sustained: 100000 per 1h}"


@dataclass
class Story:
    """A repository whose only tenant is the server."""

    project: Project
    server: Server
    dialect: str = "rfc7644"
    limits: str = "guardrails: {max_deactivations: {count: 5}, max_member_removals: {count: 5}}"

    def commit(self, people: str) -> None:
        """Writes the YAML beside the tenant."""
        tenant = f"{{url: '{self.server.url}', token: {{env: SCIM_TOKEN}}, dialect: {self.dialect}, rate: {FAST}}}"
        self.project.write(f"tenants: {{server: {tenant}}}\n{self.limits}\n", "desired-state/tenants.yaml")
        self.project.commit(people, "desired-state/people.yaml")

    def run(self, *arguments: str) -> Ran:
        ran = self.project.run(*arguments)
        assert TOKEN not in ran.said
        return ran

    def apply(self, people: str) -> dict[str, str]:
        """Commits and applies. Returns the status of each change; checks that nothing is left to do."""
        self.commit(people)
        ran = self.run("apply", "--yes", "--format", "json")
        assert 0 == ran.code, ran.said
        self.check_that_nothing_is_left()
        return {f"{one['change']['key']} {one['change']['action']}": one["status"] for one in ran.document["outcomes"]}

    def check_that_nothing_is_left(self) -> None:
        ran = self.run("plan", "--exit-code", "-o", "plan.json")
        assert (0, True) == (ran.code, ran.out.startswith("Plan for server: nothing to do\n")), ran.said
