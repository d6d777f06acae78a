"""The provisioning log as it is read: by people, machines and spreadsheets, and harmless to all of them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.changes.attempt import Attempt
from reconciler.core.changes.plan import AttributeChange
from reconciler.report.attempts import AttemptFormat, render_attempts
from reconciler.report.format.spreadsheet import cell


def attempt(**fields: Any) -> Attempt:
    written: dict[str, Any] = {
        "at": "2026-11-25T03:14:30.127+00:00",
        "run": "r1",
        "tenant": "qa",
        "url": "https://qa.example/scim/v2",
        "commit": "c0ffee" * 6,
        "digest": "sha256:0",
        "who": "Ada <ada@example.com>",
        "change": "c1",
        "action": "update_user",
        "key": "user/ann",
        "name": "Ann",
        "target_id": "u1",
        "cause": "this_change",
        "reason": "holds user",
        "attributes": (),
        "members": (),
        "roles": (),
        "status": "applied",
        "detail": "",
        "seconds": 0.25,
        "requests": 1,
    }
    return Attempt(**{**written, **fields})


def changed(path: str, before: Any, after: Any) -> AttributeChange:
    return AttributeChange(path=path, before=before, after=after)


def render(form: AttemptFormat, *attempts: Attempt) -> str:
    return "".join(render_attempts(attempts, form))


def test_people_read_a_heading_for_each_run_and_what_came_of_each_change() -> None:
    """What was to be changed, why, and what is to be known of its end."""
    shown = render(
        "text",
        attempt(
            attributes=(
                changed("title", "Clerk", "Chief"),
                changed("site", "York", None),
                changed("locale", None, "en"),
            )
        ),
        attempt(
            action="grant_roles", roles=("auditor", "specialist"), status="failed", detail="refused: 400", requests=2
        ),
        attempt(
            run="r0",
            commit=None,
            action="add_members",
            key="group/hr",
            name="HR",
            members=("user/ann",),
            status="started",
            seconds=None,
            requests=None,
        ),
        attempt(
            run="r0",
            action="create_user",
            attributes=(changed("title", None, "Chief"), changed("userName", None, "ann")),
            status="skipped",
            detail="the run stopped",
            seconds=None,
        ),
    )

    assert (
        """\
qa, run r1, commit c0ffeec0ffee, by Ada <ada@example.com>
  2026-11-25 03:14:30  applied    update_user  Ann (user/ann)  0.250 s, 1 request
      title: Clerk → Chief
      site: York → cleared
      locale: en
      because holds user
  2026-11-25 03:14:30  failed     grant_roles  Ann (user/ann)  0.250 s, 2 requests
      roles: auditor, specialist
      because holds user
      ! refused: 400

qa, run r0, not committed, by Ada <ada@example.com>
  2026-11-25 03:14:30  started    add_members  HR (group/hr)
      members: user/ann
      because holds user
      ! the result is unknown, because the run stopped first; the next plan shows what is still to do
  2026-11-25 03:14:30  skipped    create_user  Ann (user/ann)
      title: Chief; userName: ann
      because holds user
      ! the run stopped
"""
        == shown
    )


def test_nothing_on_record_is_nothing() -> None:
    """A spreadsheet has its heading all the same."""
    assert ("", "") == (render("text"), render("json"))
    assert render("csv").startswith('"at","run","tenant","status","action","key",')


def test_machines_read_one_attempt_a_line() -> None:
    """As it was kept."""
    attempts = (attempt(name="Zoë\nLaurent"), attempt(run="r0", attributes=(changed("title", None, [{"value": "x"}]),)))

    lines = render("json", *attempts).splitlines()

    assert list(attempts) == [Attempt.model_validate_json(line) for line in lines]
    assert "r0" == json.loads(lines[1])["run"]


@pytest.mark.parametrize("foreign", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(foreign: str) -> None:
    """Whatever a service or a person called themselves."""
    one = attempt(
        name=foreign,
        detail=foreign,
        reason=foreign,
        who=foreign,
        members=(foreign,),
        roles=(foreign,),
        target_id=foreign,
    )

    [_heading, row] = csv.reader(io.StringIO(render("csv", one), newline=""))

    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_foreign_text_makes_a_line_of_its_own(name: str, value: str) -> None:
    """Nor hides, nor turns the direction of writing."""
    shown = render("text", attempt(name=name, key=f"user/{name}", attributes=(changed("title", value, value),)))

    assert {"\n"} >= {one for one in shown if category(one) in {"Cc", "Cf", "Zl", "Zp"}}
    assert shown.startswith("qa, run r1")
    assert 2 == sum(not line.startswith("      ") for line in shown.splitlines())


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_spreadsheet_reads_back_what_was_written(name: str, value: str) -> None:
    """Line breaks, quotes and commas too; but for the apostrophe before a formula, and what can't be seen."""
    one = attempt(name=name, attributes=(changed("title", None, f"x{value}"),))

    [heading, row] = csv.reader(io.StringIO(render("csv", one), newline=""))

    read = dict(zip(heading, row, strict=True))
    assert cell(name) == read["name"]
    assert cell(f"title: x{value}") == read["attributes"]
