"""The files of a folder become declarations, and the problems of all files are found."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from reconciler.core.declarations.clause import Operator
from reconciler.core.declarations.tenant import Guardrails, Limit
from reconciler.core.model.resources import Key
from reconciler.core.model.states import Settlement
from reconciler.desired.yaml.load import Loaded, load_declarations
from reconciler.errors import Source

EVERYTHING = {
    "ds/a.yaml": b"""
tenants:
  qa:
    url: sandbox
    scope: all
    scoping_filters:
      users:
        - title: Own
          clauses:
            - {attribute: title, operator: IS NOT NULL}
guardrails:
  max_deactivations: {count: 1}
users:
  ann.lee:
    userName: ann
    title: null
    manager: bob
""",
    "ds/b.yaml": b"""
users:
  bob: {userName: bob}
groups:
  desk:
    displayName: Desk
    members: [ann.lee, group/hr]
    members_where:
      - attribute: title
        operator: equals
        value: x
        case_sensitive: false
  hr: {displayName: HR, groupType: null, membership: additive, members: []}
  unmanaged: {displayName: U}
""",
    "ds/c.yaml": b"""
role_assignments:
  - {role: auditor, users: [bob], expires: 2027-03-31, reason: CHG-1}
  - role: user
    groups: [desk]
scoping_filters:
  users: [{title: One, clauses: [{attribute: title, operator: IS NULL}]}]
""",
    "ds/d.yaml": b"""
scoping_filters:
  users: [{title: Two, clauses: [{attribute: level, operator: GREATER_THAN, value: 3}]}]
  groups: [{title: Three, clauses: [{attribute: displayName, operator: IN, value: [Desk, HR]}]}]
