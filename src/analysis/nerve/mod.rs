//! Nerve conduction.
