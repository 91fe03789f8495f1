"""Where records come from: files and standard input, plain or gzip, and message logs.

CSV, JSON Lines and Parquet: ``opening`` chooses, ``byte_stream`` and ``lines`` feed the text formats, and a
``chunk`` comes out. Kafka and Redis: ``opening_messages`` chooses, ``log_merge`` puts all logs in one order,
and ``messages`` come out.
"""