""",
}


def load(*texts: str) -> Loaded:
    return load_declarations({f"ds/{letter}.yaml": text.encode() for letter, text in zip("abc", texts, strict=False)})


def found(loaded: Loaded) -> list[tuple[str, str]]:
    return [(problem.code, str(problem.source)) for problem in loaded.problems]


def test_everything_that_is_declared_is_loaded_with_its_place() -> None:
    """All files count; the names of folders and files do not matter."""
    loaded = load_declarations(EVERYTHING)
    declared = loaded.declarations

    assert () == loaded.problems
    assert ["qa"] == list(declared.tenants)
    assert {"ann.lee": 14, "bob": 3} == {name: user.source.line for name, user in declared.users.items()}
    assert {"userName": "ann", "title": None, "manager": "bob"} == declared.users["ann.lee"].attributes
    assert ["desk", "hr", "unmanaged"] == list(declared.groups)
    assert Guardrails(max_deactivations=Limit(count=1)) == declared.guardrails
    assert [("auditor", date(2027, 3, 31), 3), ("user", None, 4)] == [
        (one.assignment.role, one.assignment.expires, one.source.line) for one in declared.assignments
    ]


def test_groups_say_what_they_manage() -> None:
    """Absent members or attributes are unmanaged; an empty list has no members, and null clears an attribute."""
    groups = load_declarations(EVERYTHING).declarations.groups
    [where] = groups["desk"].members_where or ()

    assert ("ann.lee", "group/hr") == groups["desk"].members
    assert ((), None) == (groups["hr"].members, groups["unmanaged"].members)
    assert ("additive", "authoritative") == (groups["hr"].membership, groups["desk"].membership)
    assert {"displayName": "HR", "groupType": None} == groups["hr"].attributes
    assert {"displayName": "Desk"} == groups["desk"].attributes
    assert (Operator.EQUALS, False, Source("ds/b.yaml", 9)) == (where.operator, where.case_sensitive, where.source)


def test_filters_of_all_files_count_together_and_a_tenants_own_apart() -> None:
    """Each clause has its line."""
    declared = load_declarations(EVERYTHING).declarations
    own = declared.tenants["qa"].filters

    assert [("One", "ds/c.yaml:7"), ("Two", "ds/d.yaml:3")] == [
        (one.title, str(one.clauses[0].source)) for one in declared.filters.users
    ]
    assert [("Three", "ds/d.yaml:4")] == [(one.title, str(one.source)) for one in declared.filters.groups]
    assert own is not None
    assert [("Own", "ds/a.yaml:10")] == [(one.title, str(one.clauses[0].source)) for one in own.users]


def test_the_order_of_the_files_does_not_show() -> None:
    """Files are read in the order of their names."""
    expected = load_declarations(EVERYTHING)
    shuffled = dict(Random(1).sample(list(EVERYTHING.items()), len(EVERYTHING)))  # noqa: S311  # any order will do

    assert expected == load_declarations(shuffled)


@pytest.mark.parametrize("text", ["", "# nothing\n", "users:\n", "users: {}\ngroups:\ntenants:\nrole_assignments:\n"])
def test_nothing_is_no_problem(text: str) -> None:
    """An empty file or section declares nothing."""
    loaded = load(text)

    assert ((), {}, {}) == (loaded.problems, loaded.declarations.users, loaded.declarations.tenants)


def test_one_bad_file_does_not_hide_the_others() -> None:
    """All problems of all files are reported at once, and the valid declarations are loaded."""
    loaded = load(
        "users:\n  ann: {userName: [}\n",
        "users:\n  bob: {title: x}\n  cid: {userName: cid}\n",
        "user: {}\ngroups: [x]\nrole_assignments:\n  - {role: x}\n  - 7\n",
    )

    assert [
        ("yaml", "ds/a.yaml:2"),
        ("invalid", "ds/b.yaml:2"),
        ("unknown_key", "ds/c.yaml:1"),
        ("invalid", "ds/c.yaml:2"),
        ("invalid", "ds/c.yaml:4"),
        ("invalid", "ds/c.yaml:5"),
    ] == found(loaded)
    assert ["cid"] == list(loaded.declarations.users)


def test_what_has_problems_is_known_to_be_declared() -> None:
    """A reference to an invalid declaration is no second problem."""
    loaded = load("users:\n  ann: {title: x}\n  bob: {userName: bob}\n", "groups:\n  desk: {}\n")

    assert {Key("user", "ann"), Key("group", "desk")} == loaded.declarations.broken


@pytest.mark.parametrize(
    ("section", "first", "second"),
    [
        ("user ann", "users: {ann: {userName: one}}", "\nusers: {ann: {userName: two}}"),
        ("group desk", "groups: {desk: {displayName: One}}", "\ngroups: {desk: {displayName: Two}}"),
        ("tenant qa", "tenants: {qa: {url: sandbox}}", "\ntenants: {qa: {url: sandbox}}"),
        ("guardrails", "guardrails: {protected: [one]}", "\nguardrails: {protected: [two]}"),
        ("user ann", "users: {ann: {userName: one}}", "\nusers: {ann: {title: x, userName: 7}}"),
    ],
)
def test_a_second_declaration_names_both_places_and_does_not_count(section: str, first: str, second: str) -> None:
    """The two can be in different files, in any order."""
    loaded = load(first, second)
    problem = loaded.problems[-1]

    assert ("duplicate", Source("ds/b.yaml", 2), "keep one of the two") == (problem.code, problem.source, problem.hint)
    assert f"{section} is declared a second time; the first is at ds/a.yaml:1" in problem.message
    assert load(first).declarations == loaded.declarations


def test_a_second_declaration_in_one_file_names_both_lines() -> None:
    """In YAML this is a duplicate key."""
    loaded = load("users:\n  ann: {userName: one}\n  bob: {userName: bob}\n  ann: {userName: two}\n")
    [problem] = loaded.problems

    assert ("duplicate_key", Source("ds/a.yaml", 4)) == (problem.code, problem.source)
    assert '"ann" is declared a second time; the first is at ds/a.yaml:2' == problem.message
    assert "one" == loaded.declarations.users["ann"].attributes["userName"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("user: {}", '"user" is not a top-level key', 'did you mean "users"?'),
        (
            "zzz: {}",
            '"zzz" is not a top-level key',
            "the top-level keys are: tenants, guardrails, users, groups, role_assignments, scoping_filters",
        ),
        (
            "- users",
            "is not a mapping at its top level",
            "start with a top-level key: tenants, guardrails, users, groups",
        ),
        (
            "users",
            "is not a mapping at its top level",
            "start with a top-level key: tenants, guardrails, users, groups",
        ),
    ],
)
def test_a_file_of_another_shape_says_what_may_stand_at_its_top(text: str, message: str, hint: str) -> None:
    """The hint lists the top-level keys, or suggests a similar one."""
    [problem] = load(text).problems

    assert (message, Source("ds/a.yaml", 1)) == (problem.message, problem.source)
    assert (problem.hint or "").startswith(hint)


@pytest.mark.parametrize("name", ["a b", "a/b", "group/desk", "a\tb", " a", "''", '"a\\nb"', '"\\u0001"'])
@pytest.mark.parametrize("section", ["users", "groups", "tenants"])
def test_a_name_that_would_not_survive_a_reference_is_a_problem(section: str, name: str) -> None:
    """References are written `user/ann.lee`, on one line."""
    written = name if name.startswith(("'", '"')) else f"'{name}'"
    loaded = load(f"{section}:\n  {written}: {{userName: a, displayName: a, url: sandbox}}\n")

    assert [("bad_name", "ds/a.yaml:2")] == found(loaded)


@pytest.mark.parametrize("name", ["prod~1", "a..b", "x.lock", "-x", "@{", "a:b", "wha?", "a*"])
def test_a_tenants_name_can_be_part_of_a_git_ref(name: str) -> None:
    """The record of applies is stored in a branch with the tenant's name."""
    assert [("bad_name", "ds/a.yaml:1")] == found(load(f"tenants: {{'{name}': {{url: sandbox}}}}"))


