"""The record of applies: its entries, its history, and the refusals that follow from it."""
