"""GitHub: the comment, the drift issue, the approved plans. Has no access to the account or its token."""
