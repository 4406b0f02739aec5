//! What the needle saw, muscle by muscle, for tables and pictures.

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use crate::model::Side;

/// A muscle under the needle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Row of the table of muscles.
    pub muscle: String,
    /// Side.
    pub side: Side,
    /// The higher grade of fibrillation potentials and positive sharp waves, 0 to 4; `None`: rest was not looked at.
    pub denervation: Option<u8>,
    /// Large or long potentials (supply that was rebuilt), or too few units for the force.
    pub rebuilt: bool,
    /// Small potentials of which many fire early.
    pub myopathic: bool,
    /// Anything that is not normal.
    pub abnormal: bool,
}

/// Every muscle, in the order in which they were given.
pub fn seen(evidence: &Evidence) -> Vec<Seen> {
    let of = |muscle: &super::evidence::Muscle| {
        let row = &muscle.row;
        let looked = row.fib.is_some() || row.psw.is_some();
        Seen {
            muscle: muscle.def.id.clone(),
            side: row.side,
            denervation: looked.then(|| row.denervation()),
            rebuilt: !row.myopathic() && (row.rebuilt() || row.fewer_units()),
            myopathic: row.myopathic(),
            abnormal: row.abnormal(),
        }
    };
    evidence.muscles.iter().map(of).collect()
}
