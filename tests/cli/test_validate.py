"""`validate` reports every problem at once, in the requested format, without a network."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.cli.project import SANDBOX, TEAM, Project

BAD = (
    SANDBOX
    + """\
users:
  ann: {userName: ann@example.com, titel: Chief}
  bob: {userName: bob@example.com, manager: boob}
groups:
  staff: {displayName: Staff, members: [bob, nobody]}
"""
)


def test_a_sound_desired_state_is_valid(project: Project) -> None:
    """One sentence that counts what was looked at, one that says where it was read; nothing is written."""
    before = project.written()

    ran = project.run("validate")

    assert (0, "") == (ran.code, ran.err)
    assert re.fullmatch(
        r"Valid: 3 users, 1 groups?, 1 tenants? in 1 files?\n1 of 1 file of desired-state read at [0-9a-f]{7}\n",
        ran.out,
    )
    assert before == project.written()


def test_every_problem_is_told_with_its_line_and_what_to_do(project: Project) -> None:
    """One bad line does not hide the others."""
    project.write(BAD)

    ran = project.run("validate")

    *lines, verdict, _files = ran.out.splitlines()
    assert 1 == ran.code
    assert 3 == len(lines)
    assert [3, 4, 6] == [int(line.split(":")[1]) for line in lines]
    assert all(line.startswith("desired-state/all.yaml:") for line in lines)
    assert 'did you mean "title"?' in lines[0]
    assert 'no user "boob" is declared (did you mean "bob"?)' in lines[1]
    assert 'no user "nobody" is declared' in lines[2]
    assert verdict.startswith("3 problems in ")


def test_problems_as_json(project: Project) -> None:
    """For machines: a list, each with code, severity, file and line."""
    project.write(BAD)

    ran = project.run("validate", "--format", "json")

    assert 1 == ran.code
    assert [("error", "desired-state/all.yaml", line) for line in (3, 4, 6)] == [
        (one["severity"], one["source"]["file"], one["source"]["line"]) for one in ran.document
    ]


def test_problems_as_annotations(project: Project) -> None:
    """GitHub's workflow commands, one a line."""
    project.write(BAD)

    ran = project.run("validate", "--format", "github")

    assert 1 == ran.code
    assert [f"::error file=desired-state/all.yaml,line={line}" for line in (3, 4, 6)] == [
        line.partition(",title=")[0] for line in ran.out.splitlines()
    ]


