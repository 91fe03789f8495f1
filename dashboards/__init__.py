"""The dashboard: Streamlit pages that read a run's journal, and nothing else, while it is being written.

``data`` reads tables, ``verdict`` says how the run is doing and ``advice`` what to do, ``words`` and
``theme`` how it is written and in which colours, ``tables`` and ``charts`` turn it into what is drawn,
``pages`` lay it out and ``frame`` keeps them live. ``python -m dashboards --journal PATH`` serves it.
"""
