"""The per-record mathematics, compiled: one function predicts a record, one learns from it.

Every part of the model is a named tuple of NumPy arrays (its complete state) with functions that
read or update those arrays in place. Nothing here allocates, draws random numbers or keeps hidden
state, so a record costs microseconds and the same records always give the same bits.

Reading order: ``scaling`` (values on one scale), ``linear``, ``regions`` (the two-level mixture of
experts itself, with ``region_learning`` and ``births``), ``nearest`` (memory and prototypes),
``additive`` and ``boosted`` (rules), ``pool`` (the outer gate), ``categorical`` and ``gaussian`` (the
whole record, one file a task).
"""
