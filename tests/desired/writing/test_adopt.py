"""Files and a drifted account: the files after adoption."""

from __future__ import annotations

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.scim.wire import ENTERPRISE
from reconciler.desired.writing.adopt import Adopted, AdoptionRequest, NotAdopted, adopt_drift
from reconciler.desired.yaml.load import load_declarations
from tests.core.adopted import FILE, TENANT, TODAY, Company, applied

TEXT = (
    TENANT
    + """\
users:
  ann: {userName: ann@example.com, title: Clerk, department: IT}
  bob: {userName: bob@example.com, title: Clerk}
  cid: {userName: cid@example.com, title: Clerk}
groups:
  desk: {displayName: Desk, members: [ann, bob]}
  it: {displayName: IT, members_where: [{attribute: department, operator: EQUALS, value: IT}]}
role_assignments:
  - {role: auditor, users: [ann]}
"""
)


def adopted(company: Company, text: str = TEXT, named: frozenset[str] = frozenset()) -> Adopted:
    contents = {FILE: text.encode()}
    asked = AdoptionRequest("sandbox", TODAY, Earlier(base=company.context.desired), named)
    return adopt_drift(contents, load_declarations(contents), company.live(), asked)


def after(result: Adopted) -> str:
    return result.files[FILE].decode() if result.files else TEXT


def test_the_files_say_what_the_account_has() -> None:
    """Only changed files are returned."""
    result = adopted(applied(TEXT).user("ann", title="Chief"))

    assert TEXT.replace("ann@example.com, title: Clerk", "ann@example.com, title: Chief") == after(result)
    assert ((), ()) == (result.problems, result.left)


def test_without_drift_no_file_is_different() -> None:
    """Changes that git asks for are no drift."""
    assert {} == adopted(applied(TEXT)).files
    assert {} == adopted(applied(TEXT), TEXT.replace("Clerk", "Head")).files


def test_only_keys_that_are_named_are_adopted() -> None:
    """All differences of a named key are adopted, from git or the account."""
    company = applied(TEXT).user("ann", title="Chief").user("bob", title="Chief")
    now = TEXT.replace("ann@example.com, title: Clerk", "ann@example.com, title: Head")
    result = adopted(company, now, frozenset({"user/ann"}))

    assert now.replace("Head", "Chief") == after(result)


def test_who_is_active_again_brings_roles_and_groups() -> None:
    """Roles and groups can be adopted only after the user is in scope in git."""
    inactive = TEXT.replace("bob@example.com,", "bob@example.com, active: false,").replace("[ann, bob]", "[ann]")
    company = applied(inactive.replace("active: false", "active: true"))
    company.context = applied(inactive).context
    company.user("bob", roles=[{"value": "auditor"}]).group("desk", came=["bob"])
    result = adopted(company, inactive)

    assert "bob: {userName: bob@example.com, active: true, title: Clerk}" in after(result)
    assert "- {role: auditor, users: [ann, bob]}" in after(result)
    assert "members: [ann, bob]" in after(result)
    assert ((), ()) == (result.problems, result.left)


def test_what_follows_from_the_edits_is_told() -> None:
    """An inactive user leaves authoritative groups; a rule follows the attribute that it reads."""
    company = applied(TEXT).user("bob", active=False).user("ann", **{f"{ENTERPRISE}:department": "HR"})
    why = "membership is authoritative, and they should not be members"

    assert (
        NotAdopted("remove_members", "group/desk", ("user/bob",), why),
        NotAdopted("remove_members", "group/it", ("user/ann",), why),
    ) == adopted(company).left


def test_what_would_make_git_unsound_is_not_adopted() -> None:
    """A user name was reused, and only one of the two users is named; the other edits are made."""
    company = applied(TEXT).user("cid", userName="lee@example.com").user("bob", userName="cid@example.com")
    company.user("ann", title="Chief")
    result = adopted(company, named=frozenset({"user/bob", "user/ann"}))

    assert "ann: {userName: ann@example.com, title: Chief" in after(result)
    assert "bob: {userName: bob@example.com" in after(result)
    [problem] = result.problems
    assert ("not_adopted", "warning") == (problem.code, problem.severity)
    assert problem.message.startswith("users.bob is not adopted: the edited files would have an error (user/")


def test_what_can_not_be_edited_is_told_once() -> None:
    """The number of rounds does not matter."""
    text = TEXT.replace("ann: {", "ann: &ann {").replace("bob: {user", "bob: {<<: *ann, user")
    company = applied(text).user("ann", **{f"{ENTERPRISE}:department": "HR"}).user("cid", title="Chief")
    result = adopted(company, text)

    assert 1 == len(result.problems)
    assert "by the anchor &ann" in result.problems[0].message
    assert "cid: {userName: cid@example.com, title: Chief}" in after(result)
