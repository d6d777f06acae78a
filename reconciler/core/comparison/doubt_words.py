"""Words the problems of linking: each names the keys, the resource in the account, and the line to write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from reconciler.core.comparison.doubts import is_inactive
from reconciler.core.comparison.identities import Identity, name_attribute
from reconciler.core.comparison.linking import Link, Tangle
from reconciler.core.comparison.missing import MissingDoubt
from reconciler.core.model.amounts import few
from reconciler.core.model.matching import MARK, Live, written_value
from reconciler.core.model.resources import Attributes, Key, LiveGroup, LiveUser
from reconciler.errors import Problem

MOST_NAMED: Final = 10
UNCHANGED: Final = "until then, the user is not changed"


def describe_live(live: LiveUser | LiveGroup) -> str:
    """Returns `Ann Lee (4711, inactive, externalId "jo")`: enough to find the resource in the account."""
    mark = written_value(MARK, live.attributes)
    details = [live.id, "inactive" if is_inactive(live) else "", f'{MARK} "{mark}"' if mark else ""]
    return f"{live.name} ({', '.join(filter(None, details))})"


def doubt_link(code: str, identity: Identity, link: Link[Live]) -> Problem:
    """Returns the problem of a link that is not made."""
    key, live = identity.key, describe_live(link.live)
    by = f"by {link.attribute}, {key} is {live} in the account"
    match code:
        case "reused_key":
            message = (
                f"{key} changes its {name_attribute(key.kind)} and its employeeNumber or name at once, and {live} in "
                "the account still has the values of before: git may use the key for another person"
            )
            hint = (
                "another person: declare them under a new key; the same person: change employeeNumber and name first, "
                f"and {name_attribute(key.kind)} in a later commit"
            )
        case "another_person":
            message = f"{by}, but its employeeNumber, or its given and family name, differs from git"
            hint = (
                f"another person: give {key} or that user another {link.attribute}; the same person: correct "
                "the account"
            )
        case "inactive_holder":
            message = f"{by}, which is inactive, and nothing shows whose it was: the change would reactivate it"
            hint = (
                "the same person: declare the employeeNumber that it has; another person: give it another "
                f"{link.attribute} in the account, or {key} in git"
            )
        case _:
            message = f"{by}, but another user of the account has the employeeNumber of {key}"
            hint = f"correct the employeeNumber in git or in the account, or give {key} another {link.attribute}"
    return Problem(code, message, identity.declared.source, f"{hint}; {UNCHANGED}")


def doubt_missing(doubt: MissingDoubt[Live], identity: Identity, *, hidden: bool) -> Problem:
    """Returns the problem of a resource that is not created; `hidden` keeps values out that may be redacted."""
    key, name = identity.key, name_attribute(identity.key.kind)
    live = describe_live(doubt.live) if doubt.live else ""
    other = str(doubt.other) if doubt.other else ""
    was = f"write `was: {doubt.other.name}` under {key.name}" if doubt.other else ""
    match doubt.code:
        case "leaver_holds":
            message = f"{key} has the {name} of {other}, which leaves git and keeps it: {live}"
            kept = (
                "another userName and primary e-mail, with `active: false`" if key.kind == "user" else f"another {name}"
            )
            hint = f"the same {key.kind}: {was}; another {key.kind}: keep {other} in git under {kept}"
        case "looks_like":
            holder = ", in the account ".join(filter(None, (other, live)))
            message = f"{key} would be created with the employeeNumber of {holder}"
            same = was or f"declare the {name} or the externalId that it has in the account"
            hint = f"the same person: {same}; another person: correct the employeeNumber"
        case "same_but_for_form":
            message = (
                f"{key} and {live} in the account have the same {doubt.attribute} but for outer spaces, composed "
                "letters or invisible characters"
            )
            if doubt.live is not None and not hidden:
                message += _spell(doubt.attribute, identity.declared.attributes, doubt.live.attributes)
            hint = f"write the {doubt.attribute} as the account has it, or correct the account"
        case _:
            message = f"{key} was applied, and no {key.kind} of the account has a value by which git could find it"
            hint = (
                f"write the {name} that it has now, or an externalId if it is to be created again; "
                "if externalId is no matching attribute, declare it under a new key"
            )
    return Problem(doubt.code, message, identity.declared.source, hint)


def _spell(attribute: str, declared: Attributes, live: Attributes) -> str:
    """Spells two values with escapes, so that their difference is seen."""
    return f": {written_value(attribute, declared)!a} and {written_value(attribute, live)!a}"


def name_ambiguous(tangle: Tangle[Live], identity: Identity) -> Problem:
    """Returns the problem of one key with several live resources."""
    named = [f"{live.name} ({live.id}) by {tangle.attribute}" for live in tangle.live]
    key = identity.key
    message = f"{key} matches {len(named)} {key.kind}s in the account: {few(named, MOST_NAMED)}"
    hint = "change the account or the declaration so that only one matches; until then, none of them is changed"
    return Problem("ambiguous", message, identity.declared.source, hint)


def name_claimed_twice(tangle: Tangle[Live], identities: Sequence[Identity]) -> Problem:
    """Returns the problem of several keys that claim the same live resources."""
    kind = identities[0].key.kind
    leaving = {identity.key for identity in identities if identity.head is None}
    named = _join(f"{key}, which leaves git," if key in leaving else str(key) for key in tangle.keys)
    live = [f"{one.name} ({one.id})" for one in tangle.live]
    what = f"the same {kind}" if len(live) == 1 else f"the same {kind}s"
    message = f"{named} match {what} in the account by {tangle.attribute}: {few(live, MOST_NAMED)}"
    hint = f"change a declaration so that only one matches; until then, the {kind} is not changed"
    if len(live) > 1:
        hint = (
            f"if they exchange values, give each an externalId first, in a change of its own; until then, the {kind}s "
            "are not changed"
        )
    source = next(identity.declared.source for identity in identities if identity.head is not None)
    return Problem("claimed_twice", message, source, hint)


def name_wrong_was(identity: Identity) -> Problem:
    """Returns the problem of a key whose `was:` names a declared key, or a key that another one names too."""
    message = f"{identity.key}: `was` is not clear, so the {identity.key.kind} is not linked to the account"
    hint = "name each previous key under one key alone, and declare it no more"
    return Problem("was", message, identity.declared.source, hint)


def warn_of_done(key: Key, former: Key, identity: Identity) -> Problem:
    """Returns the warning of a `was:` that was applied."""
    message = f"{key}: the change of the key from {former.name} was applied, so `was: {former.name}` has no effect"
    hint = "remove it, after every tenant has applied it"
    return Problem("was_done", message, identity.declared.source, hint, severity="warning")


def warn_of_joined(identity: Identity, former: Key, link: Link[Live]) -> Problem:
    """Returns the warning of a new key that takes over the resource of a key that left git."""
    message = (
        f"{identity.key} takes over {describe_live(link.live)} from {former}, which left git: the userName is "
        "the same, and so is the employeeNumber or the name"
    )
    hint = f"write `was: {former.name}` under {identity.key.name}, so that git has the change of key"
    return Problem("renamed_key", message, identity.declared.source, hint, severity="warning")


def warn_of_passed_on(identity: Identity, former: Identity, name: str) -> Problem:
    """Returns the warning of a new key with the name that another key had."""
    message = f"{identity.key} gets the {name} that {former.key} had, and {former.key} gets another {name}"
    hint = f"if both are the same {identity.key.kind}, write `was: {former.key.name}` under {identity.key.name}"
    return Problem("name_passed_on", message, identity.declared.source, hint, severity="warning")


def warn_of_alike(identity: Identity, attribute: str, live: LiveUser | LiveGroup, *, hidden: bool) -> Problem:
    """Returns the warning of a name that the service may confuse with another name of the account."""
    spelled = "" if hidden else _spell(attribute, identity.declared.attributes, live.attributes)
    message = f"the {attribute} of {identity.key} and of {describe_live(live)} in the account look alike{spelled}"
    hint = "the service decides whether they are the same"
    return Problem("look_alike", message, identity.declared.source, hint, severity="warning")


def _join(names: Iterable[str]) -> str:
    listed = list(names)
    return " and ".join(listed) if len(listed) <= MOST_NAMED else few(listed, MOST_NAMED)
