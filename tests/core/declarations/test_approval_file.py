"""The file that approves a plan by hand: its name, its fields, and the text to paste."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.approval_file import (
    PlanApproval,
    find_approval_faults,
    find_like_named,
    is_for_other_tenant,
    name_approval_file,
    name_short_file,
    write_approval_file,
)
from reconciler.desired.yaml.approval_file import read_approval

DIGEST = "sha256:" + "0123456789abcdef" * 4
PATH = f"approvals/{'0123456789abcdef' * 4}-qa.yaml"
TODAY = date(2026, 11, 25)
APPROVAL = PlanApproval(plan=DIGEST, tenant="qa", reason="agreed")


def faults(path: str = PATH, tenant: str | None = "qa", **changed: object) -> list[str]:
    """Returns the fields with a fault."""
    approval = APPROVAL.model_copy(update=changed)
    return [name for name, _reason in find_approval_faults(path, approval, tenant, TODAY)]


def test_the_file_is_named_after_the_plan_and_the_tenant() -> None:
    """With the digits of its digest, which may be that of another tenant's plan too."""
    assert PATH == name_approval_file(DIGEST, "qa")
    assert [] == faults()
    assert ["plan"] == faults(plan="sha256:" + "f" * 64)
    assert ["plan"] == faults("approvals/mine.yaml")
    assert name_short_file(DIGEST) == PATH.replace("-qa", "")
    assert [] == faults(name_short_file(DIGEST))
    assert ["plan"] == faults(name_short_file(DIGEST), plan="sha256:" + "f" * 64)
    assert ["tenant"] == faults(PATH.replace("-qa", "-QA"))
    assert ["plan", "tenant"] == faults(PATH.replace("-qa", "-production"), plan="sha256:" + "f" * 64)


@pytest.mark.parametrize(
    ("name", "other"),
    [("-qa", False), ("-QA", False), ("-production", True), ("-qa-2", True), ("", False), ("x-production", False)],
)
def test_the_name_shows_that_a_file_is_for_another_tenant(name: str, *, other: bool) -> None:
    """A name that shows no tenant, or this one in capitals, is a fault of this tenant's to report."""
    assert other == is_for_other_tenant(PATH.replace("-qa", name), "qa")


def test_it_approves_for_one_tenant_until_its_last_day() -> None:
    """Without a day, as long as the plan's effects may run at all."""
    assert ["tenant"] == faults(tenant="production")
    assert [] == faults(tenant=None)
    assert [] == faults(expires=TODAY)
    assert ["expires"] == faults(expires=date(2026, 11, 24))
    assert ["plan", "tenant", "expires"] == faults("approvals/x.yaml", tenant="production", expires=date(2026, 1, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"plan": "sha256:12"},
        {"plan": DIGEST.upper()},
        {"tenant": ""},
        {"reason": ""},
        {"run": 0},
        {"run": "7"},
        {"x": 1},
    ],
)
def test_its_fields_are_strict(wrong: dict[str, object]) -> None:
    """A file that is read otherwise than it was meant approves something else."""
    with pytest.raises(ValidationError):
        PlanApproval.model_validate({"plan": DIGEST, "tenant": "qa", "reason": "agreed", **wrong})


@pytest.mark.parametrize("tenant", ["qa", "no", "123", "true", "null", "1e3"])
@pytest.mark.parametrize("run", [None, 7])
def test_the_text_to_paste_is_such_a_file(tenant: str, run: int | None) -> None:
    """Also for a tenant whose name YAML would read as something else."""
    text = write_approval_file(DIGEST, tenant, run, TODAY)

    found = read_approval(name_approval_file(DIGEST, tenant), text.encode(), tenant, TODAY)

    assert PlanApproval(plan=DIGEST, tenant=tenant, reason="by hand", run=run, expires=TODAY) == found


def test_a_file_that_was_probably_meant_is_found() -> None:
    """By the start of the digest, whatever its case and ending; the file of another tenant was meant for that one."""
    cut = PATH.removesuffix("abcdef-qa.yaml") + ".yaml"
    others = ["approvals/README.md", f"approvals/{'f' * 64}-qa.yaml", cut]

    assert cut == find_like_named(PATH, others, "qa")
    assert PATH.upper() == find_like_named(PATH, [PATH, PATH.upper()], "qa")
    assert PATH.replace("-qa", "") == find_like_named(PATH, [PATH.replace("-qa", "")], "qa")
    assert find_like_named(PATH, [PATH, PATH.replace("-qa", "-production"), "approvals/README.md"], "qa") is None


def test_a_file_that_is_no_yaml_is_a_problem() -> None:
    """With its line."""
    found = read_approval(PATH, b"plan: [\n", "qa", TODAY)

    assert isinstance(found, tuple)
    assert PATH in str(found[0])
