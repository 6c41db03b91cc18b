"""One module per corpus: what it is, where it comes from, and how its folders are read.

Notebook: 01_data_construction.
"""
