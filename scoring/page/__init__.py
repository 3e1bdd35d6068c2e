"""Tables in, what the page "Scoring" shows out, as frozen dataclasses; it only reads, and every query has a bound."""
