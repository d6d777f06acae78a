"""Edits replace the values that differ, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from typing import Any

import pytest

from reconciler.core.adoption.edits import AddItem, Edit, RemoveItem, SetValues
from reconciler.desired.writing.edits import Edited, edit_files

FILE = "desired-state/all.yaml"
ELSEWHERE = "its value is elsewhere in the file, and comes here by an alias or a merge"
TEXT = """\
# The whole company.
users:
  ann: &model   # the model
    userName: ann@example.com
    name: {givenName: Ann, familyName: "Lee"}  # as she writes it
    title: 'Head'
    department: &dep Finance
    emails:
      # work first
      - value: ann@example.com
        type: work
        primary: true
      - {value: ann@home.example, type: home}
    site: London

  bob: {<<: *model, userName: bob@example.com, title: Clerk}
  cid:
    <<: *model
    userName: cid@example.com
    department: *dep
    displayName: |  # long
      two
      lines

    title:   # nothing
    addresses: [{locality: Lyon}]
  dee: *model
groups:
  staff:
    displayName: Staff
    members:   # all of them
    - ann
    - bob # b
    # after
  desk:
    displayName: Desk
    members: [ann,  # a
              bob]
role_assignments:
  # first
  - role: specialist
    users: [ann]

  - {role: auditor, users: [bob, cid]}

  - role: user
    groups: [desk]
# end
"""


def lines(*some: str) -> str:
    return "\n".join(some)


def edit(*edits: Edit, text: str = TEXT) -> Edited:
    return edit_files({FILE: text.encode()}, edits)


def changed(*edits: Edit, text: str = TEXT) -> str:
    """Returns the removed and added lines."""
    edited = edit(*edits, text=text)
    assert () == edited.refused
    after = edited.files[FILE].decode() if edited.files else text
    found = unified_diff(text.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in found if not line.startswith(("---", "+++", "@@")))


def refused(*edits: Edit, text: str = TEXT) -> list[str]:
    edited = edit(*edits, text=text)
    assert {} == edited.files
    return [f"{one.problem.source}: {one.problem.message}" for one in edited.refused]


def user(name: str, values: Mapping[tuple[str, ...], Any]) -> SetValues:
    return SetValues(FILE, ("users", name), values)


def members(group: str, *names: str) -> SetValues:
    return SetValues(FILE, ("groups", group), {("members",): list(names)})


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("cid", {("title",): "Clerk"}, lines("-    title:   # nothing", "+    title: Clerk   # nothing")),
        ("bob", {("title",): None}, "title: null}"),
        (
            "cid",
            {("userName",): "cyd@example.com"},
            lines("-    userName: cid@example.com", "+    userName: cyd@example.com"),
        ),
        ("cid", {("department",): "IT"}, lines("-    department: *dep", "+    department: IT")),
        (
            "cid",
            {("displayName",): "one"},
            lines("-    displayName: |  # long", "-      two", "-      lines", "+    displayName: one  # long"),
        ),
        ("cid", {("displayName",): "a\nb\n"}, lines("-      two", "-      lines", "+      a", "+      b")),
        (
            "cid",
            {("displayName",): "a\nb"},
            lines(
                "-    displayName: |  # long",
                "-      two",
                "-      lines",
                "+    displayName: |-  # long",
                "+      a",
                "+      b",
            ),
        ),
        ("cid", {("displayName",): " a\n\n"}, '+    displayName: " a\\n\\n"  # long'),
        ("cid", {("site",): None}, "+    site: null"),
        ("cid", {("externalId",): "0042"}, "+    externalId: '0042'"),
        (
            "cid",
            {("customFields", "badge"): 7, ("name", "givenName"): "Cid"},
            lines("+    name: {givenName: Cid, familyName: Lee}", "+    customFields: {badge: 7}"),
        ),
        ("cid", {("addresses",): []}, lines("-    addresses: [{locality: Lyon}]", "+    addresses: []")),
        ("cid", {("emails",): []}, "+    emails: []"),
    ],
)
def test_a_value_is_written_where_it_stands_or_belongs(
    name: str, values: Mapping[tuple[str, ...], Any], expected: str
) -> None:
    """Quotes and comments stay; a new key is in the contract's order; a merge is overridden in this entry only."""
    assert expected in changed(user(name, values))


