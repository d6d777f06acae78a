"""The account as YAML, and drift as edits of YAML."""
