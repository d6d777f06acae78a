"""The reasons for which an effect does not run: one sentence each, with what to do. Pure."""

from __future__ import annotations

UNSEEN = (
    "no approved plan shows this, so it was not done; the plan of the next pull request shows it, or make a plan file "
    "and apply that"
)
IN_PART = "no approved plan shows this creation with its current values, so it was not done; the next plan shows them"
UNKNOWN_RECORD = "no approved plan shows the adoption of this user or group of the account, so it was not changed"
DRIFTED = (
    "this was changed in the account and no approved plan shows it, so it was left; the next plan shows how to undo it"
)
DRIFTED_OR_ENDED = (
    "this was given in the account, or a date of git has passed, and no approved plan shows it, so it was left; the "
    "next plan shows it"
)
CHANGED = (
    "the account changed since this was approved, and the approved plan shows another value before it, so it was not "
    "done; plan again and have the new plan reviewed"
)
OR_ANOTHER_KEY = (
    "; or the fingerprints in that plan were made with another key: set the same RECONCILER_FINGERPRINT_KEY for both"
)
MOVED = (
    "the account changed since this was approved, and the change is now different from the approved one; plan again "
    "and have the new plan reviewed"
)
