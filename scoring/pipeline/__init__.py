"""The verbs: each module does one thing to one partition and can be repeated without harm."""
