"""Configurations to begin with: what ``hmoe config init`` writes."""

from __future__ import annotations

import enum
import json
import re

__all__ = ["Kind", "example"]


class Kind(enum.StrEnum):
    """Where the records of an example come from."""

    FILE = "file"
    KAFKA = "kafka"
    HTTP = "http"


HEAD = """\
# Configuration of stream-hmoe: what the service learns from, and where its results go.
#
#   hmoe config check -c hmoe.yaml    is everything right?
#   hmoe config show -c hmoe.yaml     every value in effect, defaults too
#   hmoe doctor -c hmoe.yaml          can everything be reached?
#   hmoe run -c hmoe.yaml             begin
#
# Any value can be set from outside: HMOE__HTTP__PORT=9090 in the environment counts more than this file.
# Keep passwords there, or in files: HMOE__HTTP__TOKEN_FILE=/run/secrets/token.
# Editors complete and check this file with the schema that `hmoe config schema` prints.

state: state                # folder for checkpoints, journals and audits; one folder a stream in it

http:                       # API, health and metrics, on one port
  host: 127.0.0.1           # this machine only; before 0.0.0.0, set a token
  port: 8080

checkpoint:                 # after a crash the service goes on from the newest one
  records: 20000            # at least every so many records
  seconds: 30               # and every so many seconds

streams:
  - name: @NAME              # names its folder and labels its metrics
    target: @TARGET           # the field to predict
    task: @TASK    # or: @OTHER
"""

TAIL = """\

    # ignored: [comment]    # fields that are no features
    # features:             # what is known of some; others are taken as they come
    #   amount: {type: number, least: 0, is_required: true}
    #   country: {type: category}

    outputs:
      predictions: @PREDICTIONS
      decisions: @DECISIONS

    dead_letters:           # messages that cannot be used: hmoe dlq show -c hmoe.yaml
      sink: @DEAD_LETTERS
      max_ratio: 0.2        # the stream halts when one in five of the last
      window_messages: 1000 # so many messages cannot be used

    model:
      gates: LL             # outer and inner gate: S softmax, L Laplace
      arl: 10000            # wanted records to a false drift alarm
"""

FILE_PART = """
    source:
      kind: file
      path: data.csv.gz     # CSV, JSON Lines or Parquet, plain or gzip; - is standard input
    labels:
      arrive: with the record
"""

KAFKA_PART = """
    source:
      kind: kafka
      brokers: localhost:9092
      events: @EVENTS       # topic of the records, one JSON object a message
      labels: @LABELS       # topic of the labels: objects with the key and the target
      # options:            # settings of librdkafka; the password comes from the environment as
      #   security.protocol: SASL_SSL  # HMOE__STREAMS__0__SOURCE__OPTIONS__SASL_PASSWORD
      #   sasl.mechanism: SCRAM-SHA-512
      #   sasl.username: hmoe
    labels:
      arrive: later         # predict now, learn when the label comes
      key: id               # the field that joins a record and its label
      max_pending: 100000   # most records that wait for labels
      # time: created       # field with the Unix time of an event; without it the log's time counts
      max_age_seconds: 604800
"""

HTTP_PART = """
    source:
      kind: http            # records and labels are posted to the API
    labels:
      arrive: later         # predict now, learn when the label comes
      key: id               # the field that joins a record and its label
      max_pending: 100000   # most records that wait for labels
"""

PARTS = {Kind.FILE: FILE_PART, Kind.KAFKA: KAFKA_PART, Kind.HTTP: HTTP_PART}
SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off"})  # some also for older readers
FILE_SINK = "{kind: file}  # in the state folder"


def example(kind: Kind, name: str, target: str, is_regression: bool) -> str:
    """A commented configuration of one stream.

    Args:
        kind: where its records come from.
        name: of the stream.
        target: the field to predict.
        is_regression: the target is a number.
    """
    tasks = ("regression", "classification") if is_regression else ("classification", "regression")
    sinks = dict.fromkeys(("PREDICTIONS", "DECISIONS", "DEAD_LETTERS"), FILE_SINK)
    if kind is Kind.KAFKA:
        topics = {"PREDICTIONS": "predictions", "DECISIONS": "decisions", "DEAD_LETTERS": "dlq"}
        brokers = "brokers: localhost:9092"
        sinks = {sink: f"{{kind: kafka, {brokers}, topic: {name}.{end}}}" for sink, end in topics.items()}
    words = {
        "NAME": _plain(name),
        "TARGET": _plain(target),
        "TASK": tasks[0],
        "OTHER": tasks[1],
        "EVENTS": f"{name}.events",
        "LABELS": f"{name}.labels",
        **sinks,
    }
    return re.sub("@([A-Z_]+)", lambda found: words[found.group(1)], HEAD + PARTS[kind] + TAIL)


def _plain(text: str) -> str:
    """Text for YAML: as it is where that is safe, else as JSON text, which is YAML text too."""
    return text if SAFE.fullmatch(text) and text.lower() not in RESERVED else json.dumps(text)
