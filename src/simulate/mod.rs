//! A simulated patient: feeds the demo study, the samples and the tests.
