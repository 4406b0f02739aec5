//! Sensory conduction, trains, and the motor unit number index.

use myoscope::model::Samples;
use myoscope::simulate::{
    Disturbance, Muscle, Pool, Random, SensoryNerve, SensorySetup, Setup, Stretch, demo_munix_study, stimulate, stimulate_sensory,
};
use serde_json::json;

use super::{Case, Grid, Off, clinic, numbered, sweeps, top, truth, wfdb};

/// Antidromic conduction from two sites, eight sweeps each.
pub fn sensory() -> Case {
    let mut random = Random::new(301);
    let nerve = SensoryNerve { velocity_mps: (56.0, 3.2), depth_mm: 6.5, spacing_mm: 35.0, antidromic: true, amplitude_uv: 22.0 };
    let setup = SensorySetup { fs_hz: 20_000.0, ..SensorySetup::default() };
    let quiet = Disturbance {
        noise_uv: 1.5,
        slow_noise_uv: 0.5,
        mains_uv: 1.0,
        drift_uv: 4.0,
        spike_uv: 120.0,
        tails: [(25.0, 0.3), (2.5, 2.5)],
        ..clinic()
    };
    let near = stimulate_sensory(&nerve, 140.0, 8, &setup, &quiet, &mut random);
    let elbow = SensoryNerve { amplitude_uv: 13.0, ..nerve };
    let far = stimulate_sensory(&elbow, 350.0, 8, &setup, &quiet, &mut random);
    let mut all = Vec::new();
    let mut expected = Vec::new();
    let mut onsets = Vec::new();
    for (site, simulated) in [near, far].into_iter().enumerate() {
        let response = simulated.truth.unwrap();
        // The averages stand before the sweeps.
        let at = |key: &str| format!("/sweeps/{site}/response/{key}");
        let name = ["wrist", "elbow"][site];
        expected.push(truth(&format!("{name}_onset_ms"), &at("onset_ms"), response.onset_ms, Off::By(0.12)));
        expected.push(truth(&format!("{name}_peak_ms"), &at("peak_ms"), response.peak_ms, Off::By(0.06)));
        expected.push(truth(&format!("{name}_amp_uv"), &at("amp_uv"), response.amp_uv, Off::Pct(8.0)));
        onsets.push(response.onset_ms);
        all.extend(simulated.sweeps_uv);
    }
    let velocity = |of: usize, value: f64| {
        truth(["distal_mps", "forearm_mps"][of], &format!("/summary/segments/{of}/velocity_mps"), value, Off::Pct(4.0))
    };
    expected.push(velocity(0, 140.0 / onsets[0]));
    expected.push(velocity(1, 210.0 / (onsets[1] - onsets[0])));
    let site_of_channel: Vec<usize> = (0..16).map(|k| k / 8).collect();
    let sidecar = json!({
        "kind": "sensory", "stim_ms": setup.before_ms, "nerve": "Median", "recorded_from": "Digit 2", "side": "right",
        "sites": ["Wrist", "Elbow"], "site_of_channel": site_of_channel, "distance_mm": [140, 210], "temperature_c": 33.0,
    });
    Case {
        note: "Antidromic sensory conduction from wrist and elbow, 8 sweeps each.",
        main: "input.hea",
        inputs: sweeps(setup.fs_hz, &numbered(all), &sidecar),
        truth: expected,
    }
}

