"""What the answers of a service show of its dialect and quirks: a table, and the settings to declare.

Knows answers to reads; sends nothing. Quirks of writes show only in an apply, which names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal

from reconciler.core.declarations.quirk import Quirk
from reconciler.core.model.amounts import count
from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.scim.refusals import is_no_page
from reconciler.core.scim.wire import ENTERPRISE, NotScim, Page, describe_error, read_page

DialectName = Literal["4me", "rfc7644"]
FEATURES: Final = ("patch", "bulk", "filter", "changePassword", "sort", "etag")
OWN_ATTRIBUTES: Final = frozenset({"site", "supportID"})  # 4me's, in the schema of the enterprise extension
VOLATILE: Final = frozenset({"groups", "meta", "schemas"})
OF_WRITES: Final = "unknown without a write; an apply finds out, and names the quirk to declare"


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """One row: a question, the answer of the service, and what it means for plans; `quirk` is what to declare."""

    question: str
    answer: str
    meaning: str = ""
    quirk: Quirk | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to the reads of a survey; None where nothing could be asked, such as a filter without any user.

    `at_4me` is true for an address of 4me. `user` and `groups_by_id` are the answers to requests by id.
    """

    at_4me: bool
    config: JsonObject
    schemas: Sequence[JsonObject]
    refuses_count: bool
    users: Page
    groups: Page
    second: Response | None = None
    past: Response | None = None
    by_name: Response | None = None
    by_swapped_name: Response | None = None
    by_external_id: Response | None = None
    by_two_names: Response | None = None
    changed_in_future: Response | None = None
    group_by_name: Response | None = None
    user: JsonObject | None = None
    groups_by_id: Sequence[JsonObject] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """The findings, the dialect that they show, and the quirks to declare."""

    findings: tuple[ServiceAnswer, ...]
    dialect: DialectName

    @property
    def quirks(self) -> list[Quirk]:
        """The quirks to declare, in the order of their names."""
        return sorted({finding.quirk for finding in self.findings if finding.quirk})


def judge_service(answers: Answers) -> Survey:
    """Returns what the answers show."""
    dialect, signs = _find_dialect(answers)
    findings = (
        ServiceAnswer("dialect", dialect, signs),
        *_judge_pages(answers),
        *_judge_filters(answers),
        *_judge_users(answers),
        _judge_members(answers),
        ServiceAnswer("form of writes", "not asked", OF_WRITES),
    )
    return Survey(findings, dialect)


def list_features(config: JsonObject) -> dict[str, bool]:
    """Returns the features that a ServiceProviderConfig states (RFC 7643 section 5); none without such a document."""
    stated = {name: config.get(name) for name in FEATURES}
    return {name: bool(value.get("supported")) for name, value in stated.items() if isinstance(value, dict)}


def _find_dialect(answers: Answers) -> tuple[DialectName, str]:
    """Returns the dialect, and the signs of it; a service without a sign of 4me speaks RFC 7644."""
    documentation = str(answers.config.get("documentationUri", "")).lower()
    signs = [
        *(["the address is 4me's"] if answers.at_4me else []),
        *(["its configuration links to 4me's pages"] if "xurrent." in documentation or "4me." in documentation else []),
        *(["its schemas have 4me's attributes"] if _has_own_attributes(answers.schemas) else []),
    ]
    return ("4me", "; ".join(signs)) if signs else ("rfc7644", "no sign of 4me in address, configuration and schemas")


def _has_own_attributes(schemas: Sequence[JsonObject]) -> bool:
    enterprise = next((schema for schema in schemas if schema.get("id") == ENTERPRISE), {})
    listed = enterprise.get("attributes")
    names = {str(one.get("name")) for one in listed if isinstance(one, dict)} if isinstance(listed, list) else set()
    return names >= OWN_ATTRIBUTES


def _judge_pages(answers: Answers) -> Iterator[ServiceAnswer]:
    if answers.refuses_count:
        yield ServiceAnswer("count", "refused", "lists are requested without it", "count_refused")
    else:
        yield ServiceAnswer("count", f"taken, {count(len(answers.users.resources), 'row')} on the first page of users")
    if answers.second is not None:
        yield _judge_start(answers.second, answers.users.resources)
    if answers.past is not None:
        yield _judge_end(answers.past)


def _judge_start(second: Response, users: Sequence[JsonObject]) -> ServiceAnswer:
    rows = rows_of(second)
    if rows is None:
        return ServiceAnswer(
            "startIndex", f"refused: {describe_error(second)}", "accounts of several pages can't be read"
        )
    if [row.get("id") for row in rows[:1]] == [users[1].get("id")]:
        return ServiceAnswer("startIndex", "followed")
    return ServiceAnswer("startIndex", "ignored", "accounts of several pages can't be read")


def _judge_end(past: Response) -> ServiceAnswer:
    if rows_of(past) is not None:
        return ServiceAnswer("page past the end", "answered")
    if is_no_page(past):
        return ServiceAnswer("page past the end", f"refused: {describe_error(past)}", "counts as no such page")
    return ServiceAnswer(
        "page past the end", f"fails: {describe_error(past)}", "reads that end with a full page are incomplete"
    )


