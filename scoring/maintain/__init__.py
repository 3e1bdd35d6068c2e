"""What is old and not needed any more -> removed, with a record of it; what must stay, and why."""
