"""What a magazine scores: its subscribers, and how likely each is to cancel."""
