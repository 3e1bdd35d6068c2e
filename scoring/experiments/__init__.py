"""Compares two models on customers who got a value by one of them or by both, cohort after cohort, and says who wins.

In: known outcomes of customers with their arm and values. Out: a difference with an interval that may be looked at
after each cohort, and a decision with all its numbers.
"""
