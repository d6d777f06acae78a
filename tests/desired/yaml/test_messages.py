"""The problem of a wrong declaration has the file and line, what is wrong, and what to do."""

from __future__ import annotations

import pytest

from reconciler.desired.yaml.load import load_declarations
from reconciler.errors import Problem, Source

FILE = "desired-state/company.yaml"
SECRET = "s3cr3t-0123456789abcdef"


def problems_of(text: str) -> tuple[Problem, ...]:
    return load_declarations({FILE: text.encode()}).problems


def under(head: str, written: str) -> str:
    """Puts the declaration on line 3."""
    return f"# a comment\n\n{head}{written}\n"


USER = "users: {ann: {userName: ann,"
GROUP = "groups: {desk: {displayName: Desk,"
TENANT = "tenants: {qa: {url: sandbox,"
CLAUSE = "groups: {desk: {displayName: Desk, members_where: [{attribute: title,"
ROLE = "role_assignments: [{role: auditor, users: [ann],"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            under(USER, "employeeNumber: 0123}}"),
            "users.ann.employeeNumber: '0123' is not text",
            'YAML reads 0123 as a number: quote it, "0123"',
        ),
        (
            under(USER, "title: 2024-01-02}}"),
            "users.ann.title: '2024-01-02' is not text",
            'YAML reads 2024-01-02 as a date: quote it, "2024-01-02"',
        ),
        (
            under(USER, "title: true}}"),
            "users.ann.title: 'true' is not text",
            'YAML reads true as a boolean: quote it, "true"',
        ),
        (
            under(USER, "title: 1.50}}"),
            "users.ann.title: '1.50' is not text",
            'YAML reads 1.50 as a number: quote it, "1.50"',
        ),
        (
            under(USER, "active: no}}"),
            "users.ann.active: 'no' is not true or false",
            "in YAML 1.2 only true and false are booleans: write false",
        ),
        (
            under(USER, "active: Yes}}"),
            "users.ann.active: 'Yes' is not true or false",
            "in YAML 1.2 only true and false are booleans: write true",
        ),
        (under(USER, "active: 1}}"), "users.ann.active: '1' is not true or false", None),
        (under(USER, "title: [x]}}"), "users.ann.title: a list is not text", None),
        (under(USER, "title: {x: y}}}"), "users.ann.title: a mapping is not text", None),
        (under(USER, "titel: x}}"), "users.ann.titel: this key is unknown", 'did you mean "title"?'),
        (under(USER, "zzz: x}}"), "users.ann.zzz: this key is unknown", "remove it, or correct its name"),
        (
            under(USER, "roles: [x]}}"),
            "users.ann.roles: this key is unknown",
            "assign roles under `role_assignments`",
        ),
        (
            under(USER, "password: x}}"),
            "users.ann.password: this key is unknown",
            "remove it: passwords are never provisioned",
        ),
        (
            under(USER, "groups: [desk]}}"),
            "users.ann.groups: this key is unknown",
            "declare membership on the group, under `members`",
        ),
        (
            under(USER, "id: x}}"),
            "users.ann.id: this key is unknown",
            "remove it: the account assigns ids; the key is the name here",
        ),
        (
            under(USER, "name: Ann}}"),
            "users.ann.name: 'Ann' is not a mapping",
            "write its keys below it, indented, as `key: value`",
        ),
        (
            under(USER, "emails: a@example.com}}"),
            "users.ann.emails: 'a@example.com' is not a list",
            "write its items in brackets, [one, two], or each on a line of its own after `- `",
        ),
        (
            under(USER, "emails: [a@example.com]}}"),
            "users.ann.emails[0]: 'a@example.com' is not a mapping",
            "write its keys below it, indented, as `key: value`",
        ),
        (
            under(USER, "emails: [{value: a}, {value: b, valeu: a}]}}"),
            "users.ann.emails[1].valeu: this key is unknown",
            'did you mean "value"?',
        ),
        (
            under(USER, "attributes: {x: {y: z}}}}"),
            (
                "users.ann.attributes.x: a mapping is not text or true or false or a whole number or a number "
                "or a date or a list"
            ),
            None,
        ),
        (under("users: ", "{ann: {title: x}}"), "users.ann.userName: this key is missing", "add it"),
        (
            under("users: ", "{ann: x}"),
            "users.ann: 'x' is not a mapping",
            "write its keys below it, indented, as `key: value`",
        ),
        (
            under("users: ", "{ann: }"),
            "users.ann: null is not a mapping",
            "write its keys below it, indented, as `key: value`",
        ),
        (
            under("users: ", "[ann]"),
            "users: is not a mapping of user names",
            "write each user's name below it, indented, as `name:`",
        ),
        (
            under(GROUP, "membership: additiv}}"),
            "groups.desk.membership: 'additiv' is not one of 'authoritative' or 'additive'",
            'did you mean "additive"?',
        ),
        (
            under(GROUP, f"membership: {'x' * 90}}}}}"),
            f"groups.desk.membership: '{'x' * 60}'… is not one of 'authoritative' or 'additive'",
            None,
        ),
        (
            under(GROUP, "membership: 7}}"),
            "groups.desk.membership: '7' is not one of 'authoritative' or 'additive'",
            None,
        ),
        (
            under(GROUP, "members: ann}}"),
            "groups.desk.members: 'ann' is not a list",
            "write its items in brackets, [one, two], or each on a line of its own after `- `",
        ),
        (
            under(GROUP, "members: [ann, 12]}}"),
            "groups.desk.members[1]: '12' is not text",
            'YAML reads 12 as a number: quote it, "12"',
        ),
        (
            under(GROUP, "members_where: []}}"),
            "groups.desk.members_where: a list should have at least 1 item, not 0",
            None,
        ),
        (
            under(CLAUSE, "operator: EQUAL, value: x}]}}"),
            "groups.desk.members_where[0].operator: 'EQUAL' is not an operator: did you mean \"EQUALS\"?",
            None,
        ),
        (
            under(CLAUSE, "operator: EQUALS}]}}"),
            "groups.desk.members_where[0]: EQUALS needs one value",
            None,
        ),
        (
            under(CLAUSE, "operator: REGEX MATCH, value: '(a'}]}}"),
            "groups.desk.members_where[0]: REGEX MATCH '(a' is not a pattern: unclosed group",
            None,
        ),
        (
            under(ROLE, "expires: tomorrow}]"),
            "role_assignments[0].expires: 'tomorrow' is not a date",
            "write it like 2027-03-31, without quotes",
        ),
        (under("role_assignments: ", "[{users: [ann]}]"), "role_assignments[0].role: this key is missing", "add it"),
        (
            under("role_assignments: ", "[{role: x}]"),
            "role_assignments[0]: gives the role to no user: add `users` or `groups`",
            None,
        ),
        (
            under("role_assignments: ", "{role: x}"),
            "role_assignments: is not a list",
            "start each item below it with `- `",
        ),
        (
            under("scoping_filters: ", "{users: [{title: x}]}"),
            "scoping_filters.users[0].clauses: this key is missing",
            "add it",
        ),
        (
            under("scoping_filters: ", "{user: []}"),
            "scoping_filters.user: this key is unknown",
            'did you mean "users"?',
        ),
        (
            under("guardrails: ", "{max_deactivations: {}}"),
            "guardrails.max_deactivations: limits nothing: give `count`, `percent` or both",
            None,
        ),
        (
            under("guardrails: ", "{max_deactivations: {count: 2.5}}"),
            "guardrails.max_deactivations.count: '2.5' is not a whole number",
            None,
        ),
        (
            under("guardrails: ", "{max_deactivations: {percent: 200}}"),
            "guardrails.max_deactivations.percent: '200' should be less than or equal to 100",
            None,
        ),
        (
            under("tenants: ", "{qa: {url: http://example.com, token: {env: X}}}"),
            (
                "tenants.qa.url: 'http://example.com' must be `sandbox` or an https:// address "
                "(plain http only for loopback)"
            ),
            None,
        ),
        (
            under("tenants: ", "{qa: {url: https://example.com}}"),
            "tenants.qa: has no token: add `token: {env: NAME_OF_THE_VARIABLE}`",
            None,
        ),
        (
            under(TENANT, "token: abc}}"),
            "tenants.qa.token: the value (not shown: it may be a secret) is not a mapping",
            "name the variable that holds the token: token: {env: NAME_OF_THE_VARIABLE}",
        ),
        (
            under(TENANT, "scope: assign}}"),
            "tenants.qa.scope: 'assign' is not one of 'assigned' or 'all'",
            'did you mean "assigned"?',
        ),
        (
            under(TENANT, "rate: {burst: 20}}}"),
            "tenants.qa.rate.burst: '20' is not a rate: write it like `20 per 2s` or `3600 per 1h`",
            None,
        ),
    ],
)
def test_a_declaration_that_is_wrong_says_where_what_and_what_to_do(text: str, message: str, hint: str | None) -> None:
    """The problem has the line of the wrong value, and its spelling in the file."""
    first, *_ = problems_of(text)

    assert ("invalid", Source(FILE, 3), message, hint) == (first.code, first.source, first.message, first.hint)


