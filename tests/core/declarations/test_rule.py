"""What a mapping rule may say, and what each mistake is told."""

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.rule import AttributeMappings


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"target": "id", "source": "key"}, "can't be a target: the account gives it"),
        ({"target": "active", "constant": True}, "can't be a target: scope decides it"),
        ({"target": "titel", "source": "title"}, 'did you mean "title"?'),
        ({"target": "zzz", "source": "title"}, "the targets are addresses"),
        ({"target": "title"}, "takes one of `source`, `constant` and `expression`"),
        ({"target": "title", "source": "a", "constant": "b"}, "takes one of `source`, `constant` and `expression`"),
        ({"target": "title", "constant": "a", "default": "b"}, "`default` goes with a `source`"),
        ({"target": "title", "expression": "{{ a }}", "default": "b"}, "`default` goes with a `source`"),
        ({"target": "emails", "constant": "a"}, "emails can only be mapped from a `source`"),
        ({"target": "manager", "expression": "{{ key }}"}, "manager can only be mapped from a `source`"),
        ({"target": "title", "expression": "{% if x %}{% endif %}"}, "does more than an expression may: If"),
        ({"target": "title", "expression": "{{ x | lowr }}"}, 'did you mean "lower"?'),
        ({"target": "title", "expression": "{{ x"}, "is not an expression"),
        ({"target": "title", "expression": None}, "says nothing: leave it out"),
        ({"target": "title", "source": "title", "apply": "on_create", "matching": 1}, "can't be matched by afterwards"),
    ],
)
def test_a_rule_that_can_not_be_meant_says_why(rule: dict[str, object], told: str) -> None:
    """A target that is read-only or unknown, two origins or none, an expression that does more than it may."""
    with pytest.raises(ValidationError) as raised:
        AttributeMappings.model_validate({"users": [rule]})

    assert told in str(raised.value)


def test_a_target_is_mapped_once() -> None:
    """Which of two rules wins would be a guess."""
    rules = [{"target": "title", "constant": "a"}, {"target": "title", "constant": "b"}]

    with pytest.raises(ValidationError, match="mapped more than once"):
        AttributeMappings.model_validate({"users": rules})


def test_groups_have_targets_of_their_own() -> None:
    """A user's attribute is none of a group's; a custom field is a user's."""
    assert AttributeMappings.model_validate({"groups": [{"target": "groupType", "constant": "Team"}]}).groups
    with pytest.raises(ValidationError, match="not an attribute that can be written"):
        AttributeMappings.model_validate({"groups": [{"target": "customFields.badge", "constant": "x"}]})
