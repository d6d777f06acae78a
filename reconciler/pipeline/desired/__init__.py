"""The desired state of a run: as checked out, and at earlier commits."""
