"""Messages that could not be used: kept with the reason, counted, looked at, and sent once more.

``letter`` is one of them; ``flood`` halts a stream that has too many; ``reading``, ``kafka_topic`` and
``counting`` look at them, ``replaying`` sends them again.
"""

from monitor.dead_letters.flood import FloodGuard
from monitor.dead_letters.letter import DeadLetter, from_headers, from_line, to_headers, to_line

__all__ = ["DeadLetter", "FloodGuard", "from_headers", "from_line", "to_headers", "to_line"]
