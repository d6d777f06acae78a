"""Hides duplicate comments as outdated, over GitHub's GraphQL API, because its REST API can't.

It is best effort: a refusal is a sentence for the log, and fails nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.model.amounts import count
from reconciler.errors import ReconcilerError
from reconciler.github.client import GitHub
from reconciler.github.models import Comment

MOST = 20  # comments hidden in one run, of the newest 100
_STATES = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { id isMinimized } } }"
_HIDE = (
    "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED})"
    " { minimizedComment { isMinimized } } }"
)
_SHOW = "mutation($id: ID!) { unminimizeComment(input: {subjectId: $id}) { unminimizedComment { isMinimized } } }"


def show_only(github: GitHub, kept: Comment, others: Sequence[Comment]) -> tuple[str, ...]:
    """Shows the kept comment, which an earlier run may have hidden, and hides the others; returns what was refused."""
    try:
        hidden = _find_hidden(github, [kept, *others[-99:]])
        if kept.node_id in hidden:
            github.ask_graphql(_SHOW, {"id": kept.node_id})
    except ReconcilerError as error:
        return (f"{count(len(others), 'older comment')} could not be hidden: {error}",)
    return hide_comments(github, [one for one in others if one.node_id not in hidden])


def hide_comments(github: GitHub, comments: Sequence[Comment]) -> tuple[str, ...]:
    """Hides the comments as outdated; returns a sentence for each refusal."""
    refused = []
    for comment in comments[-MOST:]:
        try:
            github.ask_graphql(_HIDE, {"id": comment.node_id})
        except ReconcilerError as error:
            refused.append(f"The older comment {comment.id} could not be hidden: {error}")
    return tuple(refused)


def _find_hidden(github: GitHub, comments: Sequence[Comment]) -> frozenset[str]:
    """Returns the node ids of the comments that are hidden."""
    nodes = github.ask_graphql(_STATES, {"ids": [one.node_id for one in comments if one.node_id]}).get("nodes")
    known = (node for node in (nodes if isinstance(nodes, list) else []) if isinstance(node, dict))
    return frozenset(str(node.get("id")) for node in known if node.get("isMinimized") is True)
