"""The other half of `make bench`: the same work with the Python packages people use.

    bench_peers.py edfio FILE.edf | pyedflib FILE.edf | wfdb FILE.hea | numpy

Prints one JSON object: seconds of each repetition (after one that is not counted), and for readers
the sum of all physical values, so that equal results can be told.
"""
import json
import sys
import time

import numpy as np


def times(work, repeat):
    work()
    out = []
    for _ in range(repeat):
        begun = time.perf_counter()
        work()
        out.append(time.perf_counter() - begun)
    return out


def edfio_read(path):
    import edfio
    edf = edfio.read_edf(path)
    return [signal.data for signal in edf.signals]


def pyedflib_read(path):
    import pyedflib
    with pyedflib.EdfReader(path) as reader:
        return [reader.readSignal(k) for k in range(reader.signals_in_file)]


def wfdb_read(path):
    import wfdb
    return [wfdb.rdrecord(path.removesuffix(".hea")).p_signal]


def signal(n):
    k = np.arange(n, dtype=np.uint64)
    return np.sin(k * 0.01) * 100.0 + ((k * 2654435761 % 2**32) // 2**16) * 1e-3


def main():
    readers = {"edfio": edfio_read, "pyedflib": pyedflib_read, "wfdb": wfdb_read}
    what = sys.argv[1]
    if what in readers:
        path = sys.argv[2]
        total = float(sum(np.sum(x) for x in readers[what](path)))
        seconds = times(lambda: readers[what](path), 2)
        print(json.dumps({"seconds": seconds, "sum": total}))
        return
    from scipy import signal as scipy_signal
    x = signal(1_000_000)
    sos = scipy_signal.butter(2, [20.0, 3000.0], "bandpass", fs=10_000.0, output="sos")

    def fft():
        for k in range(200):
            np.fft.rfft(x[k * 4096:(k + 1) * 4096])

    print(json.dumps({"fft": times(fft, 7), "sosfiltfilt": times(lambda: scipy_signal.sosfiltfilt(sos, x), 7)}))


main()
