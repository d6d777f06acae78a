"""The steps of a plan: select keys, read the account, plan, and attach source lines."""
