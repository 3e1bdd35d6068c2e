"""Pages for people about a partition, and the root under which they are kept."""
