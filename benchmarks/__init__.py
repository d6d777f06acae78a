"""The cost of planning here and in peers: whole processes, side by side, medians and ratios."""
