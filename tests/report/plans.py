"""Plans to be told: the smallest that can be, and ten stories that a reviewer meets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.core.changes.outcome import Outcome, Run
from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Cause,
    Change,
    Cost,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    Plan,
    ReactivateUser,
    ReadSummary,
    RemoveMembers,
    RevokeRoles,
    Skipped,
    Unmanaged,
    UpdateGroup,
    UpdateUser,
)
from reconciler.errors import Problem, Source

READ = ReadSummary(mode="full", complete=True, users=4, groups=1, requests=2)
COMPANY = ReadSummary(mode="full", complete=True, users=1_204, groups=38, requests=89)
DESK: dict[str, Any] = {"key": "group/service-desk", "name": "Service Desk", "target_id": "g-desk"}
NAMES = ("Ada Lee", "Bram Hendriks", "Chidi Okafor", "Dalia Haddad", "Elena Marchetti", "Femke Jansen", "Gita Shrestha")
HOSTILE = "@acme/everyone | <img src=x onerror=alert(1)> [x](https://evil.example) #1 `whoami`"


def attribute(path: str, before: Any, after: Any) -> AttributeChange:
    """One attribute that changes."""
    return AttributeChange(path=path, before=before, after=after)


def make(*changes: Change, **fields: Any) -> Plan:
    """A plan of the changes that nothing blocks."""
    required = {"tenant": "qa", "url": "sandbox", "commit": None, "base": None, "as_of": "2026-03-31", "read": READ}
    facts = {"applyable": True, "converges": True, "cost": Cost(requests=len(changes), seconds=0.0)}
    return Plan(changes=changes, **{**required, **facts, **fields})


def at(line: int, file: str = "people", author: str = "Ada Lee") -> Source:
    """A line of git, and who wrote it."""
    return Source(f"desired-state/users/{file}.yaml", line, "1a2b3c4d5e6f7a8b9c0d", author)


def somebody(number: int) -> dict[str, Any]:
    """One of many people."""
    first, last = NAMES[number % len(NAMES)].split()
    name = f"{first} {last}" if number < len(NAMES) else f"{first} {last} {number}"
    key = "user/" + name.lower().replace(" ", ".")
    return {"key": key, "name": name, "target_id": f"u-{number}", "source": at(8 + 7 * number)}


def new_hire() -> Plan:
    """Somebody starts on Monday, and what they need is there."""
    erin: dict[str, Any] = {
        "key": "user/erin.walsh",
        "name": "Erin Walsh",
        "reason": 'holds specialist; passes "Permanent staff"',
    }
    return story(
        CreateUser(
            **erin,
            source=at(12),
            roles=("specialist",),
            attributes=(
                attribute("displayName", None, "Erin Walsh"),
                attribute("emails", None, [{"type": "work", "value": "erin.walsh@example.com", "primary": True}]),
                attribute("externalId", None, "erin.walsh"),
                attribute("manager", None, "user/bram.hendriks"),
                attribute("title", None, "Service Desk Analyst"),
                attribute("userName", None, "erin.walsh@example.com"),
            ),
        ),
        AddMembers(
            **DESK,
            members=("user/erin.walsh",),
            reason="they should be members, and are not",
            source=Source("desired-state/groups.yaml", 21),
        ),
        problems=(expires_soon(),),
    )


def expires_soon() -> Problem:
    """A role that is about to end."""
    return Problem(
        "expires_soon",
        "auditor of user/elena.marchetti ends on 2026-12-01",
        Source("desired-state/roles.yaml", 14),
        "change the date if it is still needed",
        severity="warning",
    )


def leaver() -> Plan:
    """Somebody left, and leaves two groups and their reports' manager behind."""
    gita = somebody(6)
    return story(
        DeactivateUser(**gita, reason="left git since it was last applied"),
        RemoveMembers(**DESK, members=(gita["key"],)),
        RemoveMembers(key="group/london", name="London", target_id="g-london", members=(gita["key"],)),
        UpdateUser(
            **somebody(1),
            attributes=(attribute("manager", gita["key"], "user/dalia.haddad"),),
            reason="holds user",
        ),
    )