OWN = """\
users:
  ann:
    userName: ann@example.com
    title: 'Head'     # of all
    name: {givenName: "Ann"}
    emails:
      # work first
      - value: ann@example.com
        type: work
        primary: true
      - {value: ann@home.example, type: home}
    attributes: {}
  bob: {userName: bob@example.com}
"""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({("title",): "It's"}, lines("-    title: 'Head'     # of all", "+    title: 'It''s'     # of all")),
        ({("name", "givenName"): 'Än"n'}, lines('-    name: {givenName: "Ann"}', '+    name: {givenName: "Än\\"n"}')),
        (
            {("name", "familyName"): "Lee, jr"},
            lines('-    name: {givenName: "Ann"}', "+    name: {givenName: Ann, familyName: 'Lee, jr'}"),
        ),
        ({("attributes", "level"): 3}, lines("-    attributes: {}", "+    attributes: {level: 3}")),
        (
            {("emails",): [{"value": "a@x", "type": "work", "primary": True}]},
            lines(
                "-      - value: ann@example.com",
                "+      - value: a@x",
                "-      - {value: ann@home.example, type: home}",
            ),
        ),
        (
            {("emails",): [{"value": "ann@home.example", "type": "home"}]},
            lines("-      - value: ann@example.com", "-        type: work", "-        primary: true"),
        ),
        (
            {("emails",): [{"type": "work", "primary": True}, {"value": "ann@home.example", "type": "home"}]},
            lines("-      - value: ann@example.com", "-        type: work", "+      - type: work"),
        ),
        (
            {("emails",): [{"value": "ann@example.com"}, {"value": "ann@home.example", "primary": True}]},
            lines(
                "-        type: work",
                "-        primary: true",
                "-      - {value: ann@home.example, type: home}",
                "+      - {value: ann@home.example, primary: true}",
            ),
        ),
        (
            {("emails",): [{"value": "ann@example.com", "type": "work", "primary": True}, {"type": "other"}]},
            "+      - {type: other}",
        ),
        (
            {("emails",): None},
            lines(
                "-    emails:",
                "-      # work first",
                "-      - value: ann@example.com",
                "-        type: work",
                "-        primary: true",
                "-      - {value: ann@home.example, type: home}",
                "+    emails: null",
            ),
        ),
        ({("active",): False}, "+    active: false"),
    ],
)
def test_only_lines_that_differ_are_touched(values: Mapping[tuple[str, ...], Any], expected: str) -> None:
    """In a list of values, only the parts that changed are edited."""
    assert expected in changed(user("ann", values), text=OWN)


@pytest.mark.parametrize(
    ("group", "names", "expected"),
    [
        ("staff", ("ann", "bob", "cid"), "+    - cid"),
        ("staff", ("zed", "ann", "bob"), "+    - zed"),
        ("staff", ("ann",), "-    - bob # b"),
        ("staff", ("cid",), lines("-    - ann", "-    - bob # b", "+    - cid")),
        (
            "staff",
            (),
            lines("-    members:   # all of them", "-    - ann", "-    - bob # b", "+    members: []  # all of them"),
        ),
        ("desk", ("ann", "bob", "cid"), lines("-              bob]", "+              bob,", "+              cid]")),
        ("desk", ("bob",), lines("-    members: [ann,  # a", "+    members: [  # a")),
        ("desk", ("ann",), lines("-              bob]", "+              ]")),
        ("desk", ("zed", "ann", "bob"), lines("-    members: [ann,  # a", "+    members: [zed, ann,  # a")),
        ("desk", (), lines("-    members: [ann,  # a", "-              bob]", "+    members: []")),
    ],
)
def test_a_list_gains_and_loses_items(group: str, names: tuple[str, ...], expected: str) -> None:
    """A comment behind an item goes with it; comments above and between items stay."""
    assert expected in changed(members(group, *names))


def test_a_line_that_would_be_too_long_is_broken() -> None:
    """The new line begins below the first item."""
    listed = [f"somebody.with.a.long.name.{number}" for number in range(4)]
    text = f"groups:\n  a:\n    members: [{', '.join(listed[:3])}]\n"

    assert f"{listed[2]},\n+              {listed[3]}]" in changed(members("a", *listed), text=text)
    assert "members: [x]" in changed(members("a", "x"), text="groups:\n  a: {members: }\n")
    assert "members: [x]" in changed(members("a", "x"), text="groups:\n  a: {members}\n")


def test_assignments_come_and_go_as_they_are_written() -> None:
    """Empty lines separate them if they separate the others."""
    section = ("role_assignments",)
    added = AddItem(FILE, section, {"role": "key_contact", "users": ["ann"]})

    assert "+\n+  - role: key_contact\n+    users: [ann]" == changed(added)
    assert "-  - {role: auditor, users: [bob, cid]}\n-" == changed(RemoveItem(FILE, section, 1))
    assert "+  - {role: auditor, users: [cid]}" in changed(SetValues(FILE, (*section, 1), {("users",): ["cid"]}))
    close = "role_assignments:\n- role: auditor\n  users: [ann]\n- role: user\n  users: [bob]"
    assert "+- role: key_contact\n+  users: [ann]" in changed(added, text=close)
    assert "{role: user}, {role: key_contact, users: [ann]}]" in changed(
        added, text="role_assignments: [{role: user}]\n"
    )
    assert "[{role: key_contact, users: [ann]}]" in changed(added, text="role_assignments: []\n")
    flow = "role_assignments: [{role: a}, {role: b}]\n"
    assert "+role_assignments: [{role: b}]" in changed(RemoveItem(FILE, section, 0), text=flow)