def test_problems_as_sarif(project: Project) -> None:
    """SARIF 2.1.0: one run, a result for each problem, rules that exist."""
    project.write(BAD)

    ran = project.run("validate", "--format", "sarif")

    [run] = ran.document["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert (1, "2.1.0", 3) == (ran.code, ran.document["version"], len(run["results"]))
    assert rules == {result["ruleId"] for result in run["results"]}
    assert [3, 4, 6] == [_line(result) for result in run["results"]]


def _line(result: Any) -> int:
    [location] = result["locations"]
    return int(location["physicalLocation"]["region"]["startLine"])


@pytest.mark.parametrize(("form", "expected"), [("json", "[]\n"), ("github", "")])
def test_no_problems_are_none_for_machines(project: Project, form: str, expected: str) -> None:
    """What a person may want to read goes to stderr then."""
    ran = project.run("validate", "--format", form)

    assert (0, expected) == (ran.code, ran.out)
    assert ran.err.startswith("Valid: ")


def test_warnings_alone_are_valid(project: Project) -> None:
    """An assignment that expired is to be known, not to be fixed."""
    project.write("role_assignments: [{role: specialist, users: [ann], expires: 2026-01-31}]\n", "desired-state/r.yaml")

    then, now = project.run("validate", "--as-of", "2026-01-31"), project.run("validate", "--as-of", "2026-02-01")

    assert (0, 0, False) == (then.code, now.code, "expired" in then.out)
    assert "info: desired-state/r.yaml:1: the assignment of specialist expired on 2026-01-31" in now.out


def test_all_tenants_are_looked_at_or_the_one_that_is_named(project: Project) -> None:
    """What is wrong for one need not be for the other."""
    filters = "{users: [{title: x, clauses: [{attribute: nothing, operator: IS NULL}]}]}"
    project.write(f"tenants: {{a: {{url: sandbox}}, b: {{url: sandbox, scoping_filters: {filters}}}}}\n" + TEAM)

    assert [1, 0, 1] == [project.run(*one, "validate").code for one in ((), ("--tenant", "a"), ("--tenant", "b"))]


def test_an_unknown_tenant_is_a_usage_error(project: Project) -> None:
    """With a did-you-mean."""
    ran = project.run("--tenant", "sandbx", "validate")

    assert (2, "") == (ran.code, ran.out)
    assert 'no tenant "sandbx" is declared (did you mean "sandbox"?)' in ran.err


def test_quiet_says_nothing_but_the_result(project: Project) -> None:
    """For scripts."""
    assert "" == project.run("-q", "validate").err
    assert "" == project.run("-q", "validate", "--format", "json").err


def test_keys_and_names_that_look_the_same_are_told_apart_letter_by_letter(project: Project) -> None:
    """Two people called jos\u00e9, of whom one has an accent of its own."""
    people = "".join(f"  {key}: {{userName: {key}@example.com}}\n" for key in ("jos\u00e9", "jose\u0301"))
    project.write(f"{SANDBOX}users:\n{people}")

    ran = project.run("validate")

    assert 0 == ran.code
    assert "their externalId is 'jose\\u0301' and 'jos\\xe9'" in ran.out
    assert "their userName is 'jose\\u0301@example.com' and 'jos\\xe9@example.com'" in ran.out


RULES = """\
attribute_mappings:
  users:
    - {target: displayName, expression: "{{ coalesce(name.givenName, key) }}"}
    - {target: userType, expression: "{{ switch(flag, 'd', 'true', 'T') }}"}
    - {target: nickName, source: badge, default: none}
scoping_filters:
  users: [{title: no badge, clauses: [{attribute: badge, operator: IS NULL}]}]
"""
PEOPLE = """\
users:
  ann: {userName: ann@example.com, attributes: {flag: true, badge: null}}
"""


def test_absent_is_absent_all_the_way_down_and_a_boolean_is_true(project: Project) -> None:
    """No user has a `name`; the flag is a boolean in YAML; the badge is declared, and empty for all."""
    project.commit(SANDBOX + PEOPLE + RULES)

    assert (0, "") == (project.run("validate").code, project.run("validate").err)
    assert 0 == project.run("apply", "--yes").code
    ann = project.users()["ann"]
    assert ("ann", "T", "none") == (ann["displayName"], ann["userType"], ann["nickName"])


def test_a_rule_of_a_mapping_that_can_not_be_meant_says_what_to_write(project: Project) -> None:
    """Each at its line; before, they were valid, and braces were written to people."""
    rules = [
        """{target: title, constant: "{{ userName }}"}""",
        """{target: nickName, source: userType, default: "{{ userName }}"}""",
        """{target: displayName, expression: "ToUpper([userName])"}""",
        """{target: site, expression: Employee}""",
        """{target: locale, source: titel}""",
        """{target: profileUrl, expression: "{{ name.givenName }}"}""",
    ]
    user = "  ann: {userName: ann@example.com, title: Chief, userType: x, name: {familyName: Lee}}\n"
    listed = "".join(f"    - {rule}\n" for rule in rules)
    project.write(f"{SANDBOX}users:\n{user}attribute_mappings:\n  users:\n{listed}")

    ran = project.run("validate")

    *lines, verdict, _files = ran.out.splitlines()
    assert (1, "6 problems in ") == (ran.code, verdict[:14])
    assert [f"desired-state/all.yaml:{line}" for line in range(6, 12)] == [line.split(": ")[0] for line in lines]
    for line, advice in zip(
        lines,
        [
            "(write `expression:` instead of `constant:`)",
            '(write `expression: "{{ coalesce(userType, userName) }}"` instead of `source:` and `default:`)',
            "(write {{ userName | upper }})",
            "(write `constant: Employee`, or `source:` with the name of an attribute)",
            '(did you mean "title"?)',
            "(declare name.givenName, or give the expression a fallback: coalesce(name.givenName, 'a value'))",
        ],
        strict=True,
    ):
        assert line.endswith(advice)


DOUBTFUL = """\
users:
  ann:
    userName: ann@example.com
    name: {familyName: Null}
    title: 'Chief '
    timezone: Europe/Lodnon
    emails:
      - {value: bob@example.com}
  bob:
    userName: bob@example.com
    manager: bob
    emails: [{value: bob@example.com, primary: true}, {value: b@example.com, primary: true}]
"""


def test_values_that_a_service_changes_or_that_contradict_are_found_at_their_lines(project: Project) -> None:
    """A warning leaves the state valid; two primary values and an own manager do not, for a plan either."""
    project.commit(SANDBOX + DOUBTFUL)

    ran, planned = project.run("validate"), project.run("plan")

    lines = ran.out.splitlines()
    assert (1, 1) == (ran.code, planned.code)
    starts = [
        "warning: desired-state/all.yaml:4: users.ann.userName: ",
        "warning: desired-state/all.yaml:5: users.ann.name.familyName: YAML reads Null as null",
        'warning: desired-state/all.yaml:6: users.ann.title: "Chief "',
        'warning: desired-state/all.yaml:7: users.ann.timezone: "Europe/Lodnon"',
        "desired-state/all.yaml:12: users.bob.manager: is the user's own manager",
        "desired-state/all.yaml:13: users.bob.emails: has 2 primary values",
    ]
    assert starts == [line[: len(start)] for line, start in zip(lines, starts, strict=False)]
    assert 'did you mean "Europe/London"?' in lines[3]
    assert "users.bob.emails: has 2 primary values" in planned.said
    assert "Chief" not in planned.said


def test_a_mass_of_equal_warnings_is_counted(project: Project) -> None:
    """An account whose userNames are no addresses is not told so forty times."""
    people = "".join(f"  u{n}: {{userName: U{n}, emails: [{{value: u{n}@example.com}}]}}\n" for n in range(40))
    project.write(f"{SANDBOX}users:\n{people}")

    text, machine = project.run("validate"), project.run("validate", "--format", "json")

    assert 0 == text.code
    assert 4 + 2 == len(text.out.splitlines())
    assert "and 37 more warnings of this kind (not_primary_email)" in text.out
    assert 40 == len(machine.document)
