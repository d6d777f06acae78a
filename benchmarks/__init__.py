"""What planning costs here and in its peers: whole processes, side by side, medians and ratios."""
