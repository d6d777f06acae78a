"""GitHub's own reading of workflows, actions and expressions: a process of Node, which tests/github/node has.

One process serves all tests of a session; `close_referee` ends it.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tests.node import find_node

NODE = Path(__file__).parent / "node"


@dataclass(frozen=True)
class Status:
    """The results of the functions success(), failure() and cancelled()."""

    success: bool = True
    failure: bool = False
    cancelled: bool = False


WELL = Status()


class NotGitHubs(AssertionError):
    """A text that GitHub refuses; its errors are the message."""


@dataclass
class Referee:
    """The running process."""

    process: subprocess.Popen[str]
    folder: tempfile.TemporaryDirectory[str]
    parsed: dict[tuple[str, str], Any] = field(default_factory=dict)

    def parse(self, kind: Literal["workflow", "action"], name: str, text: str) -> Any:
        """Returns a document with its expressions as `{"expression": …}`. Raises NotGitHubs if GitHub refuses it."""
        if (name, text) not in self.parsed:
            self.parsed[name, text] = self._ask({"do": "parse", "kind": kind, "name": name, "text": text})
        return self.parsed[name, text]

    def evaluate(self, expression: str, contexts: Mapping[str, Any], status: Status = WELL) -> Any:
        """Returns the value of an expression. Raises NotGitHubs if it has none."""
        return self._ask(
            {"do": "evaluate", "expression": expression, "contexts": dict(contexts), "status": vars(status)}
        )

    def _ask(self, request: Mapping[str, Any]) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"errors": ["the referee ended"]}')
        if "errors" in answer:
            raise NotGitHubs("\n".join(answer["errors"]))
        return answer["value"]

    def close(self) -> None:
        """Ends the process, whose input ends."""
        with self.folder, self.process:
            pass


@cache
def find_referee() -> Referee:
    """Returns the process, which is started when it is first needed. Skips the test if there is no Node here."""
    node = find_node(NODE, "workflows are read by GitHub's own packages, which need")
    folder = tempfile.TemporaryDirectory()
    bundle = Path(folder.name) / "referee.cjs"
    # The packages import JSON without saying so, which Node refuses: they are put into one file first.
    esbuild = NODE / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = ("--bundle", "--platform=node", "--format=cjs", "--log-level=warning", f"--outfile={bundle}")
    subprocess.run([node, str(esbuild), str(NODE / "referee.mjs"), *options], check=True)  # noqa: S603
    process = subprocess.Popen([node, str(bundle)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return Referee(process, folder)


def close_referee() -> None:
    """Ends the process, if one was started."""
    if find_referee.cache_info().currsize:
        find_referee().close()
        find_referee.cache_clear()


@dataclass(frozen=True)
class Context:
    """The values of names, and the status so far, for the expressions of a document that the referee parsed."""

    names: Mapping[str, Any]
    status: Status = WELL

    def value(self, node: Any) -> Any:
        """Returns a part of a document with its expressions evaluated."""
        if isinstance(node, list):
            return [self.value(one) for one in node]
        if not isinstance(node, dict):
            return node
        if set(node) == {"expression"}:
            return find_referee().evaluate(node["expression"], self.names, self.status)
        return {name: self.value(one) for name, one in node.items()}

    def text(self, node: Any) -> str:
        """Returns a value of `env` or `with` as GitHub passes it."""
        if isinstance(node, str):
            return node
        written = node["expression"] if isinstance(node, dict) else json.dumps(node)
        return str(find_referee().evaluate(f"format('{{0}}', {written})", self.names, self.status))

    def holds(self, condition: Any) -> bool:
        """Whether a value is true for GitHub."""
        written = condition["expression"] if isinstance(condition, dict) else json.dumps(condition)
        return bool(find_referee().evaluate(f"!!({written})", self.names, self.status))