/// Two trains of eight at 3 Hz: a muscle whose junctions fail, at rest and after exercise.
pub fn repetitive() -> Case {
    let mut random = Random::new(302);
    let pool = Pool::new(&Muscle::default(), &mut random);
    let latencies = pool.latencies(&[Stretch::healthy(70.0)], &mut random);
    let safety: Vec<f64> = latencies.iter().map(|_| random.unit()).collect();
    let grid = Grid { fs_hz: 20_000.0, before_ms: 5.0, after_ms: 40.0 };
    let failing = [[0.0, 0.14, 0.23, 0.27, 0.28, 0.26, 0.25, 0.24], [0.0, 0.03, 0.06, 0.07, 0.07, 0.07, 0.06, 0.06]];
    let (mut all, mut expected, mut falls) = (Vec::new(), Vec::new(), Vec::new());
    for (train, parts) in failing.iter().enumerate() {
        let mut amps = Vec::new();
        for part in parts {
            let alive: Vec<Option<f64>> = latencies.iter().zip(&safety).map(|(l, s)| l.filter(|_| s >= part)).collect();
            let wave = grid.wave(&pool, &alive);
            amps.push(top(&wave));
            all.push(grid.record(&[&wave], &clinic(), &mut random));
        }
        let fall = |k: usize| 100.0 * (1.0 - amps[k] / amps[0]);
        let name = ["rest", "after_exercise"][train];
        let at = |key: &str| format!("/summary/trains/{train}/{key}");
        expected.push(truth(&format!("{name}_first_uv"), &at("amps_uv/0"), amps[0], Off::Pct(1.0)));
        expected.push(truth(&format!("{name}_decrement4_pct"), &at("decrement4_pct"), fall(3), Off::By(1.0)));
        expected.push(truth(&format!("{name}_decrement5_pct"), &at("decrement5_pct"), fall(4), Off::By(1.0)));
        falls.push(fall(3));
    }
    expected.push(truth("repair_points", "/summary/trains/1/repair_points", falls[0] - falls[1], Off::By(1.5)));
    let site_of_channel: Vec<usize> = (0..16).map(|k| k / 8).collect();
    let sidecar = json!({
        "kind": "repetitive", "stim_ms": grid.before_ms, "nerve": "Ulnar", "recorded_from": "ADM", "rate_hz": 3.0,
        "sites": ["Rest", "After 10 s of exercise"], "site_of_channel": site_of_channel,
    });
    Case {
        note: "3 Hz trains of 8 with failing junctions, at rest and after exercise that repairs them.",
        main: "input.hea",
        inputs: sweeps(grid.fs_hz, &numbered(all), &sidecar),
        truth: expected,
    }
}

/// The demo's CMAP and two thirds of its interference patterns.
pub fn munix() -> Case {
    let (study, samples) = demo_munix_study();
    let values = |recording: usize, channel: usize| {
        let mut uv = vec![0.0; study.recordings[recording].channels[channel].n as usize];
        samples[recording].read(channel, 0, &mut uv).unwrap();
        uv
    };
    let fs_hz = study.recordings[0].channels[0].fs_hz;
    let patterns: Vec<Vec<f64>> = (0..study.recordings[1].channels.len()).filter(|k| k % 3 != 1).map(|k| values(1, k)).collect();
    // The demo's CMAP once more, for its truth.
    let mut random = Random::new(47);
    let pool = Pool::new(&Muscle { units: 120, amplitude_uv: 10_500.0, ..Muscle::default() }, &mut random);
    let setup = Setup { fs_hz, before_ms: 5.0, after_ms: 45.0, high_pass_hz: 3.0 };
    let noise = Disturbance { noise_uv: 4.0, ..Disturbance::default() };
    let cmap = stimulate(&pool, &[Stretch::healthy(65.0)], &setup, &noise, &mut random);
    assert_eq!(cmap.uv, values(0, 0), "the demo is made in another way now");
    let response = cmap.truth.unwrap();
    let expected = vec![
        truth("cmap_uv", "/summary/cmap_uv", response.amp_uv, Off::Pct(1.0)),
        truth("cmap_area_mvms", "/summary/cmap_area_mvms", response.area_uvms * 1e-3, Off::Pct(2.0)),
        truth("epochs", "/summary/epochs/1", patterns.len() as f64, Off::By(0.0)),
        // An index, in proportion to the units and no count of them.
        truth("units", "/summary/munix", 120.0, Off::Pct(50.0)),
    ];
    let sidecar = json!({
        "kind": "munix", "stim_ms": setup.before_ms, "nerve": "Median", "recorded_from": "APB", "side": "left",
        "sites": ["Wrist"], "sip_record": "patterns",
    });
    let mut inputs = sweeps(fs_hz, &numbered(vec![cmap.uv]), &sidecar);
    inputs.extend(wfdb("patterns", fs_hz, &numbered(patterns)));
    Case { note: "CMAP and 12 interference patterns of a muscle of 120 units.", main: "input.hea", inputs, truth: expected }
}
