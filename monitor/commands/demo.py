"""``hmoe demo``."""


def command() -> None:
    """Demo."""