def mass_change() -> Plan:
    """A department is renamed: 214 people, told once; two people are told apart, for more becomes of them."""
    renamed = attribute("department", "Sales", "Revenue")
    people = [UpdateUser(**somebody(number), attributes=(renamed,), reason="holds user") for number in range(2, 216)]
    promoted = (renamed, attribute("title", "Account Manager", "Head of Revenue"))
    return story(
        *people,
        UpdateUser(**somebody(0), attributes=promoted, reason="holds user"),
        UpdateGroup(
            key="group/sales",
            name="Acme Sales",
            target_id="g-sales",
            attributes=(attribute("displayName", "Acme Sales", "Acme Revenue"),),
            reason="declared in git",
            source=Source("desired-state/groups.yaml", 30),
        ),
        AddMembers(
            key="group/quota",
            name="Quota Holders",
            target_id="g-quota",
            members=tuple(one.key for one in people[:120]),
            reason="they should be members, and are not",
        ),
        GrantRoles(**somebody(3), roles=("key_contact",), reason="holds key_contact"),
        GrantRoles(**somebody(4), roles=("key_contact",), reason="holds key_contact"),
        cost=Cost(requests=218, seconds=31.0),
        problems=(
            Problem(
                "group_renamed",
                "renaming Acme Sales renames the organization of that name in 4me too",
                Source("desired-state/groups.yaml", 30),
                severity="warning",
            ),
        ),
    )


def guardrail_refuses() -> Plan:
    """A file was deleted by mistake: thirty people would lose access, and nothing happens."""
    leavers = [DeactivateUser(**somebody(number), reason="left git since it was last applied") for number in range(30)]
    keys = tuple(one.key for one in leavers)
    hint = "raise guardrails.max_deactivations in git and have it reviewed, or make the change smaller"
    said = "max_deactivations: 30 is above 5 and 2 % of 1204: user/ada.lee, user/bram.hendriks and 28 more"
    return story(
        *leavers,
        RemoveMembers(**DESK, members=keys[:12]),
        RevokeRoles(
            **somebody(40), roles=("account_administrator", "specialist"), reason="no assignment in git gives it"
        ),
        applyable=False,
        problems=(Problem("guardrail", said, None, hint),),
    )


def incomplete_read() -> Plan:
    """The account answered with fewer people than it announced."""
    hint = "plan again; a plan from an incomplete read is not applied"
    return story(
        CreateUser(**{**somebody(0), "target_id": None}, reason="holds user"),
        applyable=False,
        read=COMPANY.model_copy(update={"complete": False, "users": 1_179}),
        problems=(
            Problem(
                "incomplete_read", "the read is not complete: Users: 1204 were announced and 1179 came", None, hint
            ),
        ),
    )


def conflict() -> Plan:
    """Both sides changed a title; something else was merged earlier, and somebody changed a group by hand."""

    def retitled(number: int, before: str, after: str, cause: Cause) -> UpdateUser:
        told = somebody(number)
        return UpdateUser(**told, attributes=(attribute("title", before, after),), reason="holds user", cause=cause)

    return story(
        retitled(0, "Principal Analyst", "Team Lead", "conflict"),
        retitled(1, "Analyst", "Senior Analyst", "this_change"),
        retitled(2, "Clerk", "Controller", "merged"),
        RemoveMembers(
            **DESK,
            members=("id/u-4711", "user/elena.marchetti"),
            cause="drift",
            reason="membership is authoritative, and they should not be members",
            source=Source("desired-state/groups.yaml", 21),
        ),
        unmanaged=(Unmanaged(kind="user", id="u-4711", name="Mallory Stranger"),),
    )


def only_drift() -> Plan:
    """The branch edits no YAML, and the account is not as git says anyway."""
    return story(
        UpdateUser(
            **somebody(2), attributes=(attribute("title", "King", "Clerk"),), reason="holds user", cause="drift"
        ),
        ReactivateUser(**somebody(3), reason="holds user", cause="drift"),
        RevokeRoles(**somebody(5), roles=("auditor",), reason="no assignment in git gives it", cause="drift"),
    )


