"""Makes three months of made-up subscribers: `python -m magazine.data <folder>`."""

import csv
import random
import sys
from pathlib import Path

DATES = ("2026-07-31", "2026-08-31", "2026-09-30")


def write(folder: Path, subscribers: int = 2000) -> None:
    """Write a file for each date into a folder."""
    chance = random.Random(7)
    people = [
        {
            "subscriber_id": f"S{number:05d}",
            "months": chance.randint(1, 120),
            "plan": chance.choice(["print", "digital", "both"]),
            "complaints": chance.randint(0, 3),
            "cancelled": "false",
        }
        for number in range(subscribers)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for as_of in DATES:
        with (folder / f"subscribers_{as_of}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, people[0])
            writer.writeheader()
            writer.writerows(people)
        for person in people:
            person["months"] = int(person["months"]) + 1
            complaints = int(person["complaints"])
            person["cancelled"] = str(chance.random() < 0.02 + 0.15 * complaints).lower()
            person["complaints"] = min(5, complaints + (chance.random() < 0.3))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
