"""GitHub: the comment, the drift issue, the approved plan. Has no access to the account or its token."""
