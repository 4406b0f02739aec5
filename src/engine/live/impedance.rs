//! Impedances of the electrodes of a device that measures them: asked for, and said.

use super::{Desk, Wire};
use crate::device::ranvier::Command;
use crate::engine::protocol::{ElectrodeView, ImpedanceView};

/// Greatest impedance of a skin electrode, ohm (the reference tables, after the IFCN's standards of 1999).
const SKIN_MAX_OHM: u32 = 5_000;
/// The ability of devices that can.
const ABILITY: &str = "impedance";

/// Whether impedances are being measured.
#[derive(Default)]
pub(super) struct Measuring {
    port: Option<u8>,
    /// Why they are not.
    why: String,
}

impl Desk {
    /// Begins to measure, or ends.
    pub(super) fn measure_impedances(&mut self, on: bool, now_ms: f64, wire: &mut Wire) {
        let was = self.measuring.port.take();
        self.measuring.why.clear();
        self.intake.take.impedances = None;
        let able = |number: &u8| {
            self.intake.take.descriptor(*number).is_some_and(|device| device.abilities.iter().any(|ability| ability == ABILITY))
        };
        let number = if on { self.ports.keys().copied().find(able) } else { was };
        let Some(number) = number else {
            if on {
                self.measuring.why = "No device that is connected measures impedances.".into();
            }
            return;
        };
        let written = self.intake.command(number, now_ms, Command::Impedance { on, hz: 0 });
        if let (Some(written), Some((port, _))) = (written, self.ports.get(&number)) {
            port.write(now_ms, written, wire);
            self.measuring.port = on.then_some(number);
        }
    }

    /// What was measured, while it is; or why it is not.
    pub(super) fn impedance_view(&self) -> Option<ImpedanceView> {
        let why = self.measuring.why.clone();
        let Some(measuring) = self.measuring.port else {
            return (!why.is_empty()).then(|| ImpedanceView { electrodes: Vec::new(), max_ohm: SKIN_MAX_OHM, hz: 0, why });
        };
        let names = self.intake.take.descriptor(measuring).map_or(&[][..], |device| &device.electrodes);
        let all = self.intake.take.impedances.as_ref().filter(|(port, _)| *port == measuring).map_or(&[][..], |(_, all)| all);
        let electrodes = all.iter().map(|impedance| {
            let name = names.get(usize::from(impedance.electrode)).filter(|name| !name.is_empty());
            let name = name.cloned().unwrap_or_else(|| format!("Electrode {}", impedance.electrode));
            let lower = name.to_lowercase();
            // The limit is for skin electrodes that record.
            let judged = !(lower.contains("needle") || lower.contains("stim"));
            let high = impedance.ohm.filter(|_| judged).map(|ohm| ohm > SKIN_MAX_OHM);
            ElectrodeView { name, ohm: impedance.ohm, contact: !impedance.lead_off, high }
        });
        Some(ImpedanceView {
            electrodes: electrodes.collect(),
            max_ohm: SKIN_MAX_OHM,
            hz: all.first().map_or(0, |impedance| impedance.hz),
            why,
        })
    }
}
