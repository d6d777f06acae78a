"""Plans and runs as people read them: what shrinks first, by name, and the same bytes for the same plan."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes.outcome import Outcome, Run
from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    Cost,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    Plan,
    ReactivateUser,
    RemoveMembers,
    RevokeRoles,
    Skipped,
    Unmanaged,
    UpdateUser,
    plan_to_json,
)
from reconciler.errors import Problem, Source
from reconciler.report.render import Format, render_drift, render_plan, render_run
from tests.report.plans import READ, attribute, make

STEADY = settings(max_examples=80, derandomize=True, deadline=None, database=None)
LINE = Source("ds/people.yaml", 4, "1a2b3c4d5e6f", "Ada")


def update(*attributes: AttributeChange, **fields: Any) -> UpdateUser:
    told = {"key": "user/ann", "name": "Ann Lee", "target_id": "id-ann", **fields}
    return UpdateUser(attributes=attributes, **told)


DESK: dict[str, Any] = {"key": "group/desk", "name": "Service Desk", "target_id": "id-desk"}
EVERY: tuple[Change, ...] = (
    CreateUser(
        key="user/new",
        name="New Hire",
        attributes=(attribute("title", None, "Analyst"), attribute("site", None, "London")),
        roles=("auditor", "specialist"),
        reason="holds auditor",
        source=LINE,
    ),
    ReactivateUser(key="user/back", name="Back Again", target_id="id-back"),
    update(attribute("title", "Analyst", "Senior"), cause="drift", reason="git says so", source=LINE),
    CreateGroup(key="group/new", name="New Group", members=("user/ann",)),
    AddMembers(**DESK, members=("user/new",)),
    RemoveMembers(**DESK, members=("id/4711", "user/old")),
    GrantRoles(key="user/bob", name="Bob", target_id="id-bob", roles=("auditor",)),
    RevokeRoles(key="user/bob", name="Bob", target_id="id-bob", roles=("specialist",)),
    DeactivateUser(key="user/gone", name="Gone Away", target_id="id-gone", reason="left git"),
)
WHOLE = make(
    *EVERY,
    unmanaged=(Unmanaged(kind="user", id="4711", name="Zoe Stranger"), Unmanaged(kind="group", id="g", name="Club")),
    skipped=(Skipped(key="user/eve", reason="inactive already"),),
    problems=(
        Problem("x", "something is wrong", LINE, "mend it"),
        Problem("y", "look at this", severity="warning"),
        Problem("z", "so you know", severity="info"),
    ),
    cost=Cost(requests=7, seconds=12.4),
)


def lines(plan: Plan, form: Format = "text") -> list[str]:
    return render_plan(plan, form).splitlines()


def only_line(plan: Plan, start: str) -> str:
    [found] = [line.strip() for line in lines(plan) if line.strip().startswith(start)]
    return found


def test_what_shrinks_comes_first_and_who_loses_access_before_all() -> None:
    """In text and in Markdown alike."""
    for form in ("text", "markdown"):
        rendered = render_plan(WHOLE, form)
        places = [
            rendered.index(sentence)
            for sentence in (
                "something is wrong",
                "This change",
                "Gone Away",
                "loses roles: " if form == "text" else "loses roles: `",
                "loses members: ",
                "New Hire",
                "is created",
                "gains members",
                "gains roles",
                "Applying this also puts back",
                "Ann Lee (user/ann) changes" if form == "text" else "`Ann Lee` (`user/ann`) changes",
                "Skipped",
                "7 requests to apply",
            )
        ]
        assert sorted(places) == places


def test_a_plan_in_text_is_this() -> None:
    """The whole of it, as a terminal shows it."""
    assert f"""\
Plan for qa: 1 person loses access, 1 person loses roles, 1 group loses members, 2 people get
  access, 1 person changes, 1 group changes
! ds/people.yaml:4: something is wrong (mend it)
? look at this
i so you know

This change (1 person loses access, 1 person loses roles, 1 group loses members, 2 people get
  access, 1 group changes)
  - Gone Away (user/gone) loses access
      because left git
  - Bob (user/bob) loses roles: specialist
  - Service Desk (group/desk) loses members: Zoe Stranger (4711, not in git), user/old
  + New Hire (user/new) gets access
      title: Analyst; site: London; roles: auditor, specialist
      because holds auditor [ds/people.yaml:4, 1a2b3c4 by Ada]
  + Back Again (user/back) gets access back
  + New Group (group/new) is created
      members: Ann Lee (user/ann)
  + Service Desk (group/desk) gains members: New Hire (user/new)
  + Bob (user/bob) gains roles: auditor

