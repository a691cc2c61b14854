"""Spreadsheets in and out: what stands in a file, row by row."""
