"""A person's id in, all that is held about them out: shown, or erased place by place and never taken in again."""
