"""The journal: what happened on the stream, as rows in one SQLite file that a dashboard reads while it grows.

``schema`` holds the tables, ``fold`` turns facts into rows, ``writer`` stores them, ``reader`` gives them back.
"""
