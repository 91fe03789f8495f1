"""From bytes to events: one decoder a format, none of which raises whatever the bytes are.

``json_decoder``, ``avro_decoder`` and ``arrow_decoder`` read bytes; ``records`` and ``features`` make events
of what they read and check it against the configuration; ``decoded`` is what comes out.
"""

from monitor.decoding.choosing import make_decoder
from monitor.decoding.decoded import WHOLE, Bad, BadKind, Decoded, Decoder
from monitor.decoding.records import RecordReader

__all__ = ["WHOLE", "Bad", "BadKind", "Decoded", "Decoder", "RecordReader", "make_decoder"]
