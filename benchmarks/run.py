"""``make bench``: the pipeline beside the tutorial way and the floor. See docs/benchmarks.md."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

from suite import main

if __name__ == "__main__":
    main()
