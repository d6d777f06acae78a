"""What is wrong with an expression of a mapping. Apart from what evaluates them, which brings Jinja along."""


class WrongExpression(ValueError):
    """What is wrong with an expression, or with the values it was given, in words for a person."""
