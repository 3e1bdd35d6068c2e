"""What really happened to customers after as_of, from a system or from a person; and what was known of it when."""