def filter_edit() -> Plan:
    """A scoping filter was tightened, and takes the access of those who fall out."""
    out = "passes no scoping filter"
    lost = [DeactivateUser(**somebody(number), reason=out) for number in range(4)]
    named = "; ".join(f"{one.name} ({one.key}), it is contractor" for one in lost)
    place = Source("desired-state/scoping-filters.yaml", 5)
    return story(
        *lost,
        CreateUser(**{**somebody(9), "target_id": None}, reason="holds user"),
        problems=(
            Problem(
                "filter_change",
                'the edit of the scoping filters takes access from 4 users: the filter "Permanent staff" requires '
                f"contractType EQUALS permanent: {named}",
                place,
                severity="warning",
            ),
            Problem(
                "filter_change",
                'the edit of the scoping filters gives access to 1 user: the filter "Permanent staff" no longer '
                "requires site EQUALS London: Chidi Okafor 9 (user/chidi.okafor.9)",
                place,
                severity="info",
            ),
        ),
        skipped=(
            Skipped(key="user/luis.ortega", reason="declared inactive: active is false; inactive already"),
            Skipped(key="user/mei.tanaka", reason="declared inactive: active is false; inactive already"),
        ),
    )


def hostile_names() -> Plan:
    """Names that would ping a team, break a table and run in a page, if they could."""
    return story(
        UpdateUser(
            key="user/eve.null",
            name=HOSTILE,
            target_id="u-eve",
            attributes=(
                attribute("displayName", "Eve Null", HOSTILE),
                attribute("title", "one\ntwo \u202eeerht", "</details><script>alert(1)</script>"),
                attribute("nickName", "Eve ", "|---|---|"),
            ),
            reason=f'passes "{HOSTILE}"',
            source=Source("desired-state/@acme/all.yaml", 3, "1a2b3c4d5e6f", HOSTILE),
        ),
        RemoveMembers(key="group/<b>", name="</summary>", target_id="g", members=("id/x",), reason="~~none~~"),
        unmanaged=(Unmanaged(kind="user", id="x", name="![x](https://evil.example/x.png)"),),
        problems=(Problem("ambiguous", f"two are called {HOSTILE}", at(3), "ask @acme/admins"),),
    )


def huge_plan_cut() -> Plan:
    """The first sync of a company: more than a comment holds. Who loses something is all there."""
    gone = [DeactivateUser(**somebody(number), reason="left git since it was last applied") for number in range(40)]
    changed = [
        UpdateUser(
            **somebody(number),
            attributes=(attribute("employeeNumber", f"{number}", f"{number:06}"),),
            reason="holds user",
        )
        for number in range(100, 900)
    ]
    groups = [
        CreateGroup(key=f"group/g{number:03}", name=f"Group {number}", reason="declared in git") for number in range(9)
    ]
    return story(*gone, *changed, *groups, cost=Cost(requests=849, seconds=450.0))


def story(*changes: Change, **fields: Any) -> Plan:
    """A plan for the account of a company."""
    facts: dict[str, Any] = {
        "tenant": "production",
        "url": "https://api.example.com/scim/v2",
        "commit": "1a2b3c4d5e6f7a8b9c0d",
        "base": "0f1e2d3c4b5a69788796",
        "as_of": "2026-11-25",
        "read": COMPANY,
        "unmanaged": (Unmanaged(kind="user", id="u-1", name="Setup Account"),),
    }
    return make(*changes, **{**facts, **fields})


STORIES: Mapping[str, Plan] = {
    "new-hire": new_hire(),
    "leaver": leaver(),
    "mass-change": mass_change(),
    "guardrail-refuses": guardrail_refuses(),
    "incomplete-read": incomplete_read(),
    "conflict": conflict(),
    "only-drift": only_drift(),
    "filter-edit": filter_edit(),
    "hostile-names": hostile_names(),
    "huge-plan-cut": huge_plan_cut(),
}


def partial_run() -> Run:
    """An apply of the conflict story in which one change failed, and another waited for it."""
    plan = STORIES["conflict"]
    said = (
        ("failed", "refused: 400, title is too long"),
        ("applied", ""),
        ("already", "the account was compared and has this already; there is nothing to do"),
        ("skipped", ""),
    )
    return Run(
        tenant=plan.tenant,
        commit=plan.commit,
        digest=plan.digest,
        requests=3,
        outcomes=tuple(
            Outcome.model_validate({"change": change.model_dump(), "status": status, "detail": detail}, strict=False)
            for change, (status, detail) in zip(plan.changes, said, strict=True)
        ),
    )