Applying this also puts back what was changed in the account (1 person changes)
  ~ Ann Lee (user/ann) changes
      title: Analyst → Senior
      because git says so [ds/people.yaml:4, 1a2b3c4 by Ada]

Skipped (1)
    user/eve: inactive already

Unmanaged (not in git, not changed): 1 user and 1 group of the account, listed by --format html

7 requests to apply, at least 12 s at the tenant's pace; 2 requests made to read 4 users and 1 group
{WHOLE.digest}
""" == render_plan(WHOLE, "text")


def test_a_plan_in_markdown_is_a_page_with_a_section_for_each_cause() -> None:
    """Names in code spans, alike changes told once, who loses something all by name."""
    many = make(*(CreateUser(key=f"user/{number}", name=f"N{number}") for number in range(21)), EVERY[-1])
    rendered = render_plan(many, "markdown")

    assert rendered.startswith(
        "### Plan for `qa`: **1 person loses access**, 21 people get access; nothing blocks it\n"
    )
    assert "<details open>\n<summary><b>This change</b></summary>\n\n- **\N{MINUS SIGN}** `Gone" in rendered
    assert "- **\N{MINUS SIGN}** `Gone Away` (`user/gone`) loses access<br><sub>because left git</sub>\n" in rendered
    assert (
        "- **+** **21 people** get access<br>`N0` (`user/0`), `N1` (`user/1`), `N10` (`user/10`) and 18 more\n"
        in rendered
    )
    assert rendered.count("<details") == rendered.count("</details>")


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_the_same_plan_is_the_same_bytes(form: Format) -> None:
    """However it was put together, and however often it is rendered."""
    turned = make(*EVERY[::-1], **{name: getattr(WHOLE, name) for name in ("unmanaged", "skipped", "problems", "cost")})

    assert render_plan(WHOLE, form) == render_plan(WHOLE, form) == render_plan(turned, form)
    assert render_plan(WHOLE, form).endswith("\n")
    assert not render_plan(WHOLE, form).endswith("\n\n")


def test_json_is_the_plan_file() -> None:
    """Byte for byte."""
    assert plan_to_json(WHOLE) == render_plan(WHOLE, "json") == render_drift(WHOLE, "json")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (attribute("title", "Analyst", None), "title: Analyst → cleared"),
        (attribute("title", None, "Analyst"), "title: nothing → Analyst"),
        (attribute("customFields.vip", before=False, after=True), "customFields.vip: false → true"),
        (attribute("manager", "id/4711", "user/bob"), "manager: Zoe Stranger (4711, not in git) → user/bob"),
        (attribute("manager", "id/4712", None), "manager: id/4712 → cleared"),
        (attribute("emails", None, [{"value": "a", "type": "work"}]), "emails: nothing → work a"),
        (attribute("emails", [{"value": "a", "type": "work"}], None), "emails: work a → cleared"),
        (attribute("emails", [{"value": "a"}], [{"value": "b"}]), "emails: + b, - a"),
    ],
)
def test_an_attribute_is_told_as_what_it_was_and_what_it_becomes(change: AttributeChange, sentence: str) -> None:
    """Clearing is called clearing; of many values, what comes and what goes; people by name."""
    plan = make(update(change), unmanaged=(Unmanaged(kind="user", id="4711", name="Zoe Stranger"),))

    assert sentence == only_line(plan, f"{change.path}:")


def test_members_whom_git_does_not_know_are_told_by_name() -> None:
    """With the id, for there may be two of one name; whom nobody knows is told by id alone."""
    plan = make(
        RemoveMembers(**DESK, members=("id/4711", "id/9", "user/ann")),
        unmanaged=(Unmanaged(kind="user", id="4711", name="Zoe Stranger"),),
    )

    sentence = "- Service Desk (group/desk) loses members: Zoe Stranger (4711, not in git), id/9, user/ann"
    assert sentence == only_line(plan, "- ")


def test_the_groups_that_a_leaver_leaves_are_told_with_the_leaver() -> None:
    """And not as removals of their own, unless others leave the group too."""
    gone = DeactivateUser(key="user/gone", name="Gone Away", target_id="id-gone", reason="left git")
    alone = make(gone, RemoveMembers(**DESK, members=("user/gone",)))
    together = make(gone, RemoveMembers(**DESK, members=("user/ann", "user/gone")))

    assert "leaves: Service Desk (group/desk)" == only_line(alone, "leaves:")
    assert "loses members" not in render_plan(alone, "text")
    assert "- Service Desk (group/desk) loses members: user/ann" == only_line(together, "- Service")


def test_a_conflict_is_shown_first_and_named() -> None:
    """Both sides changed it, and somebody has to look."""
    calm = UpdateUser(key="user/a", name="A", target_id="a", cause="merged")
    torn = UpdateUser(key="user/z", name="Z", target_id="z", cause="conflict")
    rows = [line.strip() for line in lines(make(calm, torn)) if line.startswith("  ~")]

    assert ["~ Z (user/z) changes", "~ A (user/a) changes"] == rows
    assert "Conflicts: changed in git and in the account (1 person changes)" in lines(make(calm, torn))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ((), "nothing to do"),
        ((EVERY[0],), "1 person gets access"),
        ((EVERY[0], EVERY[1]), "2 people get access"),
        ((EVERY[2],), "1 person changes"),
        ((EVERY[2], EVERY[6], EVERY[7]), "1 person loses roles, 1 person changes"),
        ((EVERY[8],), "1 person loses access"),
        ((EVERY[4], EVERY[5]), "1 group loses members"),
        ((EVERY[3], EVERY[4]), "2 groups change"),
        ((EVERY[1], UpdateUser(key="user/back")), "1 person gets access"),
        (tuple(DeactivateUser(key=f"user/{number}") for number in range(1_200)), "1,200 people lose access"),
    ],
)
def test_the_first_line_says_what_it_comes_to(changes: tuple[Change, ...], verdict: str) -> None:
    """People counted once, whatever happens to them."""
    assert f"Plan for qa: {verdict}" == lines(make(*changes))[0]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"read": READ.model_copy(update={"complete": False})}, "the account was not read completely"),
        ({"problems": (Problem("guardrail", "too many"),)}, "1 guardrail refuses it"),
        ({"problems": (Problem("guardrail", "a"), Problem("guardrail", "b"))}, "2 guardrails refuse it"),
        ({"applyable": False}, "this plan can't be applied"),
    ],
)
def test_what_stands_between_a_plan_and_its_apply_is_said_in_the_first_line(
    fields: dict[str, Any], sentence: str
) -> None:
    """Before any change."""
    plan = make(EVERY[0], **fields)

    assert f"Plan for qa: 1 person gets access; blocked: {sentence}" == lines(plan)[0]
    assert f"### Plan for `qa`: 1 person gets access; **blocked**: {sentence}" == lines(plan, "markdown")[0]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"read": READ.model_copy(update={"mode": "snapshot"}), "applyable": False}, "made from a saved live state"),
        ({"converges": False}, "does not converge"),
    ],
)
def test_what_to_know_of_a_plan_is_said_before_any_change(fields: dict[str, Any], sentence: str) -> None:
    """It blocks nothing."""
    plan = make(EVERY[0], **fields)

    assert lines(plan)[1].startswith(f"i {sentence}")
    assert lines(plan, "markdown")[0].endswith("; nothing blocks it")
    assert f"\n> {sentence[0].upper()}{sentence[1:]}" in render_plan(plan, "markdown")


def test_drift_is_told_under_a_heading_of_its_own() -> None:
    """The plan would mend it."""
    by_hand = EVERY[8].model_copy(update={"cause": "drift"})

    assert "No drift in qa" == render_drift(make(), "text").splitlines()[0]
    assert "Drift in qa: 1 person changed by hand" == render_drift(make(by_hand), "text").splitlines()[0]
    assert render_drift(make(), "markdown").startswith("**No drift in `qa`.**")


def test_long_lines_of_text_are_wrapped() -> None:
    """A person with every attribute is not one line of a thousand letters."""
    many = tuple(attribute(f"customFields.f{number:02}", None, "x" * 20) for number in range(40))
    plan = make(CreateUser(key="user/new", attributes=many, reason="because " * 40))

    assert max(map(len, lines(plan))) <= 100


def run(*outcomes: Outcome, stopped: str | None = None) -> Run:
    return Run(tenant="qa", commit=None, digest="sha256:0", outcomes=outcomes, requests=1, stopped=stopped)


def test_a_run_tells_what_was_not_simply_applied() -> None:
    """Each with why; what went well is counted."""
    told = run(
        Outcome(change=EVERY[0], status="applied"),
        Outcome(change=EVERY[2], status="failed", detail="refused: 400"),
        Outcome(change=EVERY[8], status="skipped"),
        stopped="interrupted",
    )

    assert """\