def test_each_thing_that_is_wrong_is_told_at_its_own_line() -> None:
    """All of them are reported at once, at any depth."""
    text = """
users:
  ann:
    userName: ann
    title: 12
    name:
      givenName: Ann
      first: Ann
    emails:
      - value: a
      - value: b
        primary: yes
  bob:
    title: x
groups:
  desk:
    displayName: Desk
    members:
      - ann
      - 12
    members_where:
      - attribute: title
        operator: EQUALS
        value: x
        quantifier: some
"""
    found = [(one.source.line, one.message.split(":")[0]) for one in problems_of(text) if one.source]

    assert [
        (5, "users.ann.title"),
        (8, "users.ann.name.first"),
        (12, "users.ann.emails[1].primary"),
        (14, "users.bob.userName"),
        (20, "groups.desk.members[1]"),
        (25, "groups.desk.members_where[0].quantifier"),
    ] == sorted(found)


def test_what_yaml_1_1_would_have_made_of_it_stays_text() -> None:
    """In a text attribute, `no`, `on` and 12:30 are text."""
    text = "users: {ann: {userName: ann, title: no, nickName: on, site: 12:30, department: 'null'}}"
    loaded = load_declarations({FILE: text.encode()})

    expected = {"userName": "ann", "title": "no", "nickName": "on", "site": "12:30", "department": "null"}
    assert ((), expected) == (loaded.problems, loaded.declarations.users["ann"].attributes)


