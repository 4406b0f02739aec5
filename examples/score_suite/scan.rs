//! Motor units of CMAP scans.

use serde_json::json;

use myoscope::model::Summary;

use super::{Answer, Case};

pub fn scan(case: &Case) -> Answer {
    match case.measure()?.summary {
        Summary::Scan(scan) => Ok(json!({"n_units": scan.units.map_or(0.0, |units| units.number)})),
        _ => Err("no scan".into()),
    }
}
