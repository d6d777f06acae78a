"""No plan fights a service in silence: what it refuses or stores otherwise is shown, remembered, and said again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.simulator.alteration import Alteration
from reconciler.core.simulator.quirks import Quirks
from tests.cli.office import Office, opening
from tests.cli.project import Project

NFD = "Zoe\u0308"
TEAM = """\
users:
  ana: {userName: ana@example.com, displayName: Ana, title: Clerk, department: IT}
  bo: {userName: bo@example.com, displayName: Bo, title: Clerk}
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An account over HTTP with ana and bo in it, and a repository."""
    with opening(Project(tmp_path / "project", monkeypatch)) as one:
        one.commit(TEAM)
        assert 0 == one.project.run("apply", "--yes").code
        yield one


def problems(office: Office, *codes: str) -> dict[str, tuple[str, str]]:
    """The problems of a plan by code: message and hint."""
    found = office.project.run("plan", "--format", "json").document["problems"]
    return {one["code"]: (one["message"], one["hint"]) for one in found if one["code"] in codes}


STORED: dict[Alteration, tuple[str, str, str]] = {
    "trim": ('"Lead "', 'title: asked "Lead ", got "Lead"', "Lead"),
    "compose": (f'"{NFD}"', 'title: asked "Zoe\\u0308", got "Zo\\u00eb"', "Zo\u00eb"),
    "lower": ("Lead", 'title: asked "Lead", got "lead"', "lead"),
    "cut": ("Lead Engineer", 'title: asked "Lead Engineer", got "Lead Eng"', "Lead Eng"),
}


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
@pytest.mark.parametrize("how", STORED)
def test_a_value_that_the_service_stores_otherwise_is_said_until_it_is_written(
    office: Office, how: Alteration, dialect: str
) -> None:
    """The outcome shows what was asked and what is there; the next plans how often, and the line to write."""
    value, shown, kept = STORED[how]
    office.behaves(Quirks(alters=(("title", how),)))
    office.commit(TEAM.replace("title: Clerk, department", f"title: {value}, department"), dialect=dialect)
    assert {} == problems(office, "never_taken", "left_open")

    status, detail = office.outcomes()["user/ana update_user"]
    assert ("failed", f"the service answered with success, but not as asked: {shown}") == (status, detail)
    for times in ("once", "twice", "3 times"):
        [(message, hint)] = problems(office, "never_taken", "left_open").values()
        assert f"asked {times}, never taken: user/ana: {shown}" == message
        assert f'write what the account keeps: users.ana.title: "{kept}"; until then, every plan' in hint
        assert 1 == office.project.run("apply", "--yes").code

    office.commit(TEAM.replace("title: Clerk, department", f'title: "{kept}", department'), dialect=dialect)
    assert office.project.run("plan").out.startswith("Plan for office: nothing to do\n")
    assert "warning" not in office.project.run("plan").out


def test_a_difference_that_does_not_count_is_none(office: Office) -> None:
    """userName and addresses compare without case (RFC 7643 sections 4.1.1 and 2.2)."""
    office.behaves(Quirks(alters=(("userName", "lower"), ("emails", "lower"))))
    office.commit(TEAM.replace("ana@example.com,", "Ana@Example.com, emails: [{value: A@Example.com, primary: true}],"))

    assert {"user/ana update_user": ("applied", "")} == office.outcomes()
    assert office.project.run("plan").out.startswith("Plan for office: nothing to do\n")


def test_values_of_a_list_that_are_dropped_are_shown(office: Office) -> None:
    """And what to leave out."""
    office.behaves(Quirks(ignores=frozenset({"phoneNumbers", "roles"})))
    office.commit(
        TEAM.replace("department: IT}", "department: IT, phoneNumbers: [{value: '1', type: work}]}")
        + "role_assignments: [{role: auditor, users: [ana]}]\n"
    )

    told = office.outcomes()

    assert 'phoneNumbers: asked work "1", got nothing' in told["user/ana update_user"][1]
    assert "auditor was not granted" in told["user/ana grant_roles"][1]
    found = office.project.run("plan", "--format", "json").document["problems"]
    messages = {one["message"]: one["hint"] for one in found if one["code"] == "never_taken"}
    assert {
        'asked once, never taken: user/ana: phoneNumbers: asked work "1", got nothing',
        "asked once, never taken: user/ana: auditor was not granted",
    } == set(messages)
    assert any(
        hint.startswith("leave phoneNumbers out, of which the account keeps nothing") for hint in messages.values()
    )
    assert any(hint.startswith("leave these roles out of role_assignments") for hint in messages.values())


REFUSED = Quirks(refuses=frozenset({"title"}), names_refused=False)
CHIEF = TEAM.replace("title: Clerk, department: IT", "title: Chief, department: Board, costCenter: '7'")


def test_a_refused_attribute_is_remembered_named_and_asked_for_apart(office: Office) -> None:
    """The next apply does not run into it; the plan says what to leave out; a mended service takes it."""
    office.behaves(REFUSED)
    office.commit(CHIEF)
    assert {} == problems(office, "refused_before")

    status, detail = office.outcomes()["user/ana update_user"]

    assert "failed" == status
    assert detail.startswith(
        "title refused: 400 invalid; all else of it was done; to stop asking, leave out users.ana.title"
    )
    assert ("Board", "Clerk") == (_department(office), office.users["ana"]["title"])

    office.commit(CHIEF.replace("Bo, title: Clerk", "Bo, title: Boss, department: Board, costCenter: '8'"))
    [(message, hint)] = problems(office, "refused_before").values()
    assert "asked before and refused: title (400 invalid), now for user/ana, user/bo" == message
    assert hint.startswith("leave out users.*.title or map it away; until then, each apply asks for it again, apart")
    office.asked.clear()
    told = office.outcomes()
    assert {"user/ana update_user": "failed", "user/bo update_user": "failed"} == {
        key: one[0] for key, one in told.items()
    }
    ana, bo = (f"PATCH /Users/{office.users[key]['id']}" for key in ("ana", "bo"))
    assert (1, 2) == (office.asked.count(ana), office.asked.count(bo)), "the title alone, and bo's rest before it"

    office.behaves()
    assert {"applied"} == {status for status, _detail in office.outcomes().values()}
    assert {} == problems(office, "refused_before", "never_taken")
    office.commit(CHIEF.replace("Chief", "Queen").replace("Board", "Throne"))
    office.asked.clear()
    office.outcomes()
    assert 1 == office.asked.count(ana), "it is forgotten"


def _department(office: Office) -> Any:
    return next(
        part["department"] for part in office.users["ana"].values() if isinstance(part, dict) and "department" in part
    )


def test_a_mapping_is_named_by_its_line(office: Office) -> None:
    """Not the user's line: the value is made there."""
    rules = 'attribute_mappings: {users: [{target: title, expression: "{{ displayName }} of us all"}]}\n'
    office.behaves(Quirks(alters=(("title", "cut"),)))
    office.commit(TEAM + rules)
    office.outcomes()

    [problem] = [
        one
        for one in office.project.run("plan", "--format", "json").document["problems"]
        if one["code"] == "never_taken"
    ]

    assert (
        'asked once, never taken: user/ana: title: asked "Ana of us all", got "Ana of u"; user/bo' in problem["message"]
    )
    assert "let the mapping to title make the value that the account keeps" in problem["hint"]
    lines = (office.project.root / "desired-state/all.yaml").read_text(encoding="utf-8").splitlines()
    [line] = [number for number, text in enumerate(lines, 1) if "expression" in text]
    assert line == problem["source"]["line"]


