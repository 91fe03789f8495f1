"""``hmoe dlq``: look at the messages that could not be used, and send them once more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands.config import Settings, load
from monitor.commands.output import print_json
from monitor.printable import printable
from monitor.problems import ConfigurationProblem, TemporaryProblem, UsageProblem
from monitor.sources.messages import Channel

if TYPE_CHECKING:
    from monitor.config.schema import KafkaConfig, ServiceConfig, StreamConfig
    from monitor.dead_letters import DeadLetter
    from monitor.dead_letters.replaying import Target

__all__ = ["app"]

app = typer.Typer(
    help=(
        "Look at messages that could not be used, and send them once more.\n\n"
        "Every one is kept as it came, with the field at fault, its value, the reason and a remedy: in the "
        "file or topic that dead_letters.sink names, or in rejects.jsonl of a run on a file."
    ),
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

From = Annotated[
    Path | None,
    typer.Argument(metavar="[PATH]", help="A file of dead letters, or the folder of a stream or run."),
]
Config = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="Take the place from a configuration.")
]
Stream = Annotated[
    str | None, typer.Option("--stream", metavar="NAME", help="Which stream of it; needed if it has several.")
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Only those whose reason contains this.")
]
FieldName = Annotated[str | None, typer.Option("--field", metavar="NAME", help="Only faults at this field.")]
Which = Annotated[Channel | None, typer.Option("--channel", help="Only records, or only labels.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("show")
def show(
    path: From = None,
    config: Config = None,
    settings: Settings = None,
    stream: Stream = None,
    reason: Reason = None,
    field: FieldName = None,
    channel: Which = None,
    samples: Annotated[int, typer.Option("--samples", min=0, help="Newest ones shown of each reason.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Count the reasons, the most frequent first, with the newest messages of each and the remedy.

    For example:

    * hmoe dlq show -c hmoe.yaml

    * hmoe dlq show runs/elec --field price --samples 5
    """
    from monitor.dead_letters.counting import count_reasons, shown_body

    letters = _chosen(_letters(path, config, settings, stream), reason, field, channel)
    found = count_reasons(letters, samples)
    total = sum(entry.count for entry in found)
    if as_json:
        print_json({"total": total, "reasons": [entry.to_json() for entry in found]})
        return
    print(f"{total:,} dead letters" if total else "no dead letters")
    for entry in found:
        where = f"{entry.field}: " if entry.field else ""
        print(f"\n{entry.count:>8,}  {printable(where + entry.reason)}\n          {printable(entry.remedy)}")
        for letter in entry.samples:
            value = f"{letter.value}  " if letter.value else ""
            print("          " + printable(f"{letter.origin}  {value}{shown_body(letter.body)}"))


