//! Between two stimulation sites: velocity and relative amplitude.

use super::block;
use crate::model::{QualityFlag, QualityKind, Response, SegmentMeasurement};

/// Velocities outside this range, m/s, are taken as a wrong distance or a wrong marker: the
/// fastest human motor fibres stay below, and slower ones are not conduction but a slip.
const PLAUSIBLE_MPS: [f64; 2] = [10.0, 90.0];

/// Values between a distal and the next proximal site, from onset to onset, with the criteria for
/// block and dispersion applied to nerve and sites.
///
/// `sites`: (index, name) of the distal and the proximal site. `distance_mm` that is not positive
/// counts as not entered. The velocity is `None` without a distance or when the proximal onset does
/// not come later.
pub fn segment(
    nerve: &str,
    sites: [(usize, &str); 2],
    distal: &Response,
    proximal: &Response,
    distance_mm: Option<f64>,
) -> SegmentMeasurement {
    let distance_mm = distance_mm.filter(|d| d.is_finite() && *d > 0.0);
    let latency_difference_ms = proximal.onset_ms - distal.onset_ms;
    let drop_pct = |distal: f64, proximal: f64| (distal > 0.0).then(|| 100.0 * (1.0 - proximal / distal));
    let area_drop_pct = drop_pct(distal.area_uvms, proximal.area_uvms);
    let duration_increase_pct = drop_pct(distal.duration_ms, proximal.duration_ms).map(|drop| -drop);
    let relative_amplitude_pct = if distal.amp_uv > 0.0 { 100.0 * proximal.amp_uv / distal.amp_uv } else { f64::NAN };
    let finding = block::finding(
        nerve,
        sites[0].1,
        sites[1].1,
        block::Change {
            amp_drop_pct: 100.0 - relative_amplitude_pct,
            area_drop_pct: area_drop_pct.unwrap_or(f64::NAN),
            duration_increase_pct: duration_increase_pct.unwrap_or(f64::NAN),
            distal_uv: distal.amp_uv,
        },
    );
    let mut segment = SegmentMeasurement {
        from: Some(sites[0].0),
        to: sites[1].0,
        distance_mm,
        latency_difference_ms,
        velocity_mps: distance_mm.filter(|_| latency_difference_ms > 0.0).map(|d| d / latency_difference_ms),
        relative_amplitude_pct,
        area_drop_pct,
        duration_increase_pct,
        finding,
        doubt: None,
    };
    segment.doubt = plausibility(&segment);
    segment
}

/// What is doubtful about a segment's distance or velocity.
pub fn plausibility(segment: &SegmentMeasurement) -> Option<QualityFlag> {
    let flag = |what: String| Some(QualityFlag { kind: QualityKind::ImplausibleDistance, what });
    let d = segment.distance_mm?;
    let Some(v) = segment.velocity_mps else {
        return flag(format!(
            "The proximal onset is {:.2} ms before the distal one: check the order of the sites and the markers.",
            -segment.latency_difference_ms
        ));
    };
    let [low, high] = PLAUSIBLE_MPS;
    if v < low && (low..=high).contains(&(10.0 * v)) {
        return flag(format!("Distance {d:.0} mm gives {v:.1} m/s; {d:.0} cm would give {:.1} m/s: was it measured in cm?", 10.0 * v));
    }
    if (low..=high).contains(&v) {
        return None;
    }
    flag(format!(
        "{d:.0} mm in {:.2} ms gives {v:.1} m/s, outside {low:.0} to {high:.0} m/s: check the distance and both onsets.",
        segment.latency_difference_ms
    ))
}

#[cfg(test)]
mod tests {
    use super::{SegmentMeasurement, plausibility};
    use crate::model::Response;

    fn segment(distal: &Response, proximal: &Response, distance_mm: Option<f64>) -> SegmentMeasurement {
        super::segment("", [(0, ""), (1, "")], distal, proximal, distance_mm)
    }

    fn at(onset_ms: f64, amp_uv: f64) -> Response {
        Response { onset_ms, amp_uv, ..Response::default() }
    }

    #[test]
    fn velocity_and_relative_amplitude() {
        let s = segment(&at(3.0, 8000.0), &at(7.0, 6000.0), Some(200.0));
        assert!((s.velocity_mps.unwrap() - 50.0).abs() < 1e-9);
        assert!((s.relative_amplitude_pct - 75.0).abs() < 1e-9);
        assert!(plausibility(&s).is_none());
        let twice = segment(&at(3.0, 8000.0), &at(7.0, 6000.0), Some(400.0));
        assert!((twice.velocity_mps.unwrap() - 100.0).abs() < 1e-9);
        assert!(plausibility(&twice).unwrap().what.contains("100.0 m/s"));
    }

    #[test]
    fn centimetres_typed_for_millimetres_are_named() {
        let flag = plausibility(&segment(&at(3.0, 1.0), &at(4.6, 1.0), Some(8.0))).unwrap();
        assert!(flag.what.contains("8 cm would give 50.0 m/s"), "{}", flag.what);
    }

    #[test]
    fn no_distance_no_velocity_and_a_wrong_order_is_named() {
        assert_eq!(segment(&at(3.0, 1.0), &at(7.0, 1.0), None).velocity_mps, None);
        assert_eq!(segment(&at(3.0, 1.0), &at(7.0, 1.0), Some(0.0)).distance_mm, None);
        let reversed = segment(&at(7.0, 1.0), &at(3.0, 1.0), Some(200.0));
        assert_eq!(reversed.velocity_mps, None);
        assert!(plausibility(&reversed).unwrap().what.contains("4.00 ms before"));
    }
}
