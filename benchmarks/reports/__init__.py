"""What runs say together: standings, tables, plots."""
