"""What a 64-bit float can hold."""

EXACT = 2**53  # every integer up to this size; beyond it only some
