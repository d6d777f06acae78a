"""Renders the text that replaces a plan comment of an earlier head. Sends nothing."""

from __future__ import annotations

from reconciler.report.format.quote import code
from reconciler.report.markdown import SAFE_LINK

SHORT = 7  # characters of a commit id


def render_outdated(tenant: str, earlier: str | None, head: str, base: str, page: str | None) -> str:
    """Renders that the plan of an earlier head is out of date, and that the current head has none.

    The earlier plan is left out: its text is in the history of the comment, and nothing of it holds.
    """
    made_for = f"was of {code(earlier[:SHORT])}" if earlier else "was of an earlier commit"
    why = "its job failed or did not run, or the tenant is no longer declared"
    where = f": see the [checks]({page})" if page and SAFE_LINK.fullmatch(page) else ""
    return (
        f"### Out of date: the plan for {code(tenant)} {made_for}\n\n"
        f"No plan for {code(head[:SHORT])} into {code(base)} is shown, because {why}{where}.\n"
    )
