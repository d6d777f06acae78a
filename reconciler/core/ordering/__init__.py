"""The names that change hands: the holder of each wanted name, the moves that are possible, and exchanges."""
