#!/usr/bin/env python3
"""Writes tests/golden/dicom/*.dcm with pydicom, which shares no code with the program.

    python3 -m venv VENV && VENV/bin/pip install pydicom && VENV/bin/python scripts/dicom_goldens.py

implicit.dcm  implicit VR, two rates, a gap, padding, text and coded annotations, Latin 1
explicit.dcm  explicit VR with defined lengths, 8-bit samples without a sensitivity
"""
import struct
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

OUT = Path(__file__).parent.parent / "tests" / "golden" / "dicom"


def code(value, scheme, meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def channel(label, number, sensitivity=None, unit="uV", baseline="0"):
    item = Dataset()
    item.WaveformChannelNumber, item.ChannelLabel = number, label
    item.ChannelSourceSequence = [code("CH", "99TEST", label)]
    if sensitivity:
        item.ChannelSensitivity = sensitivity
        item.ChannelSensitivityUnitsSequence = [code(unit, "UCUM", unit)]
        item.ChannelSensitivityCorrectionFactor, item.ChannelBaseline = "1", baseline
    item.WaveformBitsStored = 16
    return item


def group(offset_ms, hz, channels, samples, term="SS", bits=16, padding=None):
    item = Dataset()
    item.MultiplexGroupTimeOffset, item.WaveformOriginality = offset_ms, "ORIGINAL"
    item.NumberOfWaveformChannels, item.NumberOfWaveformSamples = len(channels), len(samples) // len(channels)
    item.SamplingFrequency, item.ChannelDefinitionSequence = hz, channels
    item.WaveformBitsAllocated, item.WaveformSampleInterpretation = bits, term
    letter = {"SS": "h", "SB": "b"}[term]
    if padding is not None:
        item.WaveformPaddingValue = struct.pack("<" + letter, padding)
    item.WaveformData = struct.pack(f"<{len(samples)}{letter}", *samples)
    return item


def note(text=None, at=(), channels=(1, 0)):
    item = Dataset()
    item.ReferencedWaveformChannels = list(channels)
    item.TemporalRangeType = "POINT" if len(at) == 1 else "SEGMENT"
    item.ReferencedTimeOffsets = list(at)
    if text:
        item.UnformattedTextValue = text
    else:
        item.ConceptNameCodeSequence = [code("X", "99TEST", "coded")]
    return item


def write(name, syntax, groups, notes=()):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.9.7.2"
    meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = "2.25.1", syntax
    data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    data.SpecificCharacterSet = "ISO_IR 100"
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, "2.25.1"
    data.AcquisitionDateTime, data.Modality = "20240229081530.25", "EMG"
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "M\xfcller^Eva", "A7", "19510502", "F"
    data.PatientAge, data.PatientSize = "072Y", "1.68"
    data.WaveformSequence = groups
    if notes:
        data.WaveformAnnotationSequence = list(notes)
    data.save_as(OUT / name, enforce_file_format=True)


pair = [channel("APB", 2, "0.5", baseline="10"), channel("ADM", 3, "0.001", "mV")]
slow = [channel("Skin", 1, "0.25", "Cel")]
write("implicit.dcm", ImplicitVRLittleEndian, [
    group(0, 1000, pair, [0, 1, 2, 3, -32768, 5, 6, 7, 8, 9, 10, 11]),
    group(0, 500, slow, [120, 121, 122]),
    group(20, 1000, pair, [-1, -2, -3, -4], padding=-32768),
    group(20, 500, slow, [123]),
], [note("Stim", (0.001,)), note("movement", (0.02, 0.021), (1, 2)), note(at=(0.0,))])
write("explicit.dcm", ExplicitVRLittleEndian, [group(0, 250, [channel("raw", 1)], [-128, -1, 0, 127], "SB", 8)])
