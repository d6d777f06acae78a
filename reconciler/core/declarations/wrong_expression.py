"""The error of a mapping's expression, in a module of its own so that catching it does not import Jinja."""


class WrongExpression(ValueError):
    """An expression, or a value that it reads, is wrong; the text says why, as the end of a sentence."""
