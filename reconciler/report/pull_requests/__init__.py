"""The texts for pull requests: comments with a plan or an outcome, the section on approvals, checks, merge groups."""
