#!/usr/bin/env python3
"""Draws data/rents.csv: 500 flats for rent in a town that does not exist.

    scripts/rents.py [-o data/rents.csv]

Every number comes from NumPy's RandomState, whose stream is the same in every version; nothing is measured. The rent rises
less than in proportion to the area, by more in some districts than in others, falls with the distance by another rate in each
(at the harbour it rises), is least in buildings of about 1965, and has noise of 4 %. Cells are emptied after the rent is
drawn, so that a gap says nothing about it.
"""

import argparse
import datetime
import pathlib

import numpy as np

ROWS, SEED = 500, 2
# For each district: its share, rent of a flat of 70 m² at its middle, kilometres to its middle, and change of rent a kilometre.
DISTRICTS = {
    "Old Town": (0.18, 1480, 1.0, -0.10),
    "Station": (0.16, 850, 1.6, -0.01),
    "Riverside": (0.20, 1120, 3.2, -0.05),
    "Harbour": (0.14, 980, 4.0, 0.06),
    "Hillside": (0.17, 1230, 5.5, -0.025),
    "Northfield": (0.15, 600, 7.5, -0.015),
}
HEATING = {"gas": 1.0, "district heat": 1.02, "oil": 0.95, "heat pump": 1.06}
CLASSES = "ABCDEFG"
LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"


def table(random):
    """The columns, each a list of texts."""
    names = list(DISTRICTS)
    share, level, middle, slope = (np.array(column) for column in zip(*DISTRICTS.values()))
    place = random.choice(len(names), ROWS, p=share)
    area = np.clip(np.round(np.exp(random.normal(4.2, 0.38, ROWS)), 1), 22, 190)
    distance = np.round(np.clip(middle[place] + random.normal(0, 0.9, ROWS), 0.2, None), 2)
    year = random.randint(1900, 2025, ROWS)
    rooms = np.clip(np.round(area / 26 + random.normal(0, 0.55, ROWS)), 1, 7).astype(int)
    floor = np.minimum(random.poisson(2.2, ROWS), 9)
    # Newer buildings are better insulated and have other heatings.
    energy = np.clip(np.round(4.6 - (year - 1940) / 22 + random.normal(0, 1.0, ROWS)), 0, 6).astype(int)
    modern = np.clip((year - 1960) / 60, 0, 1)
    weight = np.stack([0.5 - 0.3 * modern, 0.2 + 0.1 * modern, 0.28 - 0.25 * modern, 0.02 + 0.45 * modern], 1)
    chosen = (random.uniform(size=(ROWS, 1)) > np.cumsum(weight, 1) / weight.sum(1, keepdims=True)).sum(1)
    day = random.randint(0, 730, ROWS)

    rent = level[place] * (1 - np.exp(-area / 120)) / (1 - np.exp(-70 / 120))
    rent *= np.exp(slope[place] * (distance - middle[place]))
    # The oldest buildings are as sought after as the newest, those of about 1965 least.
    rent *= 1 + 0.4 * (np.abs(year - 1965) / 60) ** 1.5
    rent *= 1.05 - 0.018 * energy
    rent *= np.array(list(HEATING.values()))[chosen]
    rent *= 1 + 0.03 * np.minimum(rooms - area / 26, 1) + 0.008 * np.minimum(floor, 5)
    rent *= 1 + 0.04 * day / 730
    rent = np.round(rent * np.exp(random.normal(0, 0.04, ROWS))).astype(int)

    identifiers = ["".join(letters) for letters in random.choice(list(LETTERS), (2 * ROWS, 6))]
    identifiers = list(dict.fromkeys(identifiers))[:ROWS]
    first = datetime.date(2024, 1, 1)
    columns = {
        "listing_id": identifiers,
        "listed_on": [str(first + datetime.timedelta(days=int(days))) for days in day],
        "district": [names[index] for index in place],
        "area_m2": [f"{value:.1f}" for value in area],
        "rooms": [str(value) for value in rooms],
        "floor": [str(value) for value in floor],
        "year_built": [str(value) for value in year],
        "energy_class": [CLASSES[index] for index in energy],
        "heating": [list(HEATING)[index] for index in chosen],
        "distance_km": [f"{value:.2f}" for value in distance],
        "rent_eur": [str(value) for value in rent],
    }
    for name, gaps in {"area_m2": 0.03, "energy_class": 0.1, "heating": 0.05}.items():
        for row in random.choice(ROWS, round(gaps * ROWS), replace=False):
            columns[name][row] = ""
    return columns


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = pathlib.Path(__file__).resolve().parents[1] / "data" / "rents.csv"
    parser.add_argument("-o", "--output", type=pathlib.Path, default=default)
    columns = table(np.random.RandomState(SEED))
    lines = [",".join(columns), *map(",".join, zip(*columns.values()))]
    parser.parse_args().output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
