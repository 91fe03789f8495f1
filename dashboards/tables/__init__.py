"""Pure transformations of the journal's tables into what charts and tables on the pages show."""
