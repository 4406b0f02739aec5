#!/usr/bin/env python3
"""Writes tests/golden/dsp/*.json from scipy.signal. Needs numpy and scipy; deterministic."""
import json
import os

import numpy as np
from scipy import ndimage, signal

OUT = os.path.join(os.path.dirname(__file__), "..", "tests", "golden", "dsp")


def write(name, cases):
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, name + ".json"), "w") as f:
        json.dump(cases, f, separators=(",", ":"))
        f.write("\n")


def wave(n, seed):
    """A reproducible signal of few digits: hum, a spike and noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    x = 40 * np.sin(2 * np.pi * t / 37) + rng.normal(0, 10, n) + 5
    x[n // 3 : n // 3 + 8] += [50, 200, 400, 100, -300, -200, -80, -20]
    return np.round(x, 3)


fs = 5000.0
x = wave(160, 1)
filters = []
for order in (1, 2, 3, 4, 5, 8):
    for kind, wn in (("lowpass", [800.0]), ("highpass", [20.0]), ("bandpass", [20.0, 1500.0]), ("bandstop", [45.0, 55.0])):
        sos = signal.butter(order, wn if len(wn) > 1 else wn[0], kind, fs=fs, output="sos")
        w, h = signal.sosfreqz(sos, worN=np.array([1.0, 15, 20, 50, 60, 500, 800, 1500, 2400]), fs=fs)
        case = {"order": order, "kind": kind, "wn": wn, "fs": fs, "hz": w.tolist(), "gain_re": h.real.tolist(), "gain_im": h.imag.tolist()}
        case["sosfilt"] = signal.sosfilt(sos, x).tolist()
        if kind != "bandstop":
            case["sosfiltfilt"] = signal.sosfiltfilt(sos, x).tolist()
        filters.append(case)
b, a = signal.iirnotch(50, 30, fs)
filters.append({"order": 0, "kind": "notch", "wn": [50.0, 30.0], "fs": fs, "sosfilt": signal.lfilter(b, a, x).tolist()})
write("filters", {"x": x.tolist(), "cases": filters})

x = wave(700, 2)
f, p = signal.welch(x, 1000.0, nperseg=128)
f2, p2 = signal.welch(x, 1000.0, nperseg=125, noverlap=25)
write("welch", {"x": x.tolist(), "fs": 1000.0, "cases": [
    {"nperseg": 128, "noverlap": 64, "hz": f.tolist(), "power": p.tolist()},
    {"nperseg": 125, "noverlap": 25, "hz": f2.tolist(), "power": p2.tolist()},
]})

x = wave(90, 3)
write("resample", {"x": x.tolist(), "cases": [
    {"up": u, "down": d, "y": signal.resample_poly(x, u, d).tolist()} for u, d in ((3, 2), (2, 3), (1, 4), (5, 1), (6, 4))
]})

x = wave(301, 4)
quad = x + 0.003 * np.arange(301.0) ** 2
coef = np.polynomial.Polynomial.fit(np.arange(301.0), quad, 2)
write("baseline", {"x": x.tolist(), "detrend": signal.detrend(x).tolist(), "quad": quad.tolist(), "quad_detrended": (quad - coef(np.arange(301.0))).tolist()})

median = [{"window": w, "y": ndimage.median_filter(x, w, mode="nearest").tolist()} for w in (3, 11, 41)]
pct = [{"p": p, "v": float(np.percentile(x, p))} for p in (0, 2.5, 25, 50, 77.7, 100)]
mad = float(np.median(np.abs(x - np.median(x))))
write("robust", {"x": x.tolist(), "running_median": median, "percentiles": pct, "mad": mad})

flat = np.round(x / 10)
cases = []
for name, sig in (("x", x), ("flat", flat)):
    for opts in ({}, {"height": 10}, {"distance": 9}, {"prominence": 30}, {"height": 0, "distance": 5, "prominence": 12}):
        if name == "flat" and "distance" in opts:
            continue  # which of two equal peaks stays is left open by scipy
        idx, _ = signal.find_peaks(sig, **opts)
        prom = signal.peak_prominences(sig, idx)[0]
        cases.append({"signal": name, "options": opts, "index": idx.tolist(), "prominence": prom.tolist()})
write("peaks", {"x": x.tolist(), "flat": flat.tolist(), "cases": cases})
