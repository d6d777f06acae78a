"""The steps of every command: load the desired state, find the past, read the account, plan, apply. No command line."""
