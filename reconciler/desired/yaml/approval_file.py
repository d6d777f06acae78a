"""One file of `approvals/` → the approval that it declares, or its problems, each with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pydantic import ValidationError

from reconciler.core.declarations.approval_file import PlanApproval, find_approval_faults
from reconciler.desired.yaml.messages import Entry, explain_errors
from reconciler.desired.yaml.reader import YamlMapping, read_yaml
from reconciler.errors import Problem, Source

CODE = "approval_file"
FIELDS = tuple(PlanApproval.model_fields)


def read_approval(path: str, content: bytes, tenant: str | None, today: date) -> PlanApproval | tuple[Problem, ...]:
    """Returns the approval of a plan for the tenant (None: any), in force today; else the problems of the file."""
    document = read_yaml(path, content)
    if document.problems:
        return tuple(document.problems)
    if not isinstance(document.value, YamlMapping):
        hint = f"write the fields {', '.join(FIELDS)}, each as `field: value`"
        return (Problem(CODE, "the file does not approve a plan", Source(path, 1), hint),)
    fields = document.value
    file = YamlMapping(fields.mark)
    file["approval"] = fields
    file.marks.append(fields.mark)
    entry = Entry(document, file, "approval", "approval", document.source(fields.mark))
    try:
        approval = PlanApproval.model_validate(fields)
    except ValidationError as error:
        return tuple(explain_errors(entry, error, FIELDS))

    def find() -> Iterator[Problem]:
        for name, reason in find_approval_faults(path, approval, tenant, today):
            yield Problem(CODE, reason, document.source(document.mark_of(fields, name)))

    return tuple(find()) or approval
