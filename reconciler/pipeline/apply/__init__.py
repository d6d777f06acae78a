"""The steps of an apply: the approved plans, the begin on record, the execution, the end on record."""
