"""Decides, and touches nothing: no file, socket, clock, environment or chance. They enter as arguments."""
