//! The potential of one muscle fibre at an electrode.
//!
//! A travelling action potential is a row of dipoles along the fibre, each as strong as the slope
//! of the intracellular potential there (Plonsey, Bioelectric Phenomena, 1969), here Rosenfalck's
//! `96 x^3 exp(-x)` mV with x in mm (Acta Physiol Scand Suppl 1969;321). Dipoles exist only
//! between end plate and tendon, which yields the end effects. The conductor is infinite, with
//! anisotropy taken up in the radial distance.
//!
//! Values are positive when the electrode is negative: display up. Amplitudes are relative; the
//! callers scale them.

/// Grid along the fibre, mm.
const DZ_MM: f64 = 0.1;
/// Length of the action potential that is followed, mm.
const SPIKE_MM: f64 = 14.0;
/// Axial to radial conductivity (Andreassen and Rosenfalck, IEEE TBME 1981;28:360).
const ANISOTROPY: f64 = 5.2;

/// An electrode seen from a fibre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contact {
    /// Along the fibre from the end-plate zone, mm.
    pub along_mm: f64,
    /// Distance from the fibre, mm.
    pub radial_mm: f64,
    /// Weight: 1 for E1, negative for E2.
    pub weight: f64,
}

/// Potential against the way travelled from the end plate.
#[derive(Debug, Clone, PartialEq)]
pub struct Potential {
    table: Vec<f64>,
}

fn slope(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { 96.0 * x * x * (3.0 - x) * (-x).exp() }
}

impl Potential {
    /// Potential of a fibre whose end plate lies at `endplate_mm` and whose halves reach
    /// `half_mm` to either side, at the sum of `contacts`.
    pub fn new(endplate_mm: f64, half_mm: f64, contacts: &[Contact]) -> Self {
        let cells = (half_mm / DZ_MM).max(1.0) as usize;
        let spike = (SPIKE_MM / DZ_MM) as usize;
        // Lead field: gradient of 1/r along the direction of travel, both halves together.
        let mut lead = vec![0.0; cells];
        for (i, value) in lead.iter_mut().enumerate() {
            let z = (i as f64 + 0.5) * DZ_MM;
            for contact in contacts {
                let radial2 = ANISOTROPY * contact.radial_mm.powi(2);
                for side in [1.0, -1.0] {
                    let way = side * (contact.along_mm - endplate_mm) - z;
                    *value += contact.weight * way / (radial2 + way * way).powf(1.5);
                }
            }
        }
        let shape: Vec<f64> = (0..spike).map(|i| slope((i as f64 + 0.5) * DZ_MM)).collect();
        let table = (0..cells + spike)
            .map(|front| {
                let from = front.saturating_sub(spike - 1);
                -(from..=front.min(cells - 1)).map(|cell| lead[cell] * shape[front - cell]).sum::<f64>() * DZ_MM
            })
            .collect();
        Self { table }
    }

    /// Potential when the front has travelled `way_mm`; zero before the start and after the end.
    pub fn at(&self, way_mm: f64) -> f64 {
        let at = way_mm / DZ_MM;
        if at < 0.0 {
            return 0.0;
        }
        let i = at as usize;
        let (a, b) = (self.table.get(i).copied().unwrap_or(0.0), self.table.get(i + 1).copied().unwrap_or(0.0));
        a + (at - i as f64) * (b - a)
    }

    /// How far the front travels until nothing is left, mm.
    pub fn way_mm(&self) -> f64 {
        self.table.len() as f64 * DZ_MM
    }

    /// Adds `other`, weighted.
    pub fn add(&mut self, other: &Self, weight: f64) {
        if other.table.len() > self.table.len() {
            self.table.resize(other.table.len(), 0.0);
        }
        for (a, b) in self.table.iter_mut().zip(&other.table) {
            *a += weight * b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Contact, Potential};

    #[test]
    fn over_the_end_plate_the_first_deflection_is_negative_and_off_it_positive() {
        let over = Potential::new(0.0, 28.0, &[Contact { along_mm: 0.0, radial_mm: 10.0, weight: 1.0 }]);
        assert!(over.at(1.0) > 0.0);
        let off = Potential::new(0.0, 60.0, &[Contact { along_mm: 20.0, radial_mm: 1.0, weight: 1.0 }]);
        let lowest = (0..200).map(|i| off.at(f64::from(i) * 0.1)).fold(f64::INFINITY, f64::min);
        let highest = (0..400).map(|i| off.at(f64::from(i) * 0.1)).fold(f64::NEG_INFINITY, f64::max);
        assert!(lowest < -0.1 * highest, "{lowest} {highest}");
        assert_eq!(over.at(-1.0), 0.0);
        assert_eq!(over.at(over.way_mm() + 1.0), 0.0);
    }
}
