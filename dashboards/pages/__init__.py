"""The pages, one file each; each is a script that Streamlit runs."""
