#!/usr/bin/env python3
"""Rewrites src/norms/data/*.json from a folder of reference tables (TOML).

    python3 scripts/norms.py REFERENCE_DIR

Every row keeps its source, confidence and whether its figure was read again (`verified`). One row a
line, so that a change of a figure is a change of a line.
"""

import json
import re
import sys
import tomllib
from pathlib import Path


def rows(table):
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in table) + "\n]\n"


def line(row, late):
    """A row with its formula as intercept and slopes, where it is a line; the margin is in its note."""
    terms = [term.strip() for term in row["formula"].split(" + ")]
    slopes = [re.fullmatch(r"([\d.]+)\*(\w+)", term) for term in terms[1:]]
    study = next((of["id"] for of in late if row["id"].startswith(of["id"])), None)
    margin = re.search(r"predicted \+ ([\d.]+) ms", row.get("note", ""))
    out = dict(row)
    if study:
        out["study"] = study
    if re.fullmatch(r"[\d.]+", terms[0]) and all(slopes):
        out |= {"intercept": float(terms[0]), "slopes": [[slope[2], float(slope[1])] for slope in slopes]}
    if margin:
        out["margin"] = float(margin[1])
    return out


def main(reference):
    read = lambda name: tomllib.loads((reference / f"{name}.toml").read_text(encoding="utf8"))
    here = Path(__file__).resolve().parent.parent / "src/norms/data"
    values, nerves, sources = read("reference_values"), read("nerves"), read("sources")
    muscles, needle = read("muscles"), read("emg_norms")
    anatomy, criteria = read("anatomy"), read("criteria")
    write = lambda name, table: (here / f"{name}.json").write_text(rows(table), encoding="utf8")
    write("limits", values["limit"])
    write("side_to_side", values["side_to_side"])
    write("regressions", [line(row, nerves["late_response"]) for row in values["regression"]])
    write("studies", nerves["study"])
    write("late_responses", nerves["late_response"])
    codes = ("mdc", "mdc_left", "mdc_right", "crosscheck")
    write("muscles", [{key: value for key, value in row.items() if key not in codes} for row in muscles["muscle"]])
    write("mup_duration", needle["mup_duration"])
    # Rules of the needle examination: what a number or a word of the table is held against.
    write("needle_rules", needle["mup_measure"] + needle["recruitment"] + [row for row in needle["spontaneous"] if row["id"] == "insertional_normal"])
    # Rules that turn values into conclusions, with their numbers; grades; when what comes after a lesion.
    write("criteria", [{"table": table, **row} for table, rows in criteria.items() for row in rows])
    # The graph from root to muscle and skin: one file, one row a line, each under its table's name.
    graph = ("node", "edge", "site", "motor", "sensory", "sensory_route", "motor_study", "motor_segment", "late", "sparing")
    write("anatomy", [{"table": table, **row} for table in graph for row in anatomy[table]])
    write("sources", [{"id": key, **value} for key, value in sources.items() if isinstance(value, dict) and "cite" in value])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