Applied to qa: 1 applied, 1 failed, 1 skipped
! stopped: interrupted
  failed update user: Ann Lee (user/ann): refused: 400
  skipped deactivate user: Gone Away (user/gone)
i 2 changes are not done: plan and apply again; nothing is done twice
1 request
""" == render_run(told, "text")
    assert "- update user: `Ann Lee` (`user/ann`)<br><sub>refused: 400</sub>\n" in render_run(told, "markdown")
    assert told == Run.model_validate_json(render_run(told, "json"))
    assert 3 == len(json.loads(render_run(told, "json"))["outcomes"])


def test_a_run_with_nothing_to_do_says_so() -> None:
    """In one line and the requests."""
    assert "Applied to qa: nothing to do\n1 request\n" == render_run(run(), "text")


@STEADY
@given(st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=2))
def test_a_hostile_word_makes_no_line_of_text(word: str) -> None:
    """And reaches no terminal as a control character."""
    plan = make(update(attribute("title", word, word), name=word, reason=f"{word}x"), tenant=word)
    expected = render_plan(make(update(attribute("title", "w", "w"), name="w", reason="x"), tenant="w"), "text")
    rendered = render_plan(plan, "text")

    assert len(expected.splitlines()) == len(rendered.splitlines())
    assert not set(word) & set(rendered.replace("\n", ""))


@pytest.mark.parametrize("before", [None, "x"])
def test_the_name_of_a_custom_field_makes_no_line_of_text(before: str | None) -> None:
    """It comes from git, as a display name does."""
    path = "customFields.a\n! guardrails are fine\x1b[2J"
    change: Change = (
        update(attribute(path, before, "y"))
        if before
        else CreateUser(key="user/a", attributes=(attribute(path, None, "y"),))
    )
    rendered = render_plan(make(change), "text")

    assert "\x1b" not in rendered
    assert "! guardrails are fine" not in [line.strip() for line in rendered.splitlines()]


def by_one_line(number: int) -> tuple[Change, ...]:
    """A mapping gives each of them a support id of their own."""
    line = Source("ds/mappings.yaml", 3)
    return tuple(
        update(
            attribute("supportID", None, f"S{one}"), key=f"user/u{one}", name=f"U{one}", reason=f"{one}", source=line
        )
        for one in range(number)
    )


def test_one_line_that_gives_many_a_value_of_their_own_is_told_once() -> None:
    """With examples, and the line instead of everybody's reason."""
    plan = make(*by_one_line(200))
    text = render_plan(plan, "text")

    assert "~ 200 people change" in text
    assert "supportID: nothing → S0 for U0, nothing → S1 for U1" in " ".join(text.split())
    assert "declared [ds/mappings.yaml:3]" in text
    assert "`nothing → S10 for U10` and 197 more" in render_plan(plan, "markdown")


def test_few_of_them_are_told_one_by_one_and_so_are_those_of_other_lines() -> None:
    """And what becomes of other attributes is another matter."""
    elsewhere = update(attribute("supportID", None, "S"), key="user/x", name="X", source=Source("ds/users.yaml", 9))
    other = update(attribute("title", None, "T"), key="user/y", name="Y", source=Source("ds/mappings.yaml", 3))

    assert 10 == render_plan(make(*by_one_line(10)), "text").count("changes\n")
    text = render_plan(make(*by_one_line(11), elsewhere, other), "text")
    assert (1, 2) == (text.count("11 people change\n"), text.count(") changes\n"))


def test_the_page_has_everybodys_value() -> None:
    """Where all of a plan is to be found."""
    page = render_plan(make(*by_one_line(300)), "html")

    assert [] == [number for number in range(300) if f"nothing → S{number} for U{number}<" not in page]


def test_of_many_reasons_a_few_are_told() -> None:
    """In text; how many more there are is said."""
    same = [
        update(attribute("title", None, "T"), key=f"user/t{one}", name=f"T{one}", reason=f"r{one}", source=LINE)
        for one in range(5)
    ]
    assert "because r0; or r1; or r2; or 2 more reasons" in render_plan(make(*same), "text")
