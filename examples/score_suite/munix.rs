//! Motor unit number indices.

use serde_json::json;

use myoscope::model::Summary;

use super::{Answer, Case};

pub fn munix(case: &Case) -> Answer {
    match case.measure()?.summary {
        Summary::Munix(index) => Ok(json!({"munix": index.munix.unwrap_or(0.0)})),
        _ => Err("no index".into()),
    }
}
