"""What every child process of the local platform finds in its environment."""

import subprocess
import sys

from scoring.local.environment import base_environment

POOL = "import pyarrow; print(pyarrow.default_memory_pool().backend_name)"


def test_arrow_returns_what_it_has_freed_to_the_system():
    done = subprocess.run(
        [sys.executable, "-c", POOL], env=base_environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "system"