def messages_of(text: str) -> str:
    return "\n".join(f"{one} {one.code}" for one in problems_of(text))


@pytest.mark.parametrize(
    "written",
    [
        "{url: https://example.com, token: %s}",
        "{url: https://example.com, token: '%s'}",
        "{url: https://example.com, token: [%s]}",
        "{url: https://example.com, token: {value: %s}}",
        "{url: https://example.com, token: {env: [%s]}}",
        "{url: https://example.com, tokens: %s}",
        "{url: https://example.com, Authorization: Bearer %s}",
        "{url: sandbox, token: 99%s}",
        "{url: https://example.com, token: &t %s, secret: *t}",
    ],
)
def test_a_secret_that_was_written_down_is_not_repeated(written: str) -> None:
    """The message says what to do instead."""
    messages = messages_of(f"tenants:\n  qa: {written % SECRET}\n")

    assert messages
    assert SECRET not in messages


@pytest.mark.parametrize(
    "written",
    [
        "{url: https://example.com, token: {env: %s}}",
        "{url: 'https://ann:%s@example.com', token: {env: X}}",
        "{url: 'https://example.com/?token=%s', token: {env: X}}",
        "{url: https://example.com, token: {env: X, expires: %s}}",
        "%s",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated_either(written: str) -> None:
    """Invariant 12: a secret appears in no message."""
    messages = messages_of(f"tenants:\n  qa: {written % SECRET}\n")

    assert messages
    assert SECRET not in messages
