"""A plan against its limits: refused above the count and above the percentage, with the keys that count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    RemoveMembers,
    RevokeRoles,
    UpdateUser,
)
from reconciler.core.declarations.tenant import Guardrails, Limit
from reconciler.core.model.states import Certificate
from reconciler.core.planner.effective_roles import EffectiveRoles
from reconciler.core.safety.guardrails import (
    Totals,
    check_last_holders,
    check_limits,
    check_own_user,
    check_population,
    check_privileged_grants,
    check_protected,
    count_population,
)
from reconciler.errors import Problem, Source
from tests.core.examples import live_group, live_state, live_user

LARGE = Totals(users=1_000, memberships=1_000, roles=1_000)
LINE = Source("people.yaml", 4)


def check_guardrails(
    changes: list[Change],
    guardrails: Guardrails,
    population: Totals,
    done: Mapping[str, int] | None = None,
    *,
    first_apply: bool = False,
) -> list[Problem]:
    """The limits and the protected users, as a plan is checked for both."""
    exceeded = check_limits(changes, guardrails, population, done or {}, first_apply=first_apply)
    return [*exceeded, *check_protected(changes, guardrails)]


def leavers(count: int) -> list[Change]:
    return [DeactivateUser(key=f"user/{number:02}", target_id="x", source=LINE) for number in range(count)]


def said(changes: list[Change], guardrails: Guardrails, population: Totals = LARGE) -> list[str]:
    return [problem.message for problem in check_guardrails(changes, guardrails, population)]


@pytest.mark.parametrize(
    ("limit", "leaving", "users", "refused"),
    [
        (Limit(count=5, percent=2), 5, 10, False),
        (Limit(count=5, percent=2), 6, 10, True),
        (Limit(count=5, percent=2), 6, 300, False),
        (Limit(count=5, percent=2), 6, 299, True),
        (Limit(count=5), 6, 1_000_000, True),
        (Limit(count=5), 5, 5, False),
        (Limit(percent=2), 3, 100, True),
        (Limit(percent=2), 2, 100, False),
        (Limit(count=0, percent=0), 1, 100, True),
        (Limit(count=0, percent=0), 0, 100, False),
        (Limit(count=0), 1, 0, True),
        (Limit(percent=100), 7, 7, False),
    ],
)
def test_a_plan_is_refused_when_it_is_above_both_limits(limit: Limit, leaving: int, users: int, refused: bool) -> None:  # noqa: FBT001
    """At the limit is not above it; a limit that is left out does not excuse."""
    population = Totals(users, memberships=0, roles=0)

    assert refused is bool(said(leavers(leaving), Guardrails(max_deactivations=limit), population))


def test_a_refusal_names_the_guardrail_the_limit_the_count_and_who_is_meant() -> None:
    """And what to do; ten names are enough."""
    guardrails = Guardrails(max_deactivations=Limit(count=5, percent=0.5))
    [problem] = check_guardrails(leavers(12), guardrails, LARGE)
    names = ", ".join(f"user/{number:02}" for number in range(10))

    assert f"max_deactivations: 12 is above 5 and 0.5 % of 1000: {names} and 2 more" == problem.message
    assert said(leavers(10), guardrails)[0].endswith("user/08, user/09")
    assert ("guardrail", "error") == (problem.code, problem.severity)
    assert (
        "raise guardrails.max_deactivations in git and have it reviewed, allow this one plan under "
        "guardrails.exceptions, or make the change smaller"
    ) == problem.hint


@pytest.mark.parametrize(
    ("limit", "expected"), [(Limit(count=1), "is above 1: "), (Limit(percent=0.1), "is above 0.1 % of 1000: ")]
)
def test_a_refusal_tells_only_the_limits_there_are(limit: Limit, expected: str) -> None:
    """One left out is not mentioned."""
    [message] = said(leavers(2), Guardrails(max_deactivations=limit))

    assert f"max_deactivations: 2 {expected}user/00, user/01" == message


def test_members_who_are_removed_are_counted_one_by_one() -> None:
    """Additions are not removals."""
    changes: list[Change] = [
        RemoveMembers(key="group/desk", target_id="x", members=("user/ann", "id/4711")),
        AddMembers(key="group/desk", target_id="x", members=("user/bob",)),
    ]
    guardrails = Guardrails(max_member_removals=Limit(count=1))

    expected = ["max_member_removals: 2 is above 1: user/ann of group/desk, id/4711 of group/desk"]
    assert expected == said(changes, guardrails)


def test_whoever_is_deactivated_is_not_counted_a_second_time() -> None:
    """The deactivation includes the removals from groups."""
    changes: list[Change] = [
        DeactivateUser(key="user/ann", target_id="x"),
        RemoveMembers(key="group/desk", target_id="y", members=("user/ann", "user/bob")),
    ]

    assert [] == said(changes, Guardrails(max_member_removals=Limit(count=1)))
    assert 1 == len(said(changes, Guardrails(max_member_removals=Limit(count=0))))


def test_the_roles_that_go_with_a_deactivation_are_not_counted_again() -> None:
    """Where they take effect over REST; those of who was inactive before are."""
    lost = RevokeRoles(key="user/ann", target_id="31", roles=("auditor",))
    none = Guardrails(max_role_revocations=Limit(count=0))

    assert [] == said([lost, DeactivateUser(key="user/ann", target_id="x")], none)
    assert 1 == len(said([lost, DeactivateUser(key="user/bob", target_id="y")], none))


def test_revocations_are_counted_by_role() -> None:
    """Each role of each person is one."""
    changes: list[Change] = [
        RevokeRoles(key="user/ann", target_id="x", roles=("auditor", "specialist")),
        GrantRoles(key="user/bob", target_id="y", roles=("account_designer",)),
    ]

    assert ["max_role_revocations: 2 is above 1: auditor of user/ann, specialist of user/ann"] == said(
        changes, Guardrails(max_role_revocations=Limit(count=1))
    )


def test_privileged_grants_are_counted_by_what_takes_effect() -> None:
    """What was in effect before is no grant, and neither are roles that are not privileged."""
    effective_roles = [
        EffectiveRoles("user/ann", "Ann", frozenset({"account_designer"}), frozenset({"account_designer", "auditor"})),
        EffectiveRoles("user/bob", "Bob", frozenset(), frozenset({"account_designer", "account_administrator"})),
    ]

    def grants(**limits: object) -> list[str]:
        guardrails = Guardrails.model_validate({"max_privileged_grants": {"count": 1}, **limits})
        return [problem.message for problem in check_privileged_grants(effective_roles, guardrails, LARGE)]

    assert [
        "max_privileged_grants: 2 is above 1: account_administrator of user/bob, account_designer of user/bob"
    ] == grants()
    assert [] == grants(max_privileged_grants={"count": 2})
    assert [] == grants(privileged_roles=["auditor", "key_contact"])


@pytest.mark.parametrize(
    ("before", "now", "limit", "expected"),
    [
        (None, 1, Limit(percent=1), False),
        (100, 100, Limit(percent=0), False),
        (100, 120, Limit(percent=0), False),
        (100, 90, Limit(percent=10), False),
        (100, 89, Limit(percent=10), True),
        (10, 6, Guardrails().max_population_drop, False),
        (60, 54, Guardrails().max_population_drop, False),
        (59, 53, Guardrails().max_population_drop, True),
        (1, 0, Limit(count=0), True),
        (0, 0, Limit(percent=10), False),
        (0, 1, Limit(percent=10), False),
    ],
)
def test_an_account_that_lost_too_many_people_since_the_last_apply_is_not_built_upon(
    before: int | None,
    now: int,
    limit: Limit,
    expected: bool,  # noqa: FBT001
) -> None:
    """Without a count on record there is no check."""
    population = Totals(users=now, memberships=0, roles=0)

    assert expected is bool(check_population(population, before, Guardrails(max_population_drop=limit)))


def test_the_drop_is_told_in_numbers_and_with_what_to_do() -> None:
    """It may be right, and it may be a read that hides people."""
    [problem] = check_population(Totals(80, 0, 0), 100, Guardrails(max_population_drop=Limit(percent=10)))

    assert (
        "max_population_drop: the account has 80 active users, 20 fewer than after the last apply (100), "
        "which is above 10 % of 100"
    ) == problem.message
    assert ("guardrail", "error") == (problem.code, problem.severity)
    assert (problem.hint or "").startswith("find out which users are missing and why; if that is right, raise")


def test_the_protected_are_never_deactivated_and_nothing_is_revoked_from_them() -> None:
    """At any limit; other changes to them are allowed."""
    changes: list[Change] = [
        UpdateUser(key="user/break.glass", target_id="x"),
        RevokeRoles(key="user/break.glass", target_id="x", roles=("auditor",), source=LINE),
        DeactivateUser(key="user/break.glass", target_id="x", source=LINE),
        DeactivateUser(key="user/ann", target_id="y"),
    ]
    problems = check_guardrails(changes, Guardrails(protected=["user/break.glass"]), LARGE)

    assert [
        ("protected: user/break.glass would lose access (revoke_roles)", LINE),
        ("protected: user/break.glass would lose access (deactivate_user)", LINE),
    ] == [(one.message, one.source) for one in problems]


def test_percentages_are_of_active_users_memberships_and_roles_held() -> None:
    """As read."""
    live = live_state(
        live_user("ann", roles=["auditor", "specialist"]),
        live_user("bob", active=False, roles=["auditor"]),
        live_group("desk", ["ann", "bob"]),
        live_group("hr", ["ann"]),
    )

    assert Totals(users=1, memberships=3, roles=3, groups=2) == count_population(live)


def test_a_plan_that_takes_nothing_is_never_refused() -> None:
    """Growth has no limit but that of privileged roles."""
    changes: list[Change] = [CreateUser(key=f"user/{number}", roles=("auditor",)) for number in range(500)]
    nothing = Limit(count=0, percent=0)
    strict = Guardrails(max_deactivations=nothing, max_member_removals=nothing, max_role_revocations=nothing)

    assert [] == said(changes, strict)


def test_where_only_some_keys_were_read_the_people_are_those_on_record() -> None:
    """The totals of memberships and roles are not known."""
    read = live_state(live_user("ann"), certificate=Certificate("targeted", 1, 0, 1))

    assert Totals(users=40, memberships=None, roles=None) == count_population(read, 40)
    assert [] == check_population(Totals(None, None, None), 40, Guardrails())


def test_a_percentage_of_what_is_not_known_counts_as_exceeded() -> None:
    """The hint gives the reason and the read that shows the total."""
    removed: list[Change] = [
        RemoveMembers(key="group/desk", target_id="x", members=tuple(f"user/u{number:02}" for number in range(26)))
    ]
    [problem] = check_guardrails(removed, Guardrails(), Totals(5000, None, None))

    assert problem.message.startswith("max_member_removals: 26 is above 25 and 5 % of all: user/u00 of group/desk,")
    assert "a partial read does not show the total: use --read full, or raise" in (problem.hint or "")
    most, all_of_them = (Guardrails(max_member_removals=Limit(percent=percent)) for percent in (99.9, 100))
    assert (1, 0) == tuple(len(check_guardrails(removed, one, Totals(5000, None, None))) for one in (most, all_of_them))
    [counted] = check_guardrails(removed, Guardrails(max_member_removals=Limit(count=3)), Totals(5000, None, None))
    assert (counted.hint or "").startswith("raise guardrails.max_member_removals")


def held(key: str, before: str = "", after: str = "") -> EffectiveRoles:
    return EffectiveRoles(key, key, frozenset(before.split()), frozenset(after.split()))


ADMIN = "account_administrator"


@pytest.mark.parametrize(
    ("effective_roles", "refused"),
    [
        ([held("user/ann", ADMIN, "")], True),
        ([held("user/ann", f"{ADMIN} auditor", "auditor")], True),
        ([held("user/ann", ADMIN, ""), held("user/bob", "", ADMIN)], False),
        ([held("user/ann", ADMIN, ""), held("id/x", ADMIN, ADMIN)], False),
        ([held("user/ann", ADMIN, ""), held("user/bob", ADMIN, "")], True),
        ([held("user/ann", "auditor", "")], False),
        ([], False),
    ],
)
def test_the_last_account_administrator_stays(effective_roles: list[EffectiveRoles], refused: bool) -> None:  # noqa: FBT001
    """Without anything declared; who was never there is not missed."""
    assert refused is bool(check_last_holders(effective_roles, Guardrails(), LARGE))


def test_a_refusal_says_which_role_nobody_would_hold_and_who_would_lose_it() -> None:
    """And of an account that was not read whole, that it may be otherwise."""
    losing = [held("user/ann", "auditor"), held("user/bob", "auditor")]
    guardrails = Guardrails(never_without=["auditor"])
    [problem] = check_last_holders(losing, guardrails, LARGE)
    [unsure] = check_last_holders(losing, guardrails, Totals(9, None, None))

    assert "never_without: no user would hold auditor any more: user/ann, user/bob would lose it" == problem.message
    assert ("guardrail", "error", "give it to another user first") == (problem.code, problem.severity, problem.hint)
    assert "never_without: no user would hold auditor any more, as far as a partial read shows: " in unsure.message
    assert "use --read full, or give it to another user first" == unsure.hint


def test_each_limit_counts_what_it_is_about_and_both_of_its_numbers_must_be_exceeded() -> None:
    """A revoked role is no member removed; more than five of a thousand is below two in a hundred."""
    revoked: list[Change] = [RevokeRoles(key="user/ann", target_id="1", roles=("auditor",))]
    leavers: list[Change] = [DeactivateUser(key=f"user/u{number}", target_id="1") for number in range(6)]

    assert [] == check_guardrails(revoked, Guardrails(max_member_removals=Limit(count=0)), LARGE)
    assert [] == check_guardrails(leavers, Guardrails(max_deactivations=Limit(count=5, percent=2)), LARGE)


@pytest.mark.parametrize(("count", "ends"), [(10, "u09"), (11, "u09 and 1 more"), (12, "u09 and 2 more")])
def test_ten_are_named_and_the_others_counted(count: int, ends: str) -> None:
    """None is counted where all are named."""
    leavers: list[Change] = [DeactivateUser(key=f"user/u{number:02}", target_id="1") for number in range(count)]
    [problem] = check_guardrails(leavers, Guardrails(max_deactivations=Limit(count=1)), LARGE)

    assert problem.message.endswith(f", user/{ends}")


def test_each_role_is_looked_at_though_another_is_held() -> None:
    """A role that no user loses does not hide one that a user loses."""
    guardrails = Guardrails(never_without=["key_contact", ADMIN, "auditor"])
    effective_roles = [held("user/ann", f"{ADMIN} auditor", ADMIN)]

    assert ["never_without: no user would hold auditor any more: user/ann would lose it"] == [
        one.message for one in check_last_holders(effective_roles, guardrails, LARGE)
    ]


def test_a_role_that_waits_for_a_person_has_no_holder_yet() -> None:
    """4me may never link the person: the last administrator stays until somebody else is one."""
    guardrails = Guardrails(never_without=[ADMIN])
    successor = EffectiveRoles("user/bob", "bob", after=frozenset({ADMIN}), awaited=frozenset({ADMIN}))
    known = EffectiveRoles("user/bob", "bob", after=frozenset({ADMIN}))

    assert [] == check_last_holders([held("user/ann", ADMIN), known], guardrails, LARGE)
    [problem] = check_last_holders([held("user/ann", ADMIN), successor], guardrails, LARGE)
    assert f"never_without: no user would hold {ADMIN} any more: user/ann would lose it" == problem.message


def test_no_role_need_be_held_where_git_says_so() -> None:
    """An edit, to be reviewed."""
    assert [] == check_last_holders([held("user/ann", ADMIN)], Guardrails(never_without=[]), LARGE)


def test_nobody_is_deactivated_with_their_own_credentials() -> None:
    """The owner of the credentials is known; other users may be deactivated."""
    ann, bob = (replace(live_user(name), person=name) for name in ("ann", "bob"))
    leave: list[Change] = [
        DeactivateUser(key=f"user/{one}", target_id=f"id-{one}", source=LINE) for one in ("ann", "bob")
    ]
    update: list[Change] = [
        UpdateUser(key="user/ann", target_id="id-ann", source=LINE),
        AddMembers(key="group/staff", target_id="id-ann", members=("user/bob",)),  # a group may have the same id
    ]
    mine = replace(live_state(ann, bob), me=b"ann".decode())  # as it comes from another answer

    [problem] = check_own_user(leave, mine)

    assert "own user: user/ann would be deactivated, and the program uses this user's credentials" == problem.message
    assert ("guardrail", "error", LINE) == (problem.code, problem.severity, problem.source)
    assert [] == check_own_user(update, mine)
    assert [] == check_own_user(leave, live_state(ann, bob))
    assert [] == check_own_user(leave, live_state(live_user("ann"), live_user("bob")))


def rewritten(number: int, path: str = "title", after: str | None = "new") -> UpdateUser:
    change = AttributeChange(path=path, before="old", after=after)
    return UpdateUser(key=f"user/{number:02}", target_id=f"id-{number}", attributes=(change,), source=LINE)


def test_a_login_rewritten_everywhere_is_refused_by_default() -> None:
    """A mapping with a typing error rewrote 60 logins of 60."""
    sixty = Totals(60, 0, 0)
    changes: list[Change] = [rewritten(number, "userName") for number in range(60)]

    [message] = said(changes, Guardrails(), sixty)

    assert message.startswith("max_identity_updates: 60 is above 5 and 2 % of 60: user/00, ")
    assert [] == said(changes[:5], Guardrails(), sixty)


def test_a_column_that_is_cleared_is_refused_by_default() -> None:
    """By attribute; other values that change are no clears."""
    sixty = Totals(60, 0, 0)

    [message] = said([rewritten(number, after=None) for number in range(60)], Guardrails(), sixty)

    assert message.startswith("max_clears: 60 is above 25 and 5 % of 60: title of user/00, ")
    assert [] == said([rewritten(number) for number in range(60)], Guardrails(), sixty)


def test_twenty_applies_of_one_leaver_each_are_stopped_by_default() -> None:
    """The sixth, in a company of sixty: what earlier ones did within a day counts with it."""
    passed = 0
    while not check_guardrails(leavers(1), Guardrails(), Totals(60 - passed, 0, 0), {"max_deactivations": passed}):
        passed += 1
    [problem] = check_guardrails(leavers(1), Guardrails(), Totals(55, 0, 0), {"max_deactivations": 5})

    assert 5 == passed
    assert (
        "max_deactivations: 6 is above 5 and 2 % of 60 (5 of them done by earlier applies within 24h): user/00"
    ) == problem.message
    assert (problem.hint or "").endswith("make the change smaller, or wait until the earlier applies no longer count")


def test_a_plan_that_adds_nothing_to_what_was_done_passes() -> None:
    """However much that was."""
    assert [] == check_guardrails([], Guardrails(), LARGE, {"max_deactivations": 500})


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("max_member_removals", [RemoveMembers(key="group/desk", target_id="x", members=("user/ann",))]),
        ("max_role_revocations", [RevokeRoles(key="user/ann", target_id="x", roles=("auditor",))]),
        ("max_updates", [rewritten(1)]),
        ("max_identity_updates", [rewritten(1, "userName")]),
        ("max_clears", [rewritten(1, after=None)]),
    ],
)
def test_every_limit_counts_what_was_done_before(name: str, changes: list[Change]) -> None:
    """By the name of its guardrail."""
    one = Guardrails.model_validate({name: {"count": 1}})

    assert [] == check_guardrails(changes, one, LARGE)
    [problem] = check_guardrails(changes, one, LARGE, {name: 1})
    assert problem.message.startswith(f"{name}: 2 is above 1 (1 of them done by earlier applies within 24h): ")


def test_privileged_grants_count_those_that_were_done_before() -> None:
    """One a day each."""
    effective_roles = [EffectiveRoles("user/ann", "Ann", frozenset(), frozenset({"account_designer"}))]
    one = Guardrails(max_privileged_grants=Limit(count=1))

    assert [] == check_privileged_grants(effective_roles, one, LARGE)
    assert 1 == len(check_privileged_grants(effective_roles, one, LARGE, {"max_privileged_grants": 1}))


def test_updates_are_of_users_and_groups_and_so_is_their_percentage() -> None:
    """Of which the account has so many."""
    limit = Guardrails(max_updates=Limit(count=0, percent=50))

    assert [] == said([rewritten(1), rewritten(2)], limit, Totals(2, 0, 0, groups=2))
    assert ["max_updates: 2 is above 0 and 50 % of 3: user/01, user/02"] == said(
        [rewritten(1), rewritten(2)], limit, Totals(2, 0, 0, groups=1)
    )


def adopted(number: int) -> UpdateUser:
    given = AttributeChange(path="externalId", before=None, after=f"{number:02}")
    reason = "adopt: found by userName; holds user"
    return UpdateUser(
        key=f"user/{number:02}", target_id=f"id-{number}", attributes=(given,), reason=reason, adopted="userName"
    )


def test_adoptions_have_a_limit_of_their_own_but_for_the_first_apply() -> None:
    """Which takes over an account that exists."""
    changes: list[Change] = [adopted(number) for number in range(60)]

    [message] = said(changes, Guardrails(), Totals(60, 0, 0))

    assert message.startswith("max_adoptions: 60 is above 50 and 10 % of 60: ")
    assert [message] == [problem.message for problem in check_limits(changes, Guardrails(), Totals(60, 0, 0))]
    assert [] == check_guardrails(changes, Guardrails(), Totals(60, 0, 0), first_apply=True)


def test_every_other_limit_holds_at_the_first_apply_too() -> None:
    """An account that is taken over is not written at will."""
    limit = Guardrails(max_updates=Limit(count=0, percent=0))

    [problem] = check_guardrails([rewritten(1)], limit, Totals(60, 0, 0), first_apply=True)

    assert problem.message.startswith("max_updates: 1 is above 0")


def test_a_pull_request_of_one_person_passes_where_little_is_known() -> None:
    """Only some keys were read, and nothing is on record."""
    nothing = Totals(None, None, None)
    ann: list[Change] = [
        rewritten(1, "userName"),
        rewritten(1, after=None),
        adopted(2),
        DeactivateUser(key="user/03", target_id="x"),
        RemoveMembers(key="group/desk", target_id="y", members=("user/04",)),
        RevokeRoles(key="user/05", target_id="z", roles=("auditor",)),
    ]

    assert [] == said(ann, Guardrails(), nothing)


@pytest.mark.parametrize("path", ["userName", "externalId", "emails"])
def test_the_login_of_the_protected_is_not_rewritten(path: str) -> None:
    """At any limit; a title may change."""
    before, after = ("a@example.com", "b@example.com")
    values = (
        ([{"value": before, "primary": True}], [{"value": after, "primary": True}])
        if path == "emails"
        else (before, after)
    )
    change = AttributeChange.model_validate({"path": path, "before": values[0], "after": values[1]})
    updated = UpdateUser(key="user/break.glass", target_id="x", attributes=(change,), source=LINE)
    guardrails = Guardrails(protected=["user/break.glass"])
    lost = "primary e-mail" if path == "emails" else path

    [problem] = check_guardrails([updated], guardrails, LARGE)

    assert f"protected: user/break.glass would lose their {lost} (update_user)" == problem.message
    assert f"remove the key from guardrails.protected in git, or keep the {lost}" == problem.hint
    assert [] == check_guardrails([updated.model_copy(update={"key": "user/ann"})], guardrails, LARGE)
    titled = updated.model_copy(update={"attributes": rewritten(1).attributes})
    assert [] == check_guardrails([titled], guardrails, LARGE)


def test_the_protected_stay_in_their_groups() -> None:
    """Others of the same group may go."""
    removed = RemoveMembers(key="group/desk", target_id="x", members=("user/ann", "user/break.glass"), source=LINE)

    [problem] = check_guardrails([removed], Guardrails(protected=["user/break.glass"]), LARGE)

    assert "protected: user/break.glass would lose membership of group/desk (remove_members)" == problem.message
    assert (problem.hint or "").endswith("or keep the membership")
