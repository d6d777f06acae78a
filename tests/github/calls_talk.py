"""The stand-in's comments, issues and GraphQL: who wrote what, who may edit it, and what is hidden.

As at GitHub, an app edits its own comments only, a person with write access edits all, and GraphQL answers 200 to what
it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.github.calls import BOT, READ, WRITE, Call, Reply, Token, forbidden


def account(login: str) -> dict[str, str]:
    """Returns the account of that login, as GitHub shows it."""
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


class TalkCalls:
    """A part of the stand-in, which has the state."""

    tokens: dict[str, Token]
    comments: dict[int, list[dict[str, Any]]]
    issues: list[dict[str, Any]]
    pulls: list[dict[str, Any]]
    hidden: set[str]

    def next_id(self) -> int:
        raise NotImplementedError

    def _page(self, items: list[Any], call: Call, query: Mapping[str, Sequence[str]], name: str | None = None) -> Reply:
        raise NotImplementedError

    def comment(self, number: int, body: str, login: str = BOT) -> dict[str, Any]:
        one = self.next_id()
        comment = {"id": one, "node_id": f"IC_{one}", "body": body, "user": account(login)}
        self.comments.setdefault(number, []).append(comment)
        return comment

    def shown(self, number: int) -> list[str]:
        """Returns the texts of the comments that nobody has hidden."""
        return [one["body"] for one in self.comments.get(number, []) if one["node_id"] not in self.hidden]

    def list_comments(self, call: Call, query: Mapping[str, Sequence[str]], number: str) -> Reply:
        return self._page(self.comments.get(int(number), []), call, query)

    def add_comment(self, call: Call, _query: object, number: str) -> Reply:
        return Reply(201, self.comment(int(number), call.body["body"], self.tokens[str(call.token)].account))

    def edit_comment(self, call: Call, _query: object, number: str) -> Reply:
        every = [one for comments in self.comments.values() for one in comments]
        comment = next((one for one in every if one["id"] == int(number)), None)
        if comment is None:
            return Reply(404, {"message": "Not Found"})
        token = self.tokens[str(call.token)]
        if token.login is None and comment["user"]["login"] != token.account:
            return forbidden("issues=write; pull_requests=write")
        comment |= call.body
        return Reply(200, comment)

    def list_issues(self, call: Call, query: Mapping[str, Sequence[str]]) -> Reply:
        label, state = (query.get(name, [None])[0] for name in ("labels", "state"))
        chosen = [
            one
            for one in self.issues
            if (label is None or label in {each["name"] for each in one["labels"]})
            and state in {None, "all", one["state"]}
        ]
        return self._page(chosen, call, query)

    def open_issue(self, call: Call, _query: object) -> Reply:
        labels = [{"name": name} for name in call.body.get("labels", [])]
        author = account(self.tokens[str(call.token)].account)
        issue = {**call.body, "number": self.next_id(), "state": "open", "user": author, "labels": labels}
        self.issues.append(issue)
        return Reply(201, issue)

    def edit_issue(self, call: Call, _query: object, number: str) -> Reply:
        issue = next(one for one in self.issues if one["number"] == int(number))
        labels = {"labels": [{"name": name} for name in call.body["labels"]]} if "labels" in call.body else {}
        issue |= {**call.body, **labels}
        return Reply(200, issue)

    def get_pull(self, _call: Call, _query: object, number: str) -> Reply:
        pull = next((one for one in self.pulls if one["number"] == int(number)), None)
        return Reply(200, pull) if pull else Reply(404, {"message": "Not Found"})

    def answer_graphql(self, call: Call, token: Token) -> Reply:
        """Answers which comments are hidden, and hides or shows one."""
        told = call.body["variables"]
        if not re.match(r"mutation\b", call.body["query"]):
            nodes = [{"id": one, "isMinimized": one in self.hidden} for one in told["ids"]]
            return Reply(200, {"data": {"nodes": nodes}})
        if not token.allows(("pull_requests", WRITE), ("issues", WRITE)):
            refused = {"type": "FORBIDDEN", "message": "Resource not accessible by integration"}
            return Reply(200, {"data": {"minimizeComment": None}, "errors": [refused]})
        if "unminimizeComment" in call.body["query"]:
            self.hidden.discard(told["id"])
        else:
            self.hidden.add(told["id"])
        return Reply(200, {"data": {}})


_TALK = (("issues", WRITE), ("pull_requests", WRITE))
ROUTES: tuple[tuple[str, tuple[tuple[str, str], ...], tuple[str, str]], ...] = (
    (r"/issues/(\d+)/comments", (("issues", READ), ("pull_requests", READ)), ("GET", "list_comments")),
    (r"/issues/(\d+)/comments", _TALK, ("POST", "add_comment")),
    (r"/issues/comments/(\d+)", _TALK, ("PATCH", "edit_comment")),
    (r"/issues", (("issues", READ),), ("GET", "list_issues")),
    (r"/issues", (("issues", WRITE),), ("POST", "open_issue")),
    (r"/issues/(\d+)", (("issues", WRITE),), ("PATCH", "edit_issue")),
    (r"/pulls/(\d+)", (("pull_requests", READ),), ("GET", "get_pull")),
)
