"""The file that approves a plan by hand: its name, its fields, and the text to paste."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.approval_file import (
    PlanApproval,
    find_approval_faults,
    find_like_named,
    name_approval_file,
    write_approval_file,
)
from reconciler.desired.yaml.approval_file import read_approval

DIGEST = "sha256:" + "0123456789abcdef" * 4
PATH = f"approvals/{'0123456789abcdef' * 4}.yaml"
TODAY = date(2026, 11, 25)
APPROVAL = PlanApproval(plan=DIGEST, tenant="qa", reason="agreed")


def faults(path: str = PATH, tenant: str | None = "qa", **changed: object) -> list[str]:
    """Returns the fields with a fault."""
    approval = APPROVAL.model_copy(update=changed)
    return [name for name, _reason in find_approval_faults(path, approval, tenant, TODAY)]


def test_the_file_is_named_after_the_plan() -> None:
    """With the digits of its digest."""
    assert PATH == name_approval_file(DIGEST)
    assert [] == faults()
    assert ["plan"] == faults(plan="sha256:" + "f" * 64)
    assert ["plan"] == faults("approvals/mine.yaml")


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

    found = read_approval(PATH, text.encode(), tenant, TODAY)

    assert PlanApproval(plan=DIGEST, tenant=tenant, reason="by hand", run=run, expires=TODAY) == found


def test_a_file_that_was_probably_meant_is_found() -> None:
    """By the start of the digest, whatever its case and ending."""
    cut = PATH.removesuffix("abcdef.yaml") + ".yaml"
    others = ["approvals/README.md", f"approvals/{'f' * 64}.yaml", cut]

    assert cut == find_like_named(PATH, others)
    assert PATH.upper() == find_like_named(PATH, [PATH, PATH.upper()])
    assert find_like_named(PATH, [PATH, "approvals/README.md"]) is None


def test_a_file_that_is_no_yaml_is_a_problem() -> None:
    """With its line."""
    found = read_approval(PATH, b"plan: [\n", "qa", TODAY)

    assert isinstance(found, tuple)
    assert PATH in str(found[0])