def test_in_another_dialect_or_at_another_address_all_is_new(office: Office) -> None:
    """The service may take there what it refuses here."""
    office.behaves(REFUSED)
    office.commit(CHIEF)
    office.outcomes()
    assert ["refused_before"] == list(problems(office, "refused_before"))

    office.commit(CHIEF, dialect="rfc7644")

    assert {} == problems(office, "refused_before")


def test_without_the_private_folder_the_record_says_that_it_was_asked_before(office: Office) -> None:
    """On a build machine that keeps nothing: without values, and so without what to write."""
    office.behaves(Quirks(alters=(("title", "trim"),)))
    office.commit(TEAM.replace("title: Clerk, department", 'title: "Lead ", department'))
    office.outcomes()
    shutil.rmtree(office.project.root / ".reconciler")

    [(message, hint)] = problems(office, "never_taken", "left_open").values()

    assert "apply #2 left undone, and this plan contains it again: title of user/ana" == message
    assert "write the value that the account keeps" in hint


def test_of_a_create_too_the_record_says_it(office: Office) -> None:
    """The user exists since: only the title is open."""
    office.behaves(Quirks(alters=(("title", "trim"),)))
    office.commit(TEAM + '  cy: {userName: cy@example.com, displayName: Cy, title: "Lead "}\n')
    office.outcomes()
    assert [{"kind": "all_but"}] == [one["covers"] for one in office.project.applies("office")][-1:], "cy is owned"
    shutil.rmtree(office.project.root / ".reconciler")

    [(message, _hint)] = problems(office, "never_taken", "left_open").values()

    assert "apply #2 left undone, and this plan contains it again: title of user/cy" == message


