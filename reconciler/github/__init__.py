"""GitHub's side: the one comment, the one drift issue, the approved plan. Never sees the account or its token."""
