"""The decoder of a stream, as its configuration says."""

from __future__ import annotations

from monitor.config.schema import KafkaSourceConfig, StreamConfig
from monitor.decoding.arrow_decoder import ArrowDecoder
from monitor.decoding.avro_decoder import AvroDecoder, read_schema
from monitor.decoding.decoded import Decoder
from monitor.decoding.json_decoder import JsonDecoder
from monitor.decoding.one_record import MAX_BYTES
from monitor.decoding.records import RecordReader
from monitor.problems import ConfigurationProblem

__all__ = ["make_decoder"]


def make_decoder(stream: StreamConfig, max_bytes: int = MAX_BYTES) -> Decoder:
    """The decoder for the messages of a stream; whatever is not configured otherwise is JSON.

    Args:
        stream: its configuration.
        max_bytes: longer messages that hold one record are refused.

    Raises:
        ConfigurationProblem: the Avro schema cannot be used.
    """
    reader, source = RecordReader(stream), stream.source
    if isinstance(source, KafkaSourceConfig) and source.format == "arrow":
        return ArrowDecoder(reader)
    if isinstance(source, KafkaSourceConfig) and source.format == "avro":
        if source.avro_schema is None:
            raise ConfigurationProblem("source.format avro needs source.avro_schema: the schema's file")
        return AvroDecoder(reader, read_schema(source.avro_schema), max_bytes)
    return JsonDecoder(reader, max_bytes)
