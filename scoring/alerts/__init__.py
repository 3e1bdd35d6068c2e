"""Facts that people must be told: any room notes one in its own transaction; the delivery room sends it.

In: what became true. Out: rows of the table ``alert``.
"""
