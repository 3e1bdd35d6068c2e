"""Snapshots, from intake to scoring: immutable Parquet files in the lake, their manifest in PostgreSQL, Arrow types."""
