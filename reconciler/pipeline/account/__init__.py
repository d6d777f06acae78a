"""The account's side of a run: connections, complete reads, snapshots."""
