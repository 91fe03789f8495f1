"""The main job: predict, then learn, on every record of a stream, and keep what happened.

``settings`` says what to do, ``starting`` begins or resumes, ``loop`` is the flow, ``summary`` the last word.
"""
