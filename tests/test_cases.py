"""Every story of tests/cases gives its written plan, and converges whatever fails during the apply.

`--update-cases` rewrites the plans. Read their diff as if it were about your own account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random
from typing import TypeAlias, get_args

import pytest

from reconciler.apply.channel import Send
from reconciler.core.access.compile import guardrails_of
from reconciler.core.changes.outcome import Status
from reconciler.core.changes.plan import ACTIONS, Cause, Plan, plan_to_json
from reconciler.core.model.messages import Request, Response
from reconciler.core.planner.planner import list_role_lookups
from reconciler.core.safety.make_plan import MadePlan, PlanInput, make_plan
from reconciler.core.scim.wire import DIALECTS, Dialect
from reconciler.pipeline.saved_plans import read_plan
from reconciler.report.render import Format, render_plan
from tests.account import (
    Account,
    Failure,
    apply_plan,
    describe_groups,
    describe_people,
    describe_users,
    fail_from,
    fail_once,
    lose_answer,
    lose_request,
    make_account,
    read_account,
    read_roles,
    refuse,
)
from tests.stories import CASES, Story, read_story, shuffle_story, story_names

Break: TypeAlias = Callable[[Send, int, Failure], Send]

SEEDS = range(5)
SENT = {"GET", "POST", "PATCH"}
NAMES = story_names()
PAGES = ("both-sides-changed", "hostile-display-name")


def read_golden(name: str) -> Plan:
    """Returns the plan in the story's folder."""
    return parse_golden((CASES / name / "plan.json").read_text(encoding="utf-8"), name)


@cache
def parse_golden(text: str, name: str) -> Plan:
    """Parses the plan of a story; cached, because many tests use it."""
    return read_plan(text, f"{name}/plan.json")


def has_plan(name: str) -> bool:
    """Returns whether the story's folder has a plan."""
    return (CASES / name / "plan.json").exists()


def is_applied(name: str) -> bool:
    """Returns whether the plan has changes, may be applied, and converges."""
    return has_plan(name) and (golden := read_golden(name)).applyable and golden.converges and bool(golden.changes)


def creates_something(name: str) -> bool:
    """Returns whether the story's plan creates a user or a group."""
    return any(change.action.startswith("create_") for change in read_golden(name).changes)


def waits_for_ever(name: str) -> bool:
    """Returns whether the plan grants roles to a user that the account had before, and has linked to no person."""
    return any(change.awaits_person and change.target_id for change in read_golden(name).changes)


APPLIED = [name for name in NAMES if is_applied(name)]


async def plan(story: Story, account: Account, dialect: Dialect = DIALECTS["4me"]) -> MadePlan:
    """Reads the account and plans, as every command does."""
    live = await read_account(account, dialect)
    lookups = list_role_lookups(story.desired, live, story.tenant, story.earlier, story.evidence)
    live = await read_roles(account, live, lookups) if story.tenant.roles_via == "permissions" else live
    faults = (*live.certificate.faults, *story.faults)
    return make_plan(
        PlanInput(
            desired=story.desired,
            live=replace(live, certificate=replace(live.certificate, faults=faults)),
            tenant=story.tenant.model_copy(update={"dialect": dialect.name}),
            guardrails=guardrails_of(story.head, story.tenant_name),
            as_of=story.as_of,
            earlier=story.earlier,
            problems=story.filter_changes,
            evidence=story.evidence,
            done=story.done,
        )
    )


def plan_first(story: Story) -> Plan:
    """Returns the plan of the story."""
    return asyncio.run(plan(story, make_account(story.live))).plan


async def plan_and_apply(story: Story, account: Account, send: Send, dialect: Dialect) -> set[Status]:
    """Plans and applies with `send`; checks that each change has one outcome, in order. Returns their statuses."""
    made = await plan(story, account, dialect)
    outcomes = await apply_plan(made, send, dialect, story.tenant.roles_via)
    assert [change.id for change in made.plan.changes] == [outcome.change.id for outcome in outcomes]
    return {outcome.status for outcome in outcomes}


async def plan_again(story: Story, account: Account, dialect: Dialect) -> list[str]:
    """Returns the keys that a new plan would still change."""
    made = await plan(story, account, dialect)
    return [change.key for change in made.plan.changes]


async def apply_undisturbed(story: Story, dialect: Dialect) -> tuple[Account, list[str]]:
    """Returns the account after two applies without failures, and the methods that the first one sent, in order."""
    account = make_account(story.live)
    sent: list[str] = []

    async def send(request: Request) -> Response:
        sent.append(request.method)
        return await account.send(request)

    await plan_and_apply(story, account, send, dialect)
    await plan_and_apply(story, account, account.send, dialect)
    return account, sent


@pytest.mark.parametrize(("ending", "form"), [("json", "json"), ("md", "markdown"), ("txt", "text")])
@pytest.mark.parametrize("name", NAMES)
def test_the_plan_is_as_written(name: str, ending: str, form: Format, *, update_cases: bool) -> None:
    """The plan has the same bytes as JSON, as Markdown and as text."""
    compare_with_golden(name, ending, form, update_cases=update_cases)


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_as_written(name: str, *, update_cases: bool) -> None:
    """A few stories have their plan as HTML too."""
    compare_with_golden(name, "html", "html", update_cases=update_cases)


