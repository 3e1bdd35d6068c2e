"""Publications and outcomes in, verdicts out: how well a score does, how well it likely does, and what has drifted."""
