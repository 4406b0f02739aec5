#!/usr/bin/env python3
"""Writes tests/golden/wfdb: small records in every format, with the values they must yield.

The encoders are written here from signal(5) and annot(5), independently of the program. Where the
wfdb package is installed, every record is read with it as well and must agree."""
import json
import os
import struct

OUT = os.path.join(os.path.dirname(__file__), "..", "tests", "golden", "wfdb")
BITS = {8: 16, 16: 16, 24: 24, 32: 32, 61: 16, 80: 8, 160: 16, 212: 12, 310: 10, 311: 10}


def encode(fmt, samples, first=()):
    """Bytes of a sample sequence; for format 8 `samples` are differences already."""
    out = bytearray()
    if fmt == 8:
        return bytes((d & 0xFF) for d in samples)
    if fmt == 80:
        return bytes(s + 128 for s in samples)
    if fmt in (16, 24, 32):
        for s in samples:
            out += (s & (2**fmt - 1)).to_bytes(fmt // 8, "little")
        return bytes(out)
    if fmt == 61:
        return b"".join(struct.pack(">h", s) for s in samples)
    if fmt == 160:
        return b"".join(struct.pack("<H", s + 32768) for s in samples)
    if fmt == 212:
        for k in range(0, len(samples), 2):
            a = samples[k] & 0xFFF
            b = samples[k + 1] & 0xFFF if k + 1 < len(samples) else 0
            out += bytes([a & 0xFF, (a >> 8) | ((b >> 8) << 4)])
            if k + 1 < len(samples):
                out.append(b & 0xFF)
        return bytes(out)
    for k in range(0, len(samples), 3):
        a, b, c = ([s & 0x3FF for s in samples[k : k + 3]] + [0, 0])[:3]
        left = len(samples) - k
        if fmt == 310:
            word = struct.pack("<HH", (a << 1) | ((c & 31) << 11), (b << 1) | ((c >> 5) << 11))
            out += word[: {1: 2, 2: 4}.get(left, 4)]
        else:
            word = struct.pack("<I", a | (b << 10) | (c << 20))
            out += word[: {1: 2, 2: 3}.get(left, 4)]
    return bytes(out)


def values(fmt, n, seed):
    """A deterministic sequence that reaches both ends of the format."""
    half = 2 ** (BITS[fmt] - 1)
    if fmt == 8:
        x, out = 40 * seed, []
        for k in range(n):
            x += ((k * 37 + seed * 11) % 255) - 127
            out.append(x)
        return out
    out = [((k * k * 2654435761 + seed * 40503 + k * 97) % (2 * half - 1)) - half + 1 for k in range(n)]
    out[:3] = [half - 1, -half + 1, -1]
    return out


def record(name, fmt, n, per_frame=(1, 1), skew=(0, 0), offset=0, gain=(200, 1000), baseline=(0, -5), frames=True, end="\n", fs="1000", extra=""):
    """One single-segment record with its expectation."""
    signals = [values(fmt, n * p, k + 1) for k, p in enumerate(per_frame)]
    if fmt != 8:
        signals[1][2 if per_frame[1] == 1 else 3] = -(2 ** (BITS[fmt] - 1))  # an invalid sample
    stored = []
    before = [0 if fmt != 8 else 3 * (k + 1) for k in range(len(signals))]
    last = list(before)
    for f in range(n):
        for k, p in enumerate(per_frame):
            for v in signals[k][f * p : (f + 1) * p]:
                stored.append(v - last[k] if fmt == 8 else v)
                last[k] = v
    with open(os.path.join(OUT, name + ".dat"), "wb") as f:
        f.write(b"#" * offset + encode(fmt, stored))
    lines = [f"{name} {len(signals)} {fs}" + (f" {n}" if frames else "") + extra]
    channels = []
    for k, (s, p) in enumerate(zip(signals, per_frame)):
        code = f"{fmt}" + (f"x{p}" if p > 1 else "") + (f":{skew[k]}" if skew[k] else "") + (f"+{offset}" if offset else "")
        first = before[k] if fmt == 8 else s[0]
        total = ((sum(s) + 32768) % 65536) - 32768
        lines.append(f"{name}.dat {code} {gain[k]}({baseline[k]})/{['uV', 'mV'][k]} {BITS[fmt]} 0 {first} {total} 0 signal {k}, format {fmt}")
        late = skew[k] * p
        shown = s[late:] + [None] * late
        bad = None if fmt == 8 else -(2 ** (BITS[fmt] - 1))
        physical = [None if v is None or v == bad else (v - baseline[k]) / gain[k] for v in shown]
        channels.append({"name": f"signal {k}, format {fmt}", "unit": ["uV", "mV"][k], "fs_hz": float(fs.split("/")[0]) * p, "values": physical})
    with open(os.path.join(OUT, name + ".hea"), "wb") as f:
        f.write((end.join(lines) + end + "# made by scripts/wfdb_goldens.py" + end).encode())
    return {"channels": channels, "annotations": []}


def word(code, low):
    return struct.pack("<H", (code << 10) | low)


def atr(name, events, resolution=None):
    """events: (sample, code, aux, channel)."""
    out, now = b"", 0
    if resolution:
        text = f"## time resolution: {resolution}".encode()
        out += word(22, 0) + word(63, len(text)) + text + b"\0" * (len(text) % 2)
    for at, code, aux, channel in events:
        step = at - now
        if step > 1023:
            out += word(59, 0) + struct.pack("<HH", step >> 16, step & 0xFFFF)
            step = 0
        now = at
        out += word(code, step) + word(61, 1)
        if channel is not None:
            out += word(62, channel)
        if aux:
            out += word(63, len(aux.encode())) + aux.encode() + b"\0" * (len(aux.encode()) % 2)
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(out + b"\0\0")


def main():
    os.makedirs(OUT, exist_ok=True)
    expected = {}
    for fmt in BITS:
        expected[f"f{fmt}"] = record(f"f{fmt}", fmt, 101)
    expected["multi212"] = record("multi212", 212, 67, per_frame=(4, 1))
    expected["multi8"] = record("multi8", 8, 67, per_frame=(3, 2))
    expected["skewed"] = record("skewed", 16, 60, skew=(0, 7))
    expected["offset"] = record("offset", 24, 60, offset=24, end="\r\n", extra=" 8:26:04.250 26/10/1994")
    expected["barecr"] = record("barecr", 61, 60, frames=False, end="\r", fs="2000.5/100(-3)")
    # Fixed layout of two segments with a gap between, and a variable layout.
    a, b = record("sega", 16, 40), record("segb", 16, 30, gain=(100, 50))
    open(os.path.join(OUT, "fixed.hea"), "w").write("fixed/3 2 1000 90\nsega 40\n~ 20\nsegb 30\n")
    joined = []
    for x, y in zip(a["channels"], b["channels"]):
        joined.append({**x, "values": x["values"] + [None] * 20 + y["values"]})
    expected["fixed"] = {"channels": joined, "annotations": []}
    open(os.path.join(OUT, "varlayout.hea"), "w").write(
        "varlayout 2 1000 0\n~ 0 50/mV 16 0 0 0 0 signal 1, format 16\n~ 0 100/uV 16 0 0 0 0 signal 0, format 16\n")
    open(os.path.join(OUT, "variable.hea"), "w").write("variable/3 2 1000 70\nvarlayout 0\nsega 40\nsegb 30\n")
    swapped = [{**joined[k], "values": a["channels"][k]["values"] + b["channels"][k]["values"]} for k in (1, 0)]
    expected["variable"] = {"channels": swapped, "annotations": []}
    events = [(3, 1, "", None), (10, 22, "StimA", 1), (2000, 28, "(N", 1), (140000, 42, "", 0)]
    atr("f16.atr", events)
    atr("f16.qrs", [(500, 22, "fine", None)], resolution=10000)
    expected["f16"]["annotations"] = [
        [0.003, "N", None], [0.01, "StimA", 1], [0.05, "fine", None], [2.0, "+ (N", 1], [140.0, "[42]", 0]]
    with open(os.path.join(OUT, "expected.json"), "w") as f:
        json.dump(expected, f, separators=(",", ":"))
        f.write("\n")
    check(expected)


def check(expected):
    try:
        import numpy as np
        import wfdb
    except ImportError:
        return
    for name, want in expected.items():
        if name in ("barecr", "multi8", "fixed", "variable"):
            continue  # not read, or read in another way, by wfdb
        got = wfdb.rdrecord(os.path.join(OUT, name), smooth_frames=False, ignore_skew=False)
        for k, channel in enumerate(want["channels"]):
            values = np.array([np.nan if v is None else v for v in channel["values"]])
            if not np.allclose(got.e_p_signal[k], values, equal_nan=True, rtol=1e-12, atol=0):
                print(name, k, "differs from wfdb", np.nonzero(~np.isclose(got.e_p_signal[k], values, equal_nan=True))[0][:8])
    found = wfdb.rdann(os.path.join(OUT, "f16"), "atr")
    print("wfdb says", list(found.sample), found.symbol, found.aux_note, list(found.chan))


if __name__ == "__main__":
    main()
