"""Source attributes → target attributes, flat, in RFC 7643's spelling. The default mapping: the same name, and the key.

Knows which attributes have values of many; nothing of tenants, scope or how the wire nests them.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.declared import UserDeclaration
from reconciler.core.diff import canonical
from reconciler.core.model import Key, Value

NOT_TARGETS = {"active", "attributes"}
NESTED = {"name", "customFields"}


def map_user(key: Key, declared: UserDeclaration) -> dict[str, Value]:
    """The managed target attributes: absent is unmanaged, None is cleared. `manager` becomes a key."""
    target: dict[str, Value] = {"externalId": key.name}
    for name, value in declared.items():
        if name in NOT_TARGETS:
            continue
        if name in NESTED and isinstance(value, Mapping):
            target.update({f"{name}.{inner}": canonical(one) for inner, one in value.items()})
        elif name == "manager" and isinstance(value, str):
            target[name] = str(Key("user", value))
        else:
            target[name] = canonical(value)
    return target


def map_group(key: Key, declared: Mapping[str, str | None]) -> dict[str, Value]:
    """The managed target attributes of a group."""
    return {"externalId": key.name, **{name: canonical(value) for name, value in declared.items()}}
