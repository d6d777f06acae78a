"""The steps that reach the account: connections, complete reads, snapshots."""
