"""Finds what was left undone or waits for a person: snapshots never scored, events never told, work never finished.

In: the tables of snapshots, publications and deliveries, and the lake. Out: findings, and the partitions to wake.
"""