def test_a_log_that_can_not_be_read_is_a_warning(office: Office) -> None:
    """And no silence."""
    (office.project.root / ".reconciler" / "provisioning-log.db").write_bytes(b"no database at all")

    [(message, hint)] = problems(office, "log_unreadable").values()

    assert "provisioning-log.db can't be used" in message
    assert hint.startswith("repair the file or move it away")


def test_no_redacted_value_is_in_what_is_said_or_remembered(office: Office) -> None:
    """Neither the one asked for nor the one that is there."""
    office.behaves(Quirks(alters=(("title", "trim"),)))
    office.commit("redact: [title]\n" + TEAM.replace("title: Clerk, department", 'title: "Forewoman ", department'))

    told = json.dumps(office.outcomes())
    again = office.project.run("plan", "--format", "json")
    [message] = [one["message"] for one in again.document["problems"] if one["code"] == "never_taken"]

    assert 'title: asked \\"fingerprint:' in told
    assert message.startswith('asked once, never taken: user/ana: title: asked "fingerprint:')
    log = (office.project.root / ".reconciler" / "provisioning-log.db").read_bytes()
    for text in (told, again.said, log.decode("latin-1")):
        assert "Forewoman" not in text


def test_every_report_shows_what_was_asked_and_what_is_there(office: Office) -> None:
    """Text, Markdown, HTML, JSON and the provisioning log."""
    office.behaves(Quirks(alters=(("title", "trim"),)))
    office.commit(TEAM.replace("title: Clerk, department", 'title: "Lead ", department'))
    outcome = office.project.run("apply", "--yes", "--format", "json")
    office.project.write(outcome.out, "outcome.json")

    [one] = [one for one in outcome.document["outcomes"] if one["change"]["key"] == "user/ana"]
    assert [{"path": "title", "why": "changed", "asked": "Lead ", "got": "Lead"}] == one["undone"]
    assert 'title: asked "Lead ", got "Lead"' in office.project.run("show", "outcome.json").told
    assert "Lead" in office.project.run("show", "outcome.json", "--format", "markdown").out
    assert "Lead" in office.project.run("show", "outcome.json", "--format", "html").out
    assert 'title: asked "Lead ", got "Lead"' in office.project.run("log", "--key", "ana").out
    office.project.run("log", "--prune", "--older-than", "0d")
    assert {} == problems(office, "never_taken")


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_a_leaver_whom_the_service_does_not_deactivate_is_named_until_it_does(office: Office, dialect: str) -> None:
    """A user who keeps access is the last thing to be silent about."""
    office.behaves(Quirks(ignores=frozenset({"active"})))
    office.commit(TEAM.replace("displayName: Bo,", "displayName: Bo, active: false,"), dialect=dialect)
    assert {} == problems(office, "never_taken")

    for times in ("once", "twice"):
        assert 1 == office.project.run("apply", "--yes").code
        [(message, hint)] = problems(office, "never_taken").values()
        assert f"asked {times}, never taken: user/bo: active: asked false, got true" == message
        assert hint.startswith("set it in the account by hand, or find out there why it is not taken;")

    office.behaves()
    assert 0 == office.project.run("apply", "--yes").code
    office.commit(TEAM, dialect=dialect)
    assert {} == problems(office, "never_taken")


def test_one_refused_attribute_of_many_users_is_one_line(office: Office) -> None:
    """Of one user, the line names the key; of many, it has a star, as in the plan that follows."""
    office.behaves(Quirks(refuses=frozenset({"costCenter"})))
    office.commit(TEAM.replace("title: Clerk", "title: Clerk, costCenter: C"))

    ran = office.project.run("apply", "--yes")

    told = " ".join(ran.out.split())
    assert 1 == told.count("failed update user: Ana (user/ana), Bo (user/bo): costCenter refused: 400 ")
    assert "to stop asking, leave out users.*.costCenter, or the mapping whose target is costCenter" in told

    office.commit(TEAM.replace("title: Clerk}", "title: Clerk, costCenter: C}"))
    assert "leave out users.bo.costCenter, or" in " ".join(office.project.run("apply", "--yes").out.split())
