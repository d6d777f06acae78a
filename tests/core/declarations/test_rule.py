"""Valid mapping rules, and the message for each mistake."""

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.rule import AttributeMappings


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"target": "id", "source": "key"}, "can't be a target: the account assigns it"),
        ({"target": "active", "constant": True}, "can't be a target: scope decides it"),
        ({"target": "titel", "source": "title"}, 'did you mean "title"?'),
        ({"target": "zzz", "source": "title"}, "the targets are addresses"),
        ({"target": "title"}, "needs exactly one origin: `source`, "),
        ({"target": "title", "source": "a", "constant": "b"}, "needs exactly one origin: `source`, "),
        ({"target": "title", "constant": "a", "default": "b"}, "has a `default` without a `source`"),
        ({"target": "title", "expression": "{{ a }}", "default": "b"}, "has a `default` without a `source`"),
        ({"target": "emails", "constant": "a"}, "maps emails, which is not a single text: map it from a `source`"),
        ({"target": "manager", "expression": "{{ key }}"}, "maps manager, which"),
        ({"target": "title", "expression": "{% if x %}{% endif %}"}, "uses If, which an expression may not use"),
        ({"target": "title", "expression": "{{ x | lowr }}"}, 'did you mean "lower"?'),
        ({"target": "title", "expression": "{{ x"}, "is not an expression"),
        ({"target": "title", "expression": None}, "is empty: write an expression"),
        (
            {"target": "title", "source": "title", "apply": "on_create", "matching": 1},
            "but matching needs `apply: always`",
        ),
    ],
)
def test_a_rule_that_can_not_be_meant_says_why(rule: dict[str, object], told: str) -> None:
    """A read-only or unknown target, two origins or none, an expression with a forbidden construct."""
    with pytest.raises(ValidationError) as raised:
        AttributeMappings.model_validate({"users": [rule]})

    assert told in str(raised.value)


def test_a_target_is_mapped_once() -> None:
    """Otherwise the order of the rules would decide."""
    rules = [{"target": "title", "constant": "a"}, {"target": "title", "constant": "b"}]

    with pytest.raises(ValidationError, match="mapped more than once"):
        AttributeMappings.model_validate({"users": rules})


def test_groups_have_targets_of_their_own() -> None:
    """A group has other attributes than a user, and no custom fields."""
    assert AttributeMappings.model_validate({"groups": [{"target": "groupType", "constant": "Team"}]}).groups
    with pytest.raises(ValidationError, match="not an attribute that can be written"):
        AttributeMappings.model_validate({"groups": [{"target": "customFields.badge", "constant": "x"}]})
