"""When a snapshot can be updated, which users are requested, and which answers are accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.model.messages import JsonObject
from reconciler.core.scim.increment import (
    Binding,
    IncrementalSnapshot,
    NotCertain,
    ask_since,
    begin,
    bring_up_to_date,
    certify,
    changed_at,
    changed_request,
    check_first,
    find_obstacle,
    keep_on,
    keep_whole,
    next_start,
)
from reconciler.core.scim.wire import Page

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OURS = Binding("production", "https://acme.example/scim/v2", "1.0")
FUTURE = "the snapshot is from 2026-03-01 12:00:00 UTC, which is in the future: here it is 2026-03-01 11:00:00 UTC"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def user(name: str, ago: timedelta, title: str = "Clerk") -> JsonObject:
    """A user that was changed so long before noon."""
    return {"id": name, "userName": name, "title": title, "meta": {"lastModified": f"{NOON - ago:%Y-%m-%dT%H:%M:%SZ}"}}


def kept(*users: JsonObject, begun: datetime = NOON) -> IncrementalSnapshot:
    return keep_whole(OURS, begun, users)


TEAM = kept(user("ann", DAY), user("bob", HOUR))


def rows(*users: JsonObject) -> dict[str, JsonObject]:
    return {str(one["id"]): one for one in users}


def test_what_was_just_kept_can_be_built_upon() -> None:
    """And for a week."""
    again = Binding(OURS.tenant, OURS.url, f"{1.0}")

    assert "" == find_obstacle(TEAM, again, NOON)
    assert "" == find_obstacle(TEAM, OURS, NOON + 7 * DAY)


def test_clocks_may_be_ten_minutes_apart() -> None:
    """And a second more is the future."""
    assert "" == find_obstacle(TEAM, OURS, NOON - timedelta(minutes=10))
    assert "which is in the future" in find_obstacle(TEAM, OURS, NOON - timedelta(minutes=10, seconds=1))


@pytest.mark.parametrize(
    ("one", "now", "why"),
    [
        (replace(TEAM, of=replace(OURS, version="0.9")), NOON, "the snapshot was made by version 0.9, and this is 1.0"),
        (replace(TEAM, of=replace(OURS, version="1.1")), NOON, "the snapshot was made by version 1.1, and this is 1.0"),
        (
            replace(TEAM, of=replace(OURS, tenant="qa")),
            NOON,
            "the snapshot is of qa at https://acme.example/scim/v2, not of production at https://acme.example/scim/v2",
        ),
        (
            replace(TEAM, of=replace(OURS, url="https://other.example")),
            NOON,
            "the snapshot is of production at https://other.example, not of production at https://acme.example/scim/v2",
        ),
        (
            TEAM,
            NOON - HOUR,
            FUTURE,
        ),
        (
            keep_on(TEAM, NOON + 7 * DAY, [user("ann", DAY)], 0),
            NOON + 7 * DAY + HOUR,
            "the last full read was at 2026-03-01 12:00:00 UTC, more than 7 days ago",
        ),
        (
            replace(TEAM, of=replace(OURS, record="another")),
            NOON,
            "the snapshot was made before this record of applies began, or before it was recovered",
        ),
        (kept(), NOON, "the snapshot has no users"),
        (kept({"id": "ann"}), NOON, "ann has no date of its last change"),
    ],
    ids=["version", "newer", "tenant", "url", "future", "old", "record", "nobody", "silent"],
)
def test_why_what_is_kept_can_not_be_built_upon(one: IncrementalSnapshot, now: datetime, why: str) -> None:
    """Each is a reason to read everything."""
    assert why == find_obstacle(one, OURS, now)


@pytest.mark.parametrize(
    ("date", "begun"),
    [
        (None, NOON),
        ("Sun, 01 Mar 2026 11:59:00 GMT", NOON - timedelta(minutes=1)),
        ("Sun, 01 Mar 2026 14:00:00 GMT", NOON),
        ("yesterday", NOON),
        ("Fri, 31 Dec 9999 23:00:00 -0900", NOON),
    ],
)
def test_a_read_begins_by_the_slower_clock(date: str | None, begun: datetime) -> None:
    """A date that can't be read is none."""
    assert begun == begin(NOON, date)


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T13:00:00+01:00", NOON),
        ("2026-03-01T12:00:00", NOON),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:00:00-09:00", None),
        ("noon", None),
        (7, None),
    ],
)
def test_when_somebody_was_changed(told: object, moment: datetime | None) -> None:
    """The year 1 is how some services spell never."""
    assert moment == changed_at({"meta": {"lastModified": told}})
    assert None is changed_at({"meta": told})


def test_it_is_asked_since_well_before_the_last_read_began() -> None:
    """By the margin that clocks may be apart."""
    assert NOON - timedelta(minutes=10) == ask_since(kept(user("ann", -HOUR)))


def test_it_is_asked_since_just_before_the_last_change_known() -> None:
    """So that the answer must contain a known user."""
    assert NOON - HOUR - timedelta(seconds=1) == ask_since(TEAM)


def test_it_is_asked_in_whole_seconds() -> None:
    """Services differ in how they compare smaller ones."""
    assert "/Users?filter=meta.lastModified%20gt%20%222026-03-01T12%3A00%3A00Z%22&startIndex=26&count=25" == (
        changed_request(NOON, 26, 25).path
    )
    assert 0 == ask_since(kept(user("ann", -HOUR), begun=NOON.replace(microsecond=7))).microsecond


