"""Records that come one by one as JSON, in a request or from a stream: read by the casts and rules of an ingest."""
