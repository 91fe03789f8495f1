"""The dashboard: one Streamlit page that reads a run's journal, and nothing else, while it is being written.

``data`` reads tables, ``verdict`` says how the run is doing, ``words`` and ``theme`` how it is written and in
which colours, ``charts`` and ``sections`` draw it, ``app`` lays the page out.
``python -m dashboards --journal FILE`` serves it.
"""
