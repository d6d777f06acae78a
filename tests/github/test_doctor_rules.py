"""Tables of the rules behind `github doctor`: patterns of CODEOWNERS, and which hosts are servers of their own."""

from __future__ import annotations

import re
from time import perf_counter

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.github.client import GitHub
from reconciler.github.doctor.code_owners import has_owner, matches
from reconciler.github.doctor.facts import KnownFact, UnknownFact
from reconciler.github.doctor.read import read_server


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("*", ".github/workflows/apply.yml", True),
        ("*.yml", ".github/workflows/apply.yml", True),
        ("*.yaml", ".github/workflows/apply.yml", False),
        ("/.github/", ".github/workflows/apply.yml", True),
        (".github/", ".github/workflows/apply.yml", True),
        (".github", ".github/workflows/apply.yml", True),
        ("/.github", ".github/workflows/apply.yml", True),
        (".github/*", ".github/workflows/apply.yml", False),
        (".github/*", ".github/CODEOWNERS", True),
        (".github/**", ".github/workflows/apply.yml", True),
        ("workflows/", ".github/workflows/apply.yml", True),
        ("/workflows/", ".github/workflows/apply.yml", False),
        ("**/apply.yml", ".github/workflows/apply.yml", True),
        ("**/apply.yml", "apply.yml", True),
        ("/**/apply.yml", "apply.yml", True),
        (".github/**/apply.yml", ".github/apply.yml", True),
        (".github/**/apply.yml", ".github/a/b/apply.yml", True),
        ("apply.yml", ".github/workflows/apply.yml", True),
        ("pply.yml", ".github/workflows/apply.yml", False),
        ("/apply.yml", ".github/workflows/apply.yml", False),
        ("approvals/?.yaml", "approvals/a.yaml", True),
        ("approvals/?.yaml", "approvals/ab.yaml", False),
        ("approvals?a.yaml", "approvals/a.yaml", False),
        ("/approval", "approvals/a.yaml", False),
        ("/desired-state/tenants.yaml/", "desired-state/tenants.yaml", False),
    ],
)
def test_a_pattern_covers_what_github_says(pattern: str, path: str, *, covered: bool) -> None:
    """As in .gitignore, apart from a last `*`, which stays in its folder."""
    assert covered == matches(pattern, path)


def oracle(pattern: str, path: str) -> bool:
    """Matches an anchored pattern by a regular expression, made apart."""
    pieces = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"((?<![^/])\*\*/|(?<=/)\*\*$|\*|\?)", pattern)
    whole = "".join(pieces.get(part, re.escape(part)) for part in parts)
    below = "" if pattern.endswith("*") else "(?:/.*)?"
    return re.fullmatch(whole + below, path) is not None


@given(
    pattern=st.lists(st.sampled_from(["a", "b", "/", "**/", "*", "?"]), min_size=1, max_size=6).map("".join),
    path=st.lists(st.sampled_from(["a", "b", "ab", "ba"]), min_size=1, max_size=4).map("/".join),
)
def test_patterns_match_as_the_regular_expression_does(pattern: str, path: str) -> None:
    """Anchored, without empty folders."""
    body = f"x/{pattern}"
    if "//" in body or body.endswith("/") or "***" in body:
        return
    assert oracle(body, f"x/{path}") == matches(f"/{body}", f"x/{path}")


def test_a_pattern_of_stars_takes_no_time() -> None:
    """A backtracking matcher would never end."""
    began = perf_counter()

    assert not matches("*a?" * 2_000, "a/" * 40 + "b")

    assert perf_counter() - began < 5


def test_the_last_line_that_matches_decides() -> None:
    """A line without an owner takes the path out; comments are none."""
    text = "# all\n* @acme/people # us\n/approvals/\n"

    assert has_owner(text, "README.md")
    assert not has_owner(text, "approvals/a.yaml")
    assert has_owner(text + "/approvals/ @acme/admins", "approvals/a.yaml")
    assert not has_owner("", "README.md")


@pytest.mark.parametrize(
    ("address", "meta", "server"),
    [
        ("https://api.github.com", None, None),
        ("https://api.acme.ghe.com", None, None),
        ("https://github.acme.example/api/v3", {"installed_version": "3.17.2"}, KnownFact("3.17.2")),
        ("https://proxy.example", {"verifiable_password_authentication": True}, None),
        ("https://ghe.com.evil.example", {"installed_version": "3.1"}, KnownFact("3.1")),
    ],
)
def test_a_server_of_its_own_is_known_by_its_host_and_version(
    address: str, meta: dict[str, object] | None, server: KnownFact[str] | None
) -> None:
    """github.com and GitHub with data residency are not even asked."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert meta is not None
        assert request.url.path.endswith("/meta")
        return httpx.Response(200, json=meta)

    with GitHub(address, "acme/people", "t", transport=httpx.MockTransport(answer)) as client:
        assert server == read_server(client)


def test_a_server_whose_version_can_not_be_read_is_one_all_the_same() -> None:
    """It is not github.com, whatever it is."""
    transport = httpx.MockTransport(lambda _request: httpx.Response(404))

    with GitHub("https://github.acme.example/api/v3", "acme/people", "t", transport=transport) as client:
        assert isinstance(read_server(client), UnknownFact)
