"""The stand-in's calls about reviews and protections: environments, rules, code owners, workflows, permissions.

Field names are those of GitHub's published description of its REST API.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.github.standin import Call, Reply

READ = "read"
TIP = "0" * 40  # of the default branch
ACTIONS, PULLS, CONTENTS = (("actions", READ),), (("pull_requests", READ),), (("contents", READ),)
METADATA, ADMIN = (("metadata", READ),), (("administration", READ),)


@dataclass
class Listed:
    """A list with pages; `name` is its key, if a page is an object."""

    items: list[dict[str, Any]]
    name: str | None = None


@dataclass
class Undescribed:
    """A document that GitHub does not describe: it is sent as it is, and not checked."""

    body: Any


@dataclass
class ProtectionCalls:
    """Answers from documents by path, as a test sets them; every other path is a 404."""

    documents: dict[str, Any] = field(default_factory=lambda: dict(REPOSITORY_DOCUMENTS))

    def send_document(self, call: Call, query: Mapping[str, Sequence[str]], *_groups: str) -> Reply:
        from tests.github.standin import REPOSITORY, Reply, UndescribedReply  # noqa: PLC0415  # it imports this module

        found = self.documents.get(call.path.removeprefix(f"/repos/{REPOSITORY}"))
        if call.path == f"/repos/{REPOSITORY}" and found is not None:
            found = {**found, "default_branch": self.default_branch}  # type: ignore[attr-defined]
        if isinstance(found, Undescribed):
            return UndescribedReply(200, found.body)
        if isinstance(found, Listed):
            page: Reply = self._page(found.items, call, query, found.name)  # type: ignore[attr-defined]
            return page
        if found is None and call.path == f"/repos/{REPOSITORY}/branches/{self.default_branch}":  # type: ignore[attr-defined]
            return Reply(200, {"commit": {"sha": TIP}})
        return Reply(404, {"message": "Not Found"}) if found is None else Reply(200, found)

    def send_run(self, _call: Call, _query: object, number: str) -> Reply:
        from tests.github.standin import Reply  # noqa: PLC0415  # it imports this module

        runs: list[dict[str, Any]] = self.runs  # type: ignore[attr-defined]
        run = next((one for one in runs if one["id"] == int(number)), None)
        return Reply(404, {"message": "Not Found"}) if run is None else Reply(200, run)

    def send_permission(self, _call: Call, _query: object, login: str) -> Reply:
        """A person may write, unless `documents` has another permission of them."""
        from tests.github.standin import Reply  # noqa: PLC0415  # it imports this module

        permission = self.documents.get("permission", {}).get(login, "write")
        return Reply(200, {"permission": permission, "role_name": permission, "user": None})

    def compare(self, _call: Call, _query: object, base: str, commit: str) -> Reply:
        """Compares a commit with the tip of the default branch; a name may be a tag's, and is compared with nothing."""
        from tests.github.standin import Reply  # noqa: PLC0415  # it imports this module

        known = base == TIP
        return Reply(
            200, {"status": self.documents.get("status", {}).get(commit, "identical") if known else "diverged"}
        )

    # what people set up

    def approve_run(self, run: int, login: str, environment: str, kind: str = "User", state: str = "approved") -> None:
        """Adds a review of a run that waited for its environment."""
        user = {"login": login, "type": kind}
        review = {"environments": [{"name": environment}], "state": state, "user": user, "comment": ""}
        self.documents.setdefault(f"/actions/runs/{run}/approvals", []).append(review)

    def review(  # noqa: PLR0913  # the fields of a review
        self,
        pull: int,
        login: str,
        commit: str | None,
        *,
        state: str = "APPROVED",
        association: str = "MEMBER",
        kind: str = "User",
    ) -> None:
        """Adds a review of a pull request."""
        review = {
            "id": 1,
            "user": {"login": login, "type": kind},
            "body": "",
            "state": state,
            "commit_id": commit,
            "author_association": association,
        }
        reviews = self.documents.setdefault(f"/pulls/{pull}/reviews", Listed([]))
        reviews.items.append(review)

    def set_environment(
        self, name: str, *, reviewers: int = 0, branches: Sequence[str] | None = None, self_review: bool = False
    ) -> None:
        """Adds an environment; `branches` are those that may use it, None for all."""
        rules: list[dict[str, Any]] = []
        if reviewers:
            people = [{"type": "User", "reviewer": {"login": f"reviewer{number}"}} for number in range(reviewers)]
            rules.append(
                {"id": 1, "type": "required_reviewers", "prevent_self_review": not self_review, "reviewers": people}
            )
        policy = None
        if branches is not None:
            rules.append({"id": 2, "type": "branch_policy"})
            policy = {"protected_branches": not branches, "custom_branch_policies": bool(branches)}
            patterns = [{"id": 3, "name": one, "type": "branch"} for one in branches]
            path = f"/environments/{name}/deployment-branch-policies"
            self.documents[path] = Listed(patterns, "branch_policies")
        environment = {"id": 4, "name": name, "protection_rules": rules, "deployment_branch_policy": policy}
        self.documents[f"/environments/{name}"] = environment
        self.documents.setdefault("/environments", Listed([], "environments")).items.append(environment)

    def set_rules(self, branch: str, *rules: Mapping[str, Any]) -> None:
        """Sets the rules that are active for a branch."""
        about = {"ruleset_source_type": "Repository", "ruleset_source": "acme/people", "ruleset_id": 7}
        self.documents[f"/rules/branches/{branch}"] = Listed([{**about, **rule} for rule in rules])

    def set_code_owners(self, text: str, path: str = ".github/CODEOWNERS") -> None:
        """Sets the file of code owners."""
        content = base64.encodebytes(text.encode()).decode()
        self.documents[f"/contents/{path}"] = {"type": "file", "encoding": "base64", "content": content}
        self.documents.setdefault("/codeowners/errors", {"errors": []})


REPOSITORY_DOCUMENTS: Mapping[str, Any] = {
    "": {
        "full_name": "acme/people",
        "default_branch": "main",
        "private": True,
        "has_issues": True,
        "owner": {"login": "acme", "type": "Organization"},
    },
}
ROUTES: tuple[tuple[str, tuple[tuple[str, str], ...], tuple[str, str]], ...] = (
    ("", METADATA, ("GET", "send_document")),
    (r"/compare/([\w.%/-]+?)\.\.\.(\w+)", CONTENTS, ("GET", "compare")),
    (r"/collaborators/([^/]+)/permission", METADATA, ("GET", "send_permission")),
    (r"/actions/runs/(\d+)", ACTIONS, ("GET", "send_run")),
    (r"/actions/runs/\d+/approvals", ACTIONS, ("GET", "send_document")),
    (r"/pulls/\d+/reviews", PULLS, ("GET", "send_document")),
    (r"/environments(/.+)?", ACTIONS, ("GET", "send_document")),
    (r"/rules/branches/[\w.%-]+", METADATA, ("GET", "send_document")),
    (r"/rulesets/\d+", METADATA, ("GET", "send_document")),
    (r"/branches/[\w.%-]+", CONTENTS, ("GET", "send_document")),
    (r"/branches/[\w.%-]+/protection", ADMIN, ("GET", "send_document")),
    (r"/contents/.+", CONTENTS, ("GET", "send_document")),
    (r"/codeowners/errors", CONTENTS, ("GET", "send_document")),
    (r"/actions/workflows", ACTIONS, ("GET", "send_document")),
    (r"/actions/permissions(/workflow)?", ADMIN, ("GET", "send_document")),
)
