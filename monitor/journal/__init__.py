"""The journal: what happened on the stream, as rows in a SQLite file that readers follow live.

``schema`` holds the tables, ``fold`` turns facts into rows, ``writer`` stores and ``reader`` returns them.
``joining`` makes one row of ten, ``retention`` deletes old ones, ``segments`` says which to read.
"""
