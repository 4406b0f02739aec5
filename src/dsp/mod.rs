//! Digital signal processing: slices in, slices out, scipy's names. Knows no medicine.
