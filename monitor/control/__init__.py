"""What a run did about drift, read from its journal and its audit: told, explained, simulated, replayed.

``episodes`` gathers the decisions, ``known_changes`` compares them with what is known of a made stream,
``explanation`` puts an episode into words, ``simulation`` asks what other thresholds would have done, and
``audit_replay`` makes sure that the decisions follow from what was seen.
"""