def _judge_filters(answers: Answers) -> Iterator[ServiceAnswer]:
    total, groups = answers.users.total, answers.groups.total
    slow = "targeted plans read the whole account"
    if answers.by_name is not None:
        yield _judge_filter("filter by userName", answers.by_name, 1, total, slow)
    if answers.by_swapped_name is not None:
        yield from _judge_case(answers.by_swapped_name, slow)
    if answers.by_external_id is not None:
        yield _judge_filter("filter by externalId", answers.by_external_id, 1, total, slow)
    if answers.by_two_names is not None:
        yield _judge_filter("filter with or", answers.by_two_names, 2, total, "one request for each look-up")
    if answers.changed_in_future is not None:
        slow_drift = "drift reads the whole account"
        yield _judge_filter("filter by meta.lastModified", answers.changed_in_future, 0, total, slow_drift)
    if answers.group_by_name is not None:
        yield _judge_filter("filter by displayName", answers.group_by_name, 1, groups, slow)


def _judge_case(swapped: Response, otherwise: str) -> Iterator[ServiceAnswer]:
    """Yields whether userName is found in another letter case; nothing if the filter is refused or ignored."""
    rows = rows_of(swapped)
    if rows is not None and len(rows) <= 1:
        yield ServiceAnswer("case of userName", "ignored" if rows else "matters", "" if rows else otherwise)


def _judge_filter(question: str, response: Response, expected: int, total: int, otherwise: str) -> ServiceAnswer:
    """Compares the number of results with that of the whole list, because some services ignore filters."""
    rows = rows_of(response)
    if rows is None:
        return ServiceAnswer(question, f"refused: {describe_error(response)}", otherwise)
    if len(rows) == expected == total:
        return ServiceAnswer(question, "answered; all fit, so it is not known whether it filters")
    if len(rows) == expected:
        return ServiceAnswer(question, "works")
    if len(rows) > expected:
        return ServiceAnswer(question, "ignored: it finds others too", otherwise)
    return ServiceAnswer(question, f"finds {len(rows)} of {expected}", otherwise)


def _judge_users(answers: Answers) -> Iterator[ServiceAnswer]:
    rows, by_id = answers.users.resources, answers.user
    if not rows and answers.users.total:
        yield ServiceAnswer("users", f"{answers.users.total:,} announced, none listed", "reads are incomplete")
        return
    if not rows:
        yield ServiceAnswer("users", "none, so their ids, attributes and `active` are unknown")
        return
    yield _judge_active(rows, by_id or {})
    if by_id is not None:
        listed = next((row for row in rows if row.get("id") == by_id.get("id")), {})
        hidden = sorted(
            name for name in by_id.keys() - listed.keys() - VOLATILE if by_id[name] not in (None, [], {}, "")
        )
        if hidden:
            meaning = "each user is read by id too"
            yield ServiceAnswer("lists of users", f"leave out {', '.join(hidden)}", meaning, "lists_hide_attributes")
        else:
            yield ServiceAnswer("lists of users", "have the attributes of a request by id")


def _judge_active(rows: Sequence[Mapping[str, object]], by_id: Mapping[str, object]) -> ServiceAnswer:
    shown = {str(row["active"]).lower() for row in rows if row.get("active") is not None}
    absent = sum(row.get("active") is None for row in rows)
    if not absent:
        return ServiceAnswer("active", "in each answer")
    if not shown and by_id.get("active") is not None:
        return ServiceAnswer("active", "in answers by id only", "with lists_hide_attributes, it is read there")
    of = f"left out for {count(absent, 'user')} of {len(rows)}"
    if "false" in shown:
        return ServiceAnswer("active", of, "they count as active, because inactive users are listed as such")
    return ServiceAnswer(
        "active",
        of,
        "they count as active; if they are inactive, declare active_absent_is_false, else active_absent_is_true",
    )


def _judge_members(answers: Answers) -> ServiceAnswer:
    """Judges members by the groups that were read by id, and by the users that list them as theirs."""
    if not answers.groups.resources:
        return ServiceAnswer("members", "no group, so unknown")
    if any(row.get("members") for row in answers.groups.resources):
        return ServiceAnswer("members", "in lists of groups")
    if any(group.get("members") for group in answers.groups_by_id):
        return ServiceAnswer("members", "in answers by id only", "one request for each group")
    seen = {group.get("id") for group in answers.groups_by_id}
    belonging = [group for row in answers.users.resources for group in _groups_of(row) if group in seen]
    if belonging:
        return ServiceAnswer(
            "members", "hidden, though users list the groups", "only changes in git are sent", "hides_members"
        )
    return ServiceAnswer("members", "none seen", "if groups have some, declare hides_members")


def _groups_of(row: Mapping[str, object]) -> list[object]:
    listed = row.get("groups")
    return [one.get("value") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def rows_of(response: Response) -> Sequence[JsonObject] | None:
    """Returns the resources of an answered list, or None if it was refused or is none."""
    if not response.succeeded or response.status == HTTPStatus.NO_CONTENT:
        return None
    try:
        return read_page(response.body).resources
    except NotScim:
        return None
