"""The documents agree with the program: commands, decisions, the plan of the worked example."""

import re
from datetime import date
from pathlib import Path

import pytest

from reconciler.cli.main import COMMANDS
from reconciler.core.access.compile import compile_state, guardrails_of
from reconciler.core.changes.plan import Plan
from reconciler.core.model.states import Certificate, LiveState
from reconciler.core.safety.make_plan import PlanInput, make_plan
from reconciler.desired.git.files import read_folder
from reconciler.desired.yaml.load import load_declarations
from reconciler.report.render import Format, render_plan

ROOT = Path(__file__).parent.parent
FORMS: dict[str, Format] = {"txt": "text", "md": "markdown", "json": "json"}


def first_plan() -> Plan:
    """The plan of the worked example against an empty account, on the day it was written."""
    declarations = load_declarations(read_folder(ROOT / "desired-state", "desired-state")).declarations
    today = date(2026, 11, 23)
    return make_plan(
        PlanInput(
            desired=compile_state(declarations, "sandbox", today),
            live=LiveState((), (), Certificate("full", users=0, groups=0, requests=2)),
            tenant=declarations.tenants["sandbox"].tenant,
            guardrails=guardrails_of(declarations, "sandbox"),
            as_of=today,
        )
    ).plan


@pytest.mark.parametrize("ending", FORMS)
def test_plans_holds_the_first_plan_of_the_worked_example(ending: str, pytestconfig: pytest.Config) -> None:
    """`pytest --update-cases` writes it anew."""
    path = ROOT / "plans" / f"sandbox.{ending}"
    rendered = render_plan(first_plan(), FORMS[ending])
    if pytestconfig.getoption("--update-cases"):
        path.write_text(rendered, encoding="utf-8")

    assert rendered == path.read_text(encoding="utf-8"), "plans/ is not the first plan: restore it, or --update-cases"


def test_the_readme_lists_every_command() -> None:
    """In the order in which --help does."""
    table = re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert list(COMMANDS) == table


def test_every_decision_is_in_the_index() -> None:
    """And the index names no page that isn't there."""
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("0*.md"))

    assert pages == re.findall(r"\]\((0[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")), ids=lambda path: path.name
)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    """Links between our own documents."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (page.parent / link).exists()]
