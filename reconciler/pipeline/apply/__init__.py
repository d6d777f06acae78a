"""From a plan to the account: what is approved, the begin and the end on record, the execution."""
