"""Users, groups, keys and states; the comparison of values; the matching of declared and live resources."""
