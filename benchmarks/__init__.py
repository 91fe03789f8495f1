"""Measurements of the learner and of other libraries, on the same rows in the same run."""
