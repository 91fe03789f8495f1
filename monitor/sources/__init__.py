"""Where records come from: CSV, JSON Lines and Parquet files, plain or gzip, and standard input.

``opening`` chooses the source, ``byte_stream`` and ``lines`` feed the text formats, ``chunk`` comes out.
"""
