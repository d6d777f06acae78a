"""The executor: steps in order, several in flight, exactly one outcome for each change of the plan."""
