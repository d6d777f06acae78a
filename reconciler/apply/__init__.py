"""The executor: steps in order, several in flight, exactly one outcome for each change. A plan is all it needs."""
