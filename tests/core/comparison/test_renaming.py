"""Earlier states in the keys of HEAD: causes, members and managers follow a key that changed."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.renaming import rename_keys
from reconciler.core.planner.planner import decide_changes
from tests.core.examples import (
    SANDBOX,
    desired_group,
    desired_state,
    desired_user,
    evidence_of,
    group_key,
    live_group,
    live_state,
    live_user,
    user_key,
)

WAS = {user_key("joan"): (user_key("jo"),), group_key("team"): (group_key("desk"),)}


def test_a_renamed_state_has_the_new_keys_everywhere() -> None:
    """In users, groups, members and managers; everything else is the same."""
    ann = desired_user("ann", {"manager": "user/jo"})
    state = desired_state(desired_user("jo"), ann, desired_user("kim"), desired_group("desk", ["jo", "kim"]))
    open_group = desired_group("dev")
    renamed = rename_keys(replace(state, groups={**state.groups, open_group.key: open_group}), WAS)

    assert {user_key("joan"), user_key("ann"), user_key("kim")} == set(renamed.users)
    assert "user/joan" == renamed.users[user_key("ann")].attributes["manager"]
    assert frozenset({user_key("joan"), user_key("kim")}) == renamed.groups[group_key("team")].members
    assert open_group == renamed.groups[group_key("dev")]


def test_a_state_without_the_previous_key_or_with_both_stays() -> None:
    """A key that stood beside its successor was another one."""
    both = desired_state(desired_user("jo"), desired_user("joan"))

    assert both is rename_keys(both, WAS)
    assert desired_state() == rename_keys(desired_state(), WAS)


def test_a_key_renamed_and_taken_out_of_a_group_at_once_is_this_change() -> None:
    """The base has the member under the previous key."""
    base = desired_state(desired_user("jo"), desired_group("desk", ["jo"]))
    head = replace(
        desired_state(desired_user("joan"), desired_group("desk", [])), was={user_key("joan"): WAS[user_key("joan")]}
    )
    live = live_state(live_user("jo"), live_group("desk", ["jo"]))
    earlier = Earlier(base=base)
    decided = decide_changes(head, live, SANDBOX, earlier, evidence_of(earlier))

    assert {"update_user": "this_change", "remove_members": "this_change"} == {
        change.action: change.cause for change in decided.changes
    }
    assert [("user/joan",)] == [change.members for change in decided.changes if change.members]
