"""Real data in; a definition and a suite to start from out, and everything that is wrong with one."""
