"""The record of applies: its entries, its history, and the applies that it refuses."""