def test_who_changed_and_who_came_is_as_told_and_everybody_else_as_before() -> None:
    """Bob must be in the answer, because he was changed last."""
    since, bob, new = ask_since(TEAM), user("bob", -HOUR, "Chief"), user("new", -HOUR)

    check_first(TEAM, since, Page(2, [bob, new]))

    assert rows(user("ann", DAY), bob, new) == bring_up_to_date(TEAM, since, rows(bob, new))


def test_the_very_second_since_when_it_is_asked_may_come_or_not() -> None:
    """Services round the dates that they return."""
    second = user("ann", HOUR + timedelta(seconds=1))
    team = kept(second, user("bob", HOUR))
    since = ask_since(team)

    check_first(team, since, Page(2, [second, user("bob", HOUR)]))

    assert team.users == bring_up_to_date(team, since, rows(second, user("bob", HOUR)))
    assert team.users == bring_up_to_date(team, since, rows(user("bob", HOUR)))


@pytest.mark.parametrize("stranger", [user("ann", DAY), {"id": "ann"}], ids=["too early", "silent"])
def test_an_answer_with_others_is_not_believed(stranger: JsonObject) -> None:
    """A service that ignores filters returns all users; the first page is enough to see it."""
    since = ask_since(TEAM)
    with pytest.raises(NotCertain, match="ignores filters"):
        check_first(TEAM, since, Page(2, [user("bob", HOUR), stranger]))
    with pytest.raises(NotCertain, match="ignores filters"):
        bring_up_to_date(TEAM, since, rows(user("bob", HOUR), stranger))


def test_more_changes_than_people_are_no_reason_to_go_on() -> None:
    """Reading everything costs no more."""
    with pytest.raises(NotCertain, match="the service reports 3 changed users, and 2 are known"):
        check_first(TEAM, ask_since(TEAM), Page(3, [user("bob", HOUR)]))


def test_who_was_changed_last_and_does_not_come_is_gone_or_not_found() -> None:
    """The absence of any other user looks like no change."""
    with pytest.raises(NotCertain, match="bob, changed at 2026-03-01 11:00:00 UTC, is missing: deleted, or not found"):
        bring_up_to_date(TEAM, ask_since(TEAM), {})


def test_a_change_that_was_undone_in_the_service_s_own_books_is_older_data() -> None:
    """A restored account: Bob is now as he was before the last change known."""
    team = kept(user("ann", DAY), user("bob", timedelta(minutes=1)))
    with pytest.raises(NotCertain, match=r"bob was changed at .* 11:59:00 UTC, and now at .* 11:55:00 UTC: older data"):
        bring_up_to_date(team, ask_since(team), rows(user("bob", timedelta(minutes=5))))


def test_a_change_that_is_dated_long_before_it_could_be_seen_shows_clocks_too_far_apart() -> None:
    """What else is dated so would not be found."""
    with pytest.raises(NotCertain, match="bob was changed later than its date"):
        bring_up_to_date(TEAM, ask_since(TEAM), rows(user("bob", HOUR, "Chief")))
    assert TEAM.users == bring_up_to_date(TEAM, ask_since(TEAM), rows(user("bob", HOUR)))


def test_a_change_that_is_dated_ten_minutes_before_the_last_read_could_not_be_seen_yet() -> None:
    """A second earlier, and clocks are too far apart."""
    bob, new = user("bob", HOUR), user("new", timedelta(minutes=10))

    assert rows(user("ann", DAY), bob, new) == bring_up_to_date(TEAM, ask_since(TEAM), rows(bob, new))
    with pytest.raises(NotCertain, match="new was changed later than its date"):
        bring_up_to_date(TEAM, ask_since(TEAM), rows(bob, user("new", timedelta(minutes=10, seconds=1))))


def test_the_page_that_is_compared_moves_on_and_begins_anew() -> None:
    """Another each time."""
    assert [1, 26, 1, 1] == [next_start(replace(TEAM, compared=compared), 40) for compared in (0, 25, 40, 50)]


def test_what_is_known_is_certain_where_the_total_and_a_page_agree() -> None:
    """What a service adds of itself, such as groups, may differ."""
    certify(TEAM.users, Page(2, [{**user("bob", HOUR), "groups": [{"value": "g1"}]}]), 2)
    certify({}, Page(0, []), 1)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (Page(3, []), "2 users are known, including the changed ones; the account has 3"),
        (Page(1, []), "2 users are known, including the changed ones; the account has 1"),
        (Page(2, []), "the list of users is empty at 1"),
        (Page(2, [user("bob", HOUR, "Chief")]), "bob differs from the snapshot"),
        (Page(2, [user("cid", HOUR)]), "cid differs from the snapshot"),
        (Page(2, [{"userName": "bob"}]), "a resource has no id"),
        (Page(2, [{**user("bob", HOUR), "roles": "chief"}]), "roles is not a list of values"),
    ],
    ids=["more", "fewer", "empty", "otherwise", "another", "nameless", "unreadable"],
)
def test_what_is_known_is_not_certain_otherwise(page: Page, why: str) -> None:
    """Each is a reason to read everything."""
    with pytest.raises(NotCertain, match=why):
        certify(TEAM.users, page, 1)


def test_somebody_must_be_at_the_end_of_the_list() -> None:
    """The last of two is the second."""
    with pytest.raises(NotCertain, match="the list of users is empty at 2"):
        certify(TEAM.users, Page(2, []), 2)


def test_an_incremental_read_does_not_make_the_last_whole_one_younger() -> None:
    """A week after that, everything is read, however often it was read on; after that the first page is compared."""
    assert 0 == TEAM.compared
    on = keep_on(TEAM, NOON + DAY, [user("ann", DAY)], 1)

    assert (NOON + DAY, NOON, ["ann"], 1) == (on.begun, on.everything, list(on.users), on.compared)
