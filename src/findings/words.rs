//! Conclusions in sentences.

use super::{Certainty, Conclusion, Severity};

impl Conclusion {
    /// What it is, as a reader writes it (`Median neuropathy at the wrist`): never a cause.
    pub fn title(&self) -> String {
        match self.diagnosis.as_str() {
            "normal" => "No abnormality found".into(),
            "no_conclusion" => "No conclusion".into(),
            "technical" => "Technically limited: cannot be judged".into(),
            "cts" => "Median neuropathy at the wrist (as in carpal tunnel syndrome)".into(),
            "ulnar_elbow" => "Ulnar neuropathy at the elbow".into(),
            "ulnar_wrist" => "Ulnar neuropathy at the wrist".into(),
            "fibular_neuropathy" if self.localisation.contains("head") => "Fibular neuropathy at the fibular head".into(),
            "tarsal_tunnel" => "Tibial neuropathy at the ankle (as in tarsal tunnel syndrome)".into(),
            "multifocal_motor_neuropathy" => "Motor conduction blocks of several nerves, sensory responses spared".into(),
            "mononeuropathy_multiplex" => format!("Several nerves damaged one by one: {}", self.localisation),
            "cervical_radic" | "lumbosacral_radic" => format!("{} radiculopathy", self.localisation.trim_end_matches(" root")),
            "plexopathy" => format!("Plexopathy: {}", self.localisation),
            "polyneuropathy_axonal" if self.localisation.starts_with("acute") => {
                format!("Polyneuropathy with loss of axons: {}", self.localisation)
            }
            "polyneuropathy_axonal" => "Length-dependent polyneuropathy with loss of axons".into(),
            "polyneuropathy_demyelinating" => "Demyelinating polyneuropathy".into(),
            "gbs_demyelinating" => "Acute demyelinating polyradiculoneuropathy".into(),
            "motor_neuron" => format!(
                "Loss of motor neurons or motor axons in {}",
                self.localisation.trim_start_matches("anterior horn cells/motor axons in ")
            ),
            "myopathic" => format!("Myopathic process: {}", self.localisation),
            "myotonic" => "Myotonic discharges".into(),
            "nmj_postsynaptic" => "Postsynaptic defect of neuromuscular transmission".into(),
            "nmj_presynaptic" => "Presynaptic defect of neuromuscular transmission".into(),
            "anomaly_martin_gruber" => {
                "Crossing of fibres from the median to the ulnar nerve (Martin-Gruber): a variant, no disease".into()
            }
            other => {
                let nerve = other.trim_end_matches("_neuropathy").replace('_', " ");
                let mut letters = nerve.chars();
                let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
                format!("{first}{} neuropathy: {}", letters.as_str(), self.localisation)
            }
        }
    }

    /// Side in words; empty where there is none.
    pub fn side_word(&self) -> &'static str {
        match self.side.as_str() {
            "R" => "right",
            "L" => "left",
            "bilateral" => "both sides",
            "bilateral_distal" => "both sides, distal",
            _ => "",
        }
    }

    /// Ongoing or old, in words; empty where it does not apply. Never 'chronic' alone.
    pub fn time_words(&self) -> &'static str {
        match self.chronicity.as_str() {
            "acute" => "acute",
            "subacute" => "subacute: ongoing denervation, no established reinnervation",
            "chronic_ongoing" => "chronic with ongoing denervation",
            "chronic_inactive" => "chronic, reinnervated, no ongoing denervation",
            "indeterminate" => "age not determined",
            _ => "",
        }
    }

    /// What kind of damage, in words; empty where there is none.
    pub fn kind_words(&self) -> &'static str {
        match self.pathophysiology.as_str() {
            "demyelinating" => "demyelinating",
            "axonal" => "loss of axons",
            "mixed" => "demyelinating, with loss of axons",
            "conduction_block" => "conduction block",
            _ => "",
        }
    }

    /// `moderate; loss of axons; subacute: ...; grades padua=mild`: the line below the title.
    pub fn details(&self) -> String {
        let severity = match self.severity {
            Severity::None | Severity::NotGraded => "",
            severity => severity.word(),
        };
        let grades =
            if self.scale == "none" { String::new() } else { format!("grades {}", self.scale.replace('=', " ").replace(';', ",")) };
        [self.side_word(), severity, self.kind_words(), self.time_words(), &grades]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("; ")
    }
}

impl Certainty {
    /// For people, as a phrase.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Definite => "what the rules ask for is there",
            Self::Probable => "likely; a piece is missing",
            Self::Possible => "possible; other explanations remain",
        }
    }
}
