"""The steps on pull requests: comments, checks, the approvals of a merge or of a plan by hand, the drift issue."""
