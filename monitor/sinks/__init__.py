"""Where results and dead letters go: a Kafka topic or a JSON Lines file.

``sink`` says what every sink does and opens one; ``dead_letters`` for messages that could not be used.
Both are written at least once: what was written after the last checkpoint is written again after a restart,
under the same ids.
"""

from monitor.sinks.dead_letters import DeadLetters, open_dead_letters
from monitor.sinks.sink import Sink, open_sink

__all__ = ["DeadLetters", "Sink", "open_dead_letters", "open_sink"]
