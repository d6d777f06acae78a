"""Makes the workflows of another repository: with its action, its default branch, and its parts of the tenants.

Knows how a workflow file names a branch; which branch that is, is decided elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files

from reconciler.core.model.protection import REQUIRED_CHECK
from reconciler.core.model.shards import Part

WORKFLOW_NAME = re.compile(r"^name: \w+", re.MULTILINE)
CHECK_NAME = re.compile(rf"^    name: {REQUIRED_CHECK}$", re.MULTILINE)  # one for each part
WORKFLOW_GROUP = re.compile(r"^  group: \w+", re.MULTILINE)  # of the workflow; the group of a job is a tenant's
PLAIN = re.compile(r"[A-Za-z][\w-]*", re.ASCII)
WORDS_OF_YAML = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def make_workflows(action: str, branch: str, parts: int) -> Mapping[str, str]:
    """Returns the text of each workflow by its path; they run the program from the action.

    Each part has workflows of its own, because the matrix of a run is limited to 256 jobs.
    """
    templates = [(file.name, file.read_text(encoding="utf-8")) for file in (files(__package__) / "templates").iterdir()]
    return {
        f".github/workflows/{name_for_part(name, part)}": _set_part(part, text)
        .replace("uses: ./\n", f"uses: {action}\n")
        .replace("branches: [main]\n", f"branches: [{spell_filter(branch)}]\n")
        for part in (Part(number, parts) for number in range(1, parts + 1))
        for name, text in sorted(templates)
    }


def spell_filter(branch: str) -> str:
    """Returns a branch as an item of `branches` in a workflow, which is a pattern: `+` and `!` stand for themselves."""
    pattern = re.sub(r"[+!]", r"\\\g<0>", branch)
    if PLAIN.fullmatch(pattern) and pattern.casefold() not in WORDS_OF_YAML:
        return pattern
    return json.dumps(pattern, ensure_ascii=False)


def name_for_part(name: str, part: Part) -> str:
    """Returns the file name of a workflow for a part: `plan.yml`, `plan-2.yml`."""
    return name if part.number == 1 else name.replace(".yml", f"-{part.number}.yml")


def _set_part(part: Part, text: str) -> str:
    """Returns the workflow for a part, with a name and a group of its own: it must not cancel runs of part 1."""
    text = text.replace("part: 1/1\n", f"part: {part}\n")
    if part.number == 1:
        return text
    text = WORKFLOW_NAME.sub(rf"\g<0> {part.number}", text, count=1)
    text = CHECK_NAME.sub(rf"\g<0> {part.number}", text)
    return WORKFLOW_GROUP.sub(rf"\g<0>-{part.number}", text, count=1)
