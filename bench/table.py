#!/usr/bin/env python3
"""The Markdown tables of docs/performance.md from files of `raven-bench --json`: table.py FILE…

One row per case and thread count: our time, the share of the measured limit, and peer time ÷ ours for each peer. Of a
case that several files hold, the last counts. Then the geometric means.
"""
import json
import math
import sys


def read(paths):
    """(suite, case, threads) → peer → row, in the order of the files."""
    cases = {}
    for path in paths:
        with open(path) as file:
            for line in file:
                row = json.loads(line)
                cases.setdefault((row["suite"], row["case"], row["threads"]), {})[row["peer"]] = row
    return cases


def time_text(milliseconds):
    for unit, scale in (("ns", 1e6), ("µs", 1e3), ("ms", 1), ("s", 1e-3)):
        if milliseconds * scale < 1000 or unit == "s":
            return f"{milliseconds * scale:.3g} {unit}"


def main(paths):
    cases = read(paths)
    peers = [peer for peer in ("numpy", "pytorch", "jax") if any(peer in rows for rows in cases.values())]
    ratios = {peer: [] for peer in peers}
    print("| case | threads | Raven | of the limit | " + " | ".join(f"{peer} ÷ ours" for peer in peers) + " |")
    print("|---|---|---|---|" + "---|" * len(peers))
    for (_, case, threads), rows in cases.items():
        any_row = next(iter(rows.values()))
        limit = "–" if any_row["bound"] == "overhead" else f"{100 * any_row['roofline']:.0f} %"
        cells = []
        for peer in peers:
            row = rows.get(peer)
            if row is None or row["ratio"] is None or row.get("wrong"):
                cells.append("–")
                continue
            ratios[peer].append(row["ratio"])
            text = f"{row['ratio']:.2f}" if row["ratio"] < 100 else f"{row['ratio']:.0f}"
            cells.append((f"**{text}**" if row["ratio"] < 0.9 else text) + (" (slow peer)" if row.get("peer_slow") else ""))
        print(f"| `{case}` | {threads} | {time_text(any_row['ours_ms'])} | {limit} | " + " | ".join(cells) + " |")
    for peer, values in ratios.items():
        mean = math.exp(sum(map(math.log, values)) / len(values))
        print(f"\nGeometric mean against {peer}: {mean:.2f} over {len(values)} rows.")


main(sys.argv[1:])
