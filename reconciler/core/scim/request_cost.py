"""Which reads of people and their roles cost the fewest requests. Arithmetic, and nothing of what is asked.

A list costs its pages, of 100 each and one at least; a question about one person costs one. Derived, with figures, in
docs/decisions/0014-roles-over-permissions.md.
"""

from __future__ import annotations

PAGE = 100


def count_pages(entries: int) -> int:
    """The requests that a list of so many entries takes; one tells that there are none."""
    return max(1, -(-entries // PAGE))


def count_left(entries: int) -> int:
    """The requests that it still takes when the first page is there."""
    return count_pages(entries) - 1


def seek_each(wanted: int, users: int | None) -> bool:
    """Whether people are asked for one by one by their SCIM id, and not all that come from SCIM: as many as users.

    Where not all users were read, few are wanted, and how many there are in all (None) is not worth asking.
    """
    return users is None or wanted < count_pages(users)


def seek_each_missing(missing: int, listed: int) -> bool:
    """Whether those who were not found are sought by e-mail without asking first how many people there are at all.

    Those listed are among everyone: a list of everyone takes as many pages at least.
    """
    return missing <= count_pages(listed)


def ask_each(people: int, roles: int) -> bool:
    """Whether everybody is asked for their roles, and not every role for its holders: a list each, at least."""
    return people <= roles


def finish_each(people: int, left: int) -> bool:
    """Whether, with the first page of every role there, asking everybody is less than the pages that are left."""
    return people < left