@pytest.mark.parametrize("name", ["alice.lee", "Zoë", "o'brien", "a_b-c", "0123x", "李雷"])
def test_a_name_may_be_what_people_are_called(name: str) -> None:
    """Letters of any script are allowed."""
    loaded = load(f'users: {{"{name}": {{userName: a}}}}')

    assert ((), [name]) == (loaded.problems, list(loaded.declarations.users))


def test_a_file_with_the_same_bytes_is_not_read_again() -> None:
    """Loading a base reads only the files that differ from the head, with the same result."""
    head = load_declarations(EVERYTHING)
    changed = {**EVERYTHING, "ds/b.yaml": b"users: {cid: {userName: cid}}\n"}
    base = load_declarations(changed, head)

    assert load_declarations(changed) == base
    assert base.files["ds/a.yaml"] is head.files["ds/a.yaml"]
    assert base.files["ds/b.yaml"] is not head.files["ds/b.yaml"]


@pytest.mark.parametrize("text", ["users: {ann: {userName: ''}}", "groups: {desk: {displayName: ''}}"])
def test_a_name_that_4me_requires_is_not_empty(text: str) -> None:
    """Null equals empty, and 4me would refuse to create a user without a name."""
    assert ["invalid"] == [problem.code for problem in load(text).problems]


def test_one_of_many_values_has_a_value() -> None:
    """A label without a value declares nothing, and its plan would not converge."""
    assert ["invalid"] == [
        problem.code for problem in load("users: {ann: {userName: a, emails: [{type: work}]}}").problems
    ]


def test_one_value_is_not_declared_twice() -> None:
    """Type and value are the key; the account keeps only one of two, so the plan would not converge."""
    twice = "[{value: a@x, type: work}, {value: a@x, type: work, primary: true}]"

    assert () != load(f"users: {{ann: {{userName: a, emails: {twice}}}}}").problems


@pytest.mark.parametrize(
    "written",
    [
        "notifications: [{on: [failure], webhook: {url: 'https://hooks.example/SECRET'}}]",
        "notifications: [{on: [failure], email: {to: [a@example.com], smtp: 'smtps://u:SECRET@h'}}]",
        "tenants: {a: {url: sandbox, notifications: [{on: [drift], webhook: {url: 'https://hooks.example/SECRET'}}]}}",
    ],
)
def test_an_address_to_notify_that_is_written_is_not_repeated(written: str) -> None:
    """The address is a secret: the file must name a variable instead."""
    [problem] = load_declarations({"a.yaml": written.encode()}).problems

    assert "SECRET" not in str(problem)
    assert "{env: NAME_OF_THE_VARIABLE}" in str(problem)