def compare_with_golden(name: str, ending: str, form: Format, *, update_cases: bool) -> None:
    """Compares the plan with the file in the story's folder; with `update_cases`, rewrites the file first."""
    golden = CASES / name / f"plan.{ending}"
    rendered = render_plan(plan_first(read_story(name)), form)
    if update_cases:
        golden.write_text(rendered, encoding="utf-8")

    assert golden.read_text(encoding="utf-8") == rendered


@pytest.mark.parametrize("name", NAMES)
def test_a_story_says_first_what_it_shows(name: str) -> None:
    """The first lines of a story explain what its plan shows."""
    files = sorted((CASES / name / "desired-state").iterdir())
    comments = [line for path in files for line in path.read_text(encoding="utf-8").splitlines() if line[:1] == "#"]

    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in files)
    assert 1 == sum(comment.startswith("# The plan") for comment in comments)


@pytest.mark.parametrize("name", NAMES)
def test_a_story_has_no_errors_in_its_yaml(name: str) -> None:
    """With an error in the YAML, commands stop before they plan."""
    problems = read_story(name).desired.problems

    assert [] == [problem.message for problem in problems if problem.severity == "error"]


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_what_comes_in_does_not_show(name: str) -> None:
    """Same inputs, same bytes."""
    story = read_story(name)
    expected = plan_first(story)
    for seed in SEEDS:
        actual = plan_first(shuffle_story(story, Random(seed)))  # noqa: S311  # shuffles, and hides nothing

        assert expected.digest == actual.digest
        assert plan_to_json(expected) == plan_to_json(actual)


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_file_reads_back_as_the_same_bytes(name: str) -> None:
    """An apply reads the same plan that was approved."""
    written = plan_to_json(plan_first(read_story(name)))

    assert written == plan_to_json(read_plan(written, name))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
@pytest.mark.parametrize("name", APPLIED)
def test_applying_leaves_nothing_to_plan(name: str, dialect: Dialect) -> None:
    """A plan converges, except for the keys that the story leaves to the next plan."""
    story = read_story(name)
    account = make_account(story.live)

    statuses = {"applied"} | ({"skipped"} if waits_for_ever(name) else set())
    assert statuses == asyncio.run(plan_and_apply(story, account, account.send, dialect))
    assert list(story.next_plan) == asyncio.run(plan_again(story, account, dialect))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
@pytest.mark.parametrize("name", [name for name in NAMES if has_plan(name) and not read_golden(name).converges])
def test_what_is_said_not_to_converge_comes_back(name: str, dialect: Dialect) -> None:
    """And nothing else does: the plan names each user and group that is left."""
    story = read_story(name)
    account = make_account(story.live)
    told = " ".join(one.message for one in read_golden(name).problems if one.code == "does_not_converge")
    asyncio.run(plan_and_apply(story, account, account.send, dialect))
    made = asyncio.run(plan(story, account, dialect))
    again = [*(change.key for change in made.plan.changes), *made.decided.names.held]

    assert again
    assert all(key in told for key in again)


@pytest.mark.sweep(one_in=6)
@pytest.mark.parametrize("failure", [lose_answer, lose_request, refuse])
@pytest.mark.parametrize("break_line", [fail_once, fail_from])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
@pytest.mark.parametrize("name", APPLIED)
def test_a_failure_at_any_request_is_made_good_by_the_next_apply(
    name: str, dialect: Dialect, break_line: Break, failure: Failure
) -> None:
    """Planning and applying again gives the same account, with nothing created twice and nothing deleted."""

    async def tell() -> None:
        undisturbed, sent = await apply_undisturbed(story, dialect)
        left = list(story.next_plan) if waits_for_ever(name) else []
        for index in range(len(sent)):
            account = make_account(story.live)
            await plan_and_apply(story, account, break_line(account.send, index, failure), dialect)
            await plan_and_apply(story, account, account.send, dialect)
            await plan_and_apply(story, account, account.send, dialect)

            assert left == await plan_again(story, account, dialect)
            assert describe_users(undisturbed.simulator) == describe_users(account.simulator)
            assert describe_groups(undisturbed.simulator) == describe_groups(account.simulator)
            assert describe_people(undisturbed.simulator) == describe_people(account.simulator)
            assert undisturbed.created == account.created
            assert account.methods.keys() <= SENT

    story = read_story(name)
    asyncio.run(tell())


@pytest.mark.parametrize("failure", [lose_answer, lose_request])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
@pytest.mark.parametrize("name", [name for name in APPLIED if creates_something(name)])
def test_a_create_without_an_answer_is_looked_up_and_done_in_the_same_run(
    name: str, dialect: Dialect, failure: Failure
) -> None:
    """Whether the request arrived or not, the resource exists once afterwards, and all other changes are done too."""

    async def tell() -> None:
        undisturbed, sent = await apply_undisturbed(story, dialect)
        for index in (index for index, method in enumerate(sent) if method == "POST"):
            account = make_account(story.live)

            broken = fail_once(account.send, index, failure)
            statuses = await plan_and_apply(story, account, broken, dialect)

            assert {"applied"} == statuses - ({"skipped"} if waits_for_ever(name) else set())
            assert undisturbed.created == account.created

    story = read_story(name)
    asyncio.run(tell())


def test_every_action_and_every_cause_is_in_some_story() -> None:
    """An action or cause without a story would never have been reviewed."""
    changes = [change for name in NAMES for change in read_golden(name).changes]

    assert set(ACTIONS) == {change.action for change in changes}
    assert set(get_args(Cause)) == {change.cause for change in changes}
