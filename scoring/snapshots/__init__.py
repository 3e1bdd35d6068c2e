"""What intake hands over: immutable Parquet files in the lake, their manifest in PostgreSQL, their Arrow types."""
