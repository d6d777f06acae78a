"""GitHub's own packages take every workflow and action of ours and of `init`, and are asked as GitHub asks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.project import Project
from tests.github.player import ROOT
from tests.github.referee import NODE, Context, NotGitHubs, Status, find_referee
from tests.node import find_node

WORKFLOWS = [
    *(ROOT / ".github" / "workflows").glob("*.yml"),
    *(ROOT / "reconciler" / "github" / "templates").glob("*.yml"),
]
ACTION = "acme/reconciler@0123456789abcdef0123456789abcdef01234567"
FAILED, CANCELLED = Status(success=False, failure=True), Status(success=False, cancelled=True)
JOB = "on: push\njobs:\n  one:\n    runs-on: x\n    steps:\n      - "


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_github_reads_our_workflows(path: Path) -> None:
    """Without an error, and with each of its jobs."""
    document = find_referee().parse("workflow", path.name, path.read_text(encoding="utf-8"))

    assert document["jobs"]
    assert all(job["steps"] for job in document["jobs"].values())


def test_github_reads_our_action() -> None:
    """The errors that it would find in ours are found in a copy with a mistake."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")

    assert "composite" == find_referee().parse("action", "action.yml", text)["runs"]["using"]
    with pytest.raises(NotGitHubs, match=r"Unrecognized function: 'fromYAML'"):
        find_referee().parse("action", "action.yml", text.replace("fromJSON(", "fromYAML(", 1))
    with pytest.raises(NotGitHubs, match=r"Unexpected value 'steeps'"):
        find_referee().parse("action", "action.yml", text.replace("  steps:", "  steeps:", 1))


@pytest.mark.parametrize("parts", ["1", "3"])
def test_github_reads_what_init_writes(parts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for more than 256 accounts."""
    project = Project(tmp_path, monkeypatch)
    assert 0 == project.run("init", "--action", ACTION, "--parts", parts).code

    written = sorted((tmp_path / ".github" / "workflows").glob("*.yml"))

    assert 3 * int(parts) == len(written)
    for path in written:
        document = find_referee().parse("workflow", path.name, path.read_text(encoding="utf-8"))
        steps = [step for job in document["jobs"].values() for step in job["steps"]]
        assert ACTION in {step.get("uses") for step in steps}


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        ("run: true\n        if: secrets.TOKEN", "Unrecognized named-value: 'secrets'"),
        ("run: true\n        iff: always()", "Unexpected value 'iff'"),
        ("run: echo ${{ github.sha", "The expression is not closed"),
        ("run: echo ${{ github.sha == }}", "Unexpected end of expression"),
        ("run: true\n    needs: two", "must contain at least one job with no dependencies"),
        ("run: true\n    permissions: {contents: delete}", "Unexpected value 'delete'"),
        ("run: [true", r"Flow sequence in block collection"),
    ],
)
def test_what_github_refuses_is_refused(edit: str, found: str) -> None:
    """With GitHub's own error, and the line."""
    with pytest.raises(NotGitHubs, match=found) as caught:
        find_referee().parse("workflow", "one.yml", JOB + edit)
    assert "Line: " in str(caught.value)


@pytest.mark.parametrize(
    ("written", "status", "holds"),
    [
        ("inputs.a == 'A'", Status(), True),
        ("inputs.a == 'A'", FAILED, False),
        ("${{ inputs.a == 'b' }}", Status(), False),
        ("always() && inputs.a == 'a'", FAILED, True),
        ("failure()", FAILED, True),
        ("failure()", Status(), False),
        ("inputs.a != 'always()'", FAILED, False),
        ("cancelled()", CANCELLED, True),
        ("${{ !cancelled() && inputs.none }}", FAILED, False),
        (">-\n          ${{ !cancelled()\n          && inputs.a == 'b' }}", FAILED, False),
        (">-\n          ${{ !cancelled()\n          && inputs.a == 'a' }}", FAILED, True),
        ("|\n          ${{ inputs.a == 'b' }}", Status(), True),
    ],
)
def test_a_condition_holds_where_it_does_at_github(written: str, status: Status, holds: object) -> None:
    """Without a status function it needs success(); the case of texts does not count; a line end makes a text true."""
    document = find_referee().parse("workflow", "one.yml", f"{JOB}run: echo\n        if: {written}")

    [step] = document["jobs"]["one"]["steps"]

    assert holds is Context({"inputs": {"a": "a"}}, status).holds(step["if"])


@pytest.mark.parametrize(
    ("written", "value", "text"),
    [
        ("plain", "plain", "plain"),
        ("90", "90", "90"),
        ("plan ${{ inputs.name }}, ${{ inputs.none }}", "plan qa, ", "plan qa, "),
        ("${{ inputs.none || 'HEAD^1' }}", "HEAD^1", "HEAD^1"),
        (">-\n            ${{ fromJSON('{\"include\": [1, 2.5]}') }}", {"include": [1, 2.5]}, "Object"),
        ("${{ fromJSON('[true, null]')[0] }}", True, "true"),
        ("${{ inputs.none }}", None, ""),
        ("${{ toJSON(inputs) }}", '{\n  "name": "qa"\n}', '{\n  "name": "qa"\n}'),
    ],
)
def test_a_value_is_filled_in_as_at_github(written: str, value: Any, text: str) -> None:
    """With its type, and as a text."""
    document = find_referee().parse("workflow", "one.yml", f"{JOB}uses: ./\n        with:\n          told: {written}")
    [step] = document["jobs"]["one"]["steps"]
    context = Context({"inputs": {"name": "qa"}})

    assert value == context.value(step["with"]["told"])
    assert text == context.text(step["with"]["told"])


def test_an_expression_without_a_value_is_no_null() -> None:
    """An output that a job never set is an empty text, and GitHub fails the job that reads it as JSON."""
    with pytest.raises(NotGitHubs, match="empty input"):
        find_referee().evaluate("fromJSON(needs.a.outputs.matrix || '')", {"needs": {}})


@pytest.mark.parametrize(("ci", "kind"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_node_tests_are_skipped_by_name_but_not_in_ci(
    ci: str, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A check that never ran must not look like one that passed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)

    with pytest.raises(kind, match="workflows need Node 20 or newer, and there is no `node` here"):
        find_node(NODE, "workflows need")