@app.command("replay")
def replay(
    path: From = None,
    config: Config = None,
    settings: Settings = None,
    stream: Stream = None,
    to_topic: Annotated[
        str | None, typer.Option("--to-topic", metavar="TOPIC", help="Send to a Kafka topic.")
    ] = None,
    brokers: Annotated[
        str | None, typer.Option("--brokers", help="host:port of Kafka; else that of the stream's source.")
    ] = None,
    to_file: Annotated[
        Path | None, typer.Option("--to-file", metavar="FILE", help="Append to a JSON Lines file.")
    ] = None,
    to_url: Annotated[
        str | None, typer.Option("--to-url", metavar="URL", help="Post each to an address.")
    ] = None,
    reason: Reason = None,
    field: FieldName = None,
    channel: Which = None,
    skip: Annotated[int, typer.Option("--skip", min=0, help="Leave out the first so many.")] = 0,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")] = None,
    is_trial: Annotated[bool, typer.Option("--dry-run", help="Count, but send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters again, after they or the receiver were repaired.

    To repair messages, copy the file of dead letters, edit the bodies in the copy, and replay that.
    With --to-url and -c, a body becomes an event of the service's API, and http.token is presented.

    For example:

    * hmoe dlq replay -c hmoe.yaml --reason 'above most' --to-topic orders

    * hmoe dlq replay repaired.jsonl -c hmoe.yaml --to-url http://127.0.0.1:8080/learn

    * hmoe dlq replay runs/elec --to-file again.jsonl

    Exit codes: 0 all sent; 75 the target stopped taking them (go on with --skip); 78 some were refused.
    """
    from monitor.dead_letters import replaying

    if [to_topic, to_file, to_url].count(None) != 2:
        raise UsageProblem("say where to: one of --to-topic, --to-file, --to-url")
    service = None if config is None else load(config, settings)
    letters = _chosen(_letters(path, config, settings, stream), reason, field, channel)
    wanted = islice(letters, skip, None if limit is None else skip + limit)
    if is_trial:
        count = sum(1 for _ in wanted)
        print_json({"would_send": count}) if as_json else print(f"would send {count:,}")
        return
    target = _target(to_topic, brokers, to_file, to_url, service, stream)
    done = replaying.replay(wanted, target)
    if as_json:
        print_json({"target": target.name, **done.to_json()})
    else:
        print(f"sent {done.sent:,} to {target.name}")
        for origin, why in done.refused:
            print(printable(f"refused {origin}: {why}"), file=sys.stderr)
    if done.failure:
        gone = skip + done.sent + len(done.refused)
        raise TemporaryProblem(f"{done.failure}; go on with --skip {gone}")
    if done.refused:
        raise ConfigurationProblem(f"{len(done.refused):,} were refused; the reasons are above")


def _chosen(
    letters: Iterator[DeadLetter], reason: str | None, field: str | None, channel: Channel | None
) -> Iterator[DeadLetter]:
    for letter in letters:
        is_meant = reason is None or reason in letter.reason
        if is_meant and field in (None, letter.field) and channel in (None, letter.channel):
            yield letter


def _letters(
    path: Path | None, config: Path | None, settings: list[str] | None, stream: str | None
) -> Iterator[DeadLetter]:
    from monitor.config.schema import KafkaSinkConfig
    from monitor.dead_letters.reading import FILE_NAME, find_file, read_file

    if path is not None:
        return read_file(find_file(path))
    if config is None:
        raise UsageProblem("say where the dead letters are: a PATH, or a configuration with -c")
    service = load(config, settings)
    chosen = _stream(service, stream)
    sink = chosen.dead_letters.sink
    if isinstance(sink, KafkaSinkConfig):
        from monitor.dead_letters.kafka_topic import read_topic

        return read_topic(sink, sink.topic)
    file = service.state / chosen.name / FILE_NAME if sink.path is None else sink.path
    return read_file(file) if file.exists() else iter(())


def _stream(service: ServiceConfig, name: str | None) -> StreamConfig:
    names = [stream.name for stream in service.streams]
    if name is None and len(names) == 1:
        return service.streams[0]
    if name not in names:
        asked = "--stream is needed" if name is None else f"there is no stream {name!r}"
        raise UsageProblem(f"{asked}; the configuration has {', '.join(names)}")
    return service.streams[names.index(name)]


def _target(
    topic: str | None,
    brokers: str | None,
    file: Path | None,
    url: str | None,
    service: ServiceConfig | None,
    stream: str | None,
) -> Target:
    from monitor.dead_letters.replaying import FileTarget, HttpTarget

    if file is not None:
        return FileTarget(file)
    chosen = None if service is None else _stream(service, stream)
    if url is not None:
        from monitor.config import read_token

        token = None if service is None else read_token(service.http)
        return HttpTarget(url, None if token is None else token.get_secret_value(), chosen)
    from monitor.dead_letters.kafka_topic import TopicTarget

    assert topic is not None
    return TopicTarget(_kafka(brokers, chosen), topic)


def _kafka(brokers: str | None, stream: StreamConfig | None) -> KafkaConfig:
    from monitor.config.schema import KafkaConfig

    if brokers is not None:
        return KafkaConfig(brokers=brokers)
    if stream is not None:
        for known in (stream.source, stream.dead_letters.sink):
            if isinstance(known, KafkaConfig):
                return known
    raise UsageProblem("--to-topic needs --brokers, or -c with a stream whose source is Kafka")
