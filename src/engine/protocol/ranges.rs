//! From the values of a study to the picture of them against their limits.

use super::{StudyView, TestView};
use crate::model::TestKind;
use crate::scene::ranges::{RangeGroup, RangeRow, Ranges};

/// Every value that has a limit, test by test; `None` where none has.
pub fn ranges(view: &StudyView) -> Option<Ranges> {
    let groups: Vec<RangeGroup> = view.tests.iter().filter_map(group).collect();
    (!groups.is_empty()).then_some(Ranges { groups })
}

fn group(test: &TestView) -> Option<RangeGroup> {
    let row = |judged: &super::JudgedValue| {
        let place = judged.site.and_then(|at| test.sites.get(at)).map(|site| site.name.as_str()).filter(|name| !name.is_empty());
        let name = judged.measure.replace('_', " ");
        RangeRow {
            name: place.map_or_else(|| name.clone(), |place| format!("{name}, {place}")),
            value: Some(judged.value),
            limit: judged.limit,
            unit: judged.unit.clone(),
            upper: judged.upper,
            beyond: judged.abnormal,
            doubt: !judged.doubt.is_empty(),
        }
    };
    let mut rows: Vec<RangeRow> = test.judged.iter().map(row).collect();
    if rows.is_empty() && test.study.is_some() && silent(test) {
        rows.push(RangeRow { name: "response".into(), beyond: true, ..RangeRow::default() });
    }
    (!rows.is_empty()).then(|| RangeGroup { title: test.title.clone(), rows })
}

/// Whether the distal site was stimulated, looked at, and nothing answered.
fn silent(test: &TestView) -> bool {
    let of_nerve = matches!(test.kind, TestKind::Motor | TestKind::Sensory) && test.measured;
    let Some(site) = test.sites.first().filter(|_| of_nerve) else { return false };
    let mut seen = site.sweeps.iter().chain(&site.average).filter_map(|sweep| sweep.measurement.as_ref());
    let counted: Vec<_> = seen.by_ref().filter(|measured| measured.left_out.is_none()).collect();
    !counted.is_empty() && counted.iter().all(|measured| measured.response.is_none())
}
