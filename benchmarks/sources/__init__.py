"""Streams that contestants are measured on: files, generators and small sets that come with River."""