def test_what_is_redacted_is_what_any_file_names() -> None:
    """Clauses on a redacted attribute are redacted too, also those of a tenant; other clauses are not."""
    filters = "scoping_filters: {users: [{title: One, clauses: [{attribute: title, operator: IS NULL}, %s]}]}"
    one = filters % "{attribute: site, operator: IS NULL}"
    loaded = load(
        f"redact: [title, name]\n{one}",
        f"redact: [title, customFields.badge, attributes.grade]\ntenants: {{qa: {{url: sandbox, {one}}}}}",
    )

    assert () == loaded.problems
    assert ("attributes.grade", "customFields.badge", "name", "title") == loaded.declarations.redact
    own = loaded.declarations.tenants["qa"].filters
    assert own is not None
    for listed in (loaded.declarations.filters, own):
        assert [True, False] == [clause.redacted for clause in listed.users[0].clauses]


def test_what_is_redacted_must_be_an_attribute() -> None:
    """A misspelled name would silently redact nothing."""
    problems = load("redact: [titel, grade, 4]").problems

    assert [
        ("redact[0]: 'titel' is not an attribute: did you mean \"title\"?", 1),
        ("redact[1]: 'grade' is not an attribute: write an attribute of your own as attributes.NAME", 1),
        ("redact[2]: '4' is not text", 1),
    ] == [(problem.message, problem.source.line if problem.source else None) for problem in problems]


def test_what_settles_who_is_ours_is_joined_from_all_files() -> None:
    """Each line keeps its source; previous keys (`was`) are not attributes."""
    first = "left:\n  - {key: user/kai.brand, reason: CHG-12}\n"
    second = "left:\n  - {id: '4711'}\nreleased:\n  - {key: group/old}\n"
    third = (
        "users:\n  ann: {userName: a, was: [anne, user/an]}\n  bob: {userName: b, was: rob}\n"
        "groups: {hr: {displayName: HR, was: people}}\n"
    )
    loaded = load(first, second, third)
    declared = loaded.declarations

    assert () == loaded.problems
    assert (
        Settlement(Source("ds/a.yaml", 2), Key("user", "kai.brand"), None, "CHG-12"),
        Settlement(Source("ds/b.yaml", 2), None, "4711"),
    ) == declared.left
    assert (Settlement(Source("ds/b.yaml", 4), Key("group", "old")),) == declared.released
    assert {"ann": (Key("user", "anne"), Key("user", "an")), "bob": (Key("user", "rob"),)} == {
        name: user.was for name, user in declared.users.items()
    }
    assert (Key("group", "people"),) == declared.groups["hr"].was
    assert {"userName": "a"} == declared.users["ann"].attributes


def test_lines_that_settle_nothing_are_problems_with_their_place() -> None:
    """Each line is checked on its own; the valid lines count."""
    text = """\
left:
  - {id: 4711}
  - {key: kai}
  - {key: user/kai, id: "1"}
  - {key: user/kai, reson: CHG-1}
  - {key: user/jo}
released: {key: user/kai}
"""
    loaded = load(text)

    assert ["user/jo"] == [str(one.key) for one in loaded.declarations.left]
    assert [
        "ds/a.yaml:2: left[0].id: '4711' is not text (YAML reads 4711 as a number: quote it, \"4711\")",
        'ds/a.yaml:3: left[1]: has the malformed key "kai": write it like user/jo.kerr or group/finance',
        "ds/a.yaml:4: left[2]: must name one user or group: give either `key` or `id`",
        'ds/a.yaml:5: left[3].reson: this key is unknown (did you mean "reason"?)',
        "ds/a.yaml:7: released: is not a list (start each item below it with `- `)",
    ] == [str(problem) for problem in loaded.problems]


def test_a_section_that_settles_nobody_may_be_empty() -> None:
    """The section can stay in the file for later use."""
    assert () == load("left:\nreleased: []\n").problems
