"""The version of this program, which imports nothing."""

__version__ = "0.1.0"
