"""Which reads of people and their roles need the fewest requests. Arithmetic only.

A list needs one request for each page of 100 entries, and at least one; a lookup of one person needs one. See
docs/decisions/0014-roles-over-permissions.md for the figures.
"""

from __future__ import annotations

PAGE = 100


def count_pages(entries: int) -> int:
    """Returns the number of requests for a list of so many entries; an empty list needs one."""
    return max(1, -(-entries // PAGE))


def count_left(entries: int) -> int:
    """Returns the number of requests after the first page."""
    return count_pages(entries) - 1


def seek_each(wanted: int, users: int | None) -> bool:
    """Whether to look up people one by one by SCIM id, instead of listing all people from SCIM (as many as `users`).

    `users` is None if not all users were read: then few people are wanted, and a total is not worth a request.
    """
    return users is None or wanted < count_pages(users)


def seek_each_missing(missing: int, listed: int) -> bool:
    """Whether to look up the missing people by e-mail, without first requesting the number of all people.

    A list of all people has at least as many pages as the list that was read.
    """
    return missing <= count_pages(listed)


def ask_each(people: int, roles: int) -> bool:
    """Whether to read the roles of each person, instead of the holders of each role: at least one list for each."""
    return people <= roles


def finish_each(people: int, left: int) -> bool:
    """Whether, after the first page of every role, reading each person needs fewer requests than the pages left."""
    return people < left
