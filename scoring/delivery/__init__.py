"""Events in, requests out: packs what changed, sends it, records each attempt and decides when to try again."""