def test_what_others_share_is_not_changed_under_them() -> None:
    """The problem has the line of the anchor; a value that is not shared can change."""
    assert [f"{FILE}:3: users.ann is not edited: other entries use the value too, by the anchor &model"] == refused(
        user("ann", {("site",): "Lyon"})
    )
    assert "userName: anne@example.com" in changed(
        user("ann", {("userName",): "anne@example.com"}), text=TEXT.replace("  dee: *model\n", "")
    )


def test_what_is_written_elsewhere_is_not_edited_there() -> None:
    """A user can be an alias, and a key can come from a merge."""
    assert [f"{FILE}:27: users.dee is not edited: {ELSEWHERE}"] == refused(user("dee", {("site",): "Lyon"}))
    text = "users:\n  <<: {ann: {userName: a}}\n  bob: {userName: b}\n"
    assert ELSEWHERE in refused(user("ann", {("userName",): "x"}), text=text)[0]


def test_an_edit_that_is_refused_leaves_the_others() -> None:
    """Each edit is checked on its own."""
    edited = edit(user("ann", {("site",): "Lyon"}), user("cid", {("title",): "Clerk"}))

    assert ["users.ann"] == [one.problem.message.split(" is not")[0] for one in edited.refused]
    assert b"    title: Clerk   # nothing\n" in edited.files[FILE]


@pytest.mark.parametrize(
    "text",
    [
        "users:\n  ann: {emails: [value: a]}\n",
        "users:\n  ann:\n    emails:\n    - value: a\n",
        "users:\n  ann:\n    emails: [{value: a}]\n",
        "users:\n  ann:\n    emails: &e [{value: a}]\n",
        "users:\n  ann:\n    emails:\n    - &e {value: a}\n",
        "users:\n  ann:\n    emails:\n    -\n      value: a\n",
        "users:\n  ann:\n    ? emails\n    : - value: a\n",
        "users:\n  ann:\n    emails:\n    - - value: a\n",
        'users: {ann: {"emails": [{"value":"a"}]}}',
        "users:\r\n  ann:\r\n    emails:\r\n    - value: a\r\n",
        "\ufeffusers:\n  ann:\n    emails: !!seq [{value: !!str a}]\n",
        "users:\n  ann:\n    emails:\n    - value: |\n        a\n",
        "users:\n  ann:\n    emails: [\n      {value: a},\n    ]\n",
        "users:\n  ann:\n    emails:\n    - {value: &v a}\n",
    ],
)
@pytest.mark.parametrize(
    "wanted",
    [
        [{"value": "b"}],
        [{"value": "a", "type": "x"}],
        [{"type": "x"}],
        [{"value": "a"}, {"value": "b"}],
        [{"value": "b"}, {"value": "a"}],
        [],
        None,
        "text",
        ["a", "b"],
    ],
)
def test_in_any_form_the_value_is_right_or_nothing_is_touched(text: str, wanted: object) -> None:
    """`edit_files` reads its own result; an edit with another result is refused with its line."""
    edited = edit(user("ann", {("emails",): wanted}), text=text)

    assert len(edited.refused) + len(edited.files) == 1
    assert all(one.problem.source and one.problem.source.line for one in edited.refused)
    if edited.files:
        after = edited.files[FILE]
        assert text.startswith("\ufeff") == after.startswith(b"\xef\xbb\xbf")
        assert text.count("\r\n") == 0 or after.count(b"\n") == after.count(b"\r\n")


def test_edits_of_several_files_are_made_in_each() -> None:
    """An unchanged file is not in the result."""
    one, other, third = ("a.yaml", "b.yaml", "c.yaml")
    contents = {
        one: b"users: {ann: {title: x}}\n",
        other: b"users: {bob: {title: x}}\n",
        third: b"users: {cid: {title: x}}\n",
    }
    edits = [
        SetValues(file, ("users", name), {("title",): new})
        for file, name, new in ((one, "ann", "y"), (other, "bob", "x"))
    ]

    assert {one: b"users: {ann: {title: 'y'}}\n"} == edit_files(contents, edits).files
