//! Late responses: F waves, the H reflex, the blink reflex, motor evoked potentials.

use myoscope::simulate::{Disturbance, Muscle, Pool, Random, Stretch};
use serde_json::json;

use super::{Case, Grid, Off, clinic, least, mean, most, named, numbered, span, sweeps, top, truth};

type Latencies = Vec<Option<f64>>;

/// The same units, each later by this much.
fn later(latencies: &[Option<f64>], ms: f64) -> Latencies {
    latencies.iter().map(|l| l.map(|l| l + ms)).collect()
}

/// The units that `fires` says.
fn some(latencies: &[Option<f64>], mut fires: impl FnMut(usize) -> bool) -> Latencies {
    latencies.iter().enumerate().map(|(unit, l)| l.filter(|_| fires(unit))).collect()
}

/// Sixteen stimuli; one to three motor neurons answer most of them.
pub fn f_wave() -> Case {
    let mut random = Random::new(321);
    let pool = Pool::new(&Muscle::default(), &mut random);
    let direct = pool.latencies(&[Stretch::healthy(70.0)], &mut random);
    // Up to the cord and down again, with 1 ms at the motor neuron.
    let back = later(&pool.latencies(&[Stretch::healthy(70.0 + 2.0 * 660.0)], &mut random), 1.0);
    let grid = Grid { fs_hz: 20_000.0, before_ms: 5.0, after_ms: 55.0 };
    let m = grid.wave(&pool, &direct);
    let (mut all, mut onsets, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for stimulus in 0..16 {
        let answers = if stimulus % 5 == 3 { 0 } else { 1 + (random.unit() * 3.0) as usize };
        let mut f = vec![0.0; m.len()];
        // Waves that nobody could see do not count as one.
        while answers > 0 && span(&f) < 60.0 {
            let who: Vec<usize> = (0..answers).map(|_| (random.unit() * back.len() as f64) as usize).collect();
            f = grid.wave(&pool, &some(&back, |unit| who.contains(&unit)));
        }
        if answers > 0 {
            onsets.push(grid.onset_ms(&f));
            sizes.push(span(&f));
        }
        let steady = Disturbance { drift_uv: 5.0, ..clinic() };
        all.push(grid.record(&[&m, &f], &steady, &mut random));
    }
    let (shortest, longest, m_ms) = (least(&onsets), most(&onsets), grid.motor_onset_ms(&m));
    let at = |key: &str| format!("/summary/sites/0/{key}");
    let expected = vec![
        truth("m_latency_ms", &at("m_latency_ms"), m_ms, Off::By(0.1)),
        truth("m_amp_uv", &at("m_amp_uv"), top(&m), Off::Pct(1.0)),
        truth("present", &at("present"), onsets.len() as f64, Off::By(0.0)),
        truth("persistence_pct", &at("persistence_pct"), 100.0 * onsets.len() as f64 / 16.0, Off::By(0.1)),
        truth("min_ms", &at("min_ms"), shortest, Off::By(0.3)),
        truth("mean_ms", &at("mean_ms"), mean(&onsets), Off::By(0.3)),
        truth("max_ms", &at("max_ms"), longest, Off::By(0.6)),
        truth("chronodispersion_ms", &at("chronodispersion_ms"), longest - shortest, Off::By(0.7)),
        truth("f_minus_m_ms", &at("f_minus_m_ms"), shortest - m_ms, Off::By(0.35)),
        truth("mean_pp_uv", &at("mean_pp_uv"), mean(&sizes), Off::Pct(10.0)),
    ];
    let sidecar = json!({
        "kind": "f_wave", "stim_ms": grid.before_ms, "nerve": "Median", "recorded_from": "APB", "side": "right",
        "sites": ["Wrist"], "distance_mm": 70, "current_ma": 30,
    });
    Case {
        note: "16 stimuli, F waves of one to three motor neurons; a steady baseline.",
        main: "input.hea",
        inputs: sweeps(grid.fs_hz, &numbered(all), &sidecar),
        truth: expected,
    }
}

/// Fourteen currents: afferents are excited first; a motor axon that the stimulus itself excites
/// blocks the reflex in it by collision.
pub fn h_reflex() -> Case {
    let mut random = Random::new(322);
    let pool = Pool::new(&Muscle { velocity_mps: (48.0, 2.0), ..Muscle::default() }, &mut random);
    let direct = pool.latencies(&[Stretch::healthy(150.0)], &mut random);
    let reflex = later(&pool.latencies(&[Stretch::healthy(700.0)], &mut random), 14.0);
    let thresholds: Vec<(f64, f64)> = direct.iter().map(|_| (random.normal(6.5, 1.2), random.normal(11.0, 1.5))).collect();
    let grid = Grid { fs_hz: 20_000.0, before_ms: 5.0, after_ms: 65.0 };
    let currents: Vec<f64> = (0..14).map(|k| 3.0 + f64::from(k)).collect();
    let (mut all, mut levels) = (Vec::new(), Vec::new());
    for current in &currents {
        let m = grid.wave(&pool, &some(&direct, |unit| *current > thresholds[unit].1));
        // Half of the motor neurons at most are reached by the reflex.
        let h = grid.wave(&pool, &some(&reflex, |unit| unit % 2 == 0 && *current > thresholds[unit].0 && *current <= thresholds[unit].1));
        levels.push((span(&m), span(&h), if span(&h) > 0.0 { grid.onset_ms(&h) } else { f64::NAN }));
        all.push(grid.record(&[&m, &h], &clinic(), &mut random));
    }
    let m_max = most(&levels.iter().map(|l| l.0).collect::<Vec<_>>());
    let h_max = most(&levels.iter().map(|l| l.1).collect::<Vec<_>>());
    let clear: Vec<f64> = levels.iter().filter(|l| l.1 >= 0.2 * h_max).map(|l| l.2).collect();
    let expected = vec![
        truth("latency_ms", "/summary/latency_ms", least(&clear), Off::By(0.3)),
        truth("h_max_uv", "/summary/h_max_uv", h_max, Off::Pct(3.0)),
        truth("m_max_uv", "/summary/m_max_uv", m_max, Off::Pct(2.0)),
        truth("h_m_ratio", "/summary/h_m_ratio", h_max / m_max, Off::Pct(4.0)),
    ];
    let sidecar = json!({
        "kind": "h_reflex", "stim_ms": grid.before_ms, "nerve": "Tibial", "recorded_from": "Soleus", "side": "left",
        "sites": ["Popliteal fossa"], "current_ma": currents,
    });
    Case {
        note: "Recruitment of H and M with the current.",
        main: "input.hea",
        inputs: sweeps(grid.fs_hz, &numbered(all), &sidecar),
        truth: expected,
    }
}

/// Units that answer within some ms of each other: R2.
fn volley(pool: &Pool, first_ms: f64, spread_ms: f64, random: &mut Random) -> Latencies {
    let none = pool.latencies(&[], random);
    none.iter().map(|_| Some(first_ms + spread_ms * random.unit().powf(1.3))).collect()
}

/// Four stimuli of the right side, recorded from both sides of the face.
pub fn blink() -> Case {
    let mut random = Random::new(323);
    let muscle = Muscle { units: 60, amplitude_uv: 900.0, ..Muscle::default() };
    let pool = Pool::new(&muscle, &mut random);
    let early = pool.latencies(&[Stretch::healthy(60.0)], &mut random);
    let grid = Grid { fs_hz: 10_000.0, before_ms: 10.0, after_ms: 90.0 };
    let (mut right, mut left) = (Vec::new(), Vec::new());
    let (mut r1, mut r2, mut other) = (Vec::new(), Vec::new(), Vec::new());
    let wave = |latencies: &[Option<f64>]| grid.brief(&pool, latencies, 0.3);
    let nothing = wave(&vec![None; early.len()]);
    for _ in 0..4 {
        let jitter = random.normal(0.0, 0.2);
        let first = wave(&later(&early, 8.4 + jitter));
        r1.push(grid.motor_onset_ms(&first));
        let (ipsi, contra) = (random.between(31.0, 33.5), random.between(32.0, 34.5));
        let second = wave(&volley(&pool, ipsi, 22.0, &mut random));
        let crossed = wave(&volley(&pool, contra, 22.0, &mut random));
        r2.push(grid.onset_ms(&second));
        other.push(grid.onset_ms(&crossed));
        let small = Disturbance { drift_uv: 2.0, mains_uv: 1.0, spike_uv: -800.0, tails: [(150.0, 0.3), (10.0, 2.0)], ..clinic() };
        right.push(grid.record(&[&first, &second], &small, &mut random));
        left.push(grid.record(&[&nothing, &crossed], &small, &mut random));
    }
    let mut all = named("Right orbicularis oculi", right);
    all.extend(named("Left orbicularis oculi", left));
    let at = |side: usize, key: &str| format!("/summary/sides/{side}/{key}");
    let expected = vec![
        truth("r1_ms", &at(0, "r1_ms"), least(&r1), Off::By(1.0)),
        truth("r2_ms", &at(0, "r2_ms"), least(&r2), Off::By(2.5)),
        truth("r2_trials", &at(0, "r2_trials"), 4.0, Off::By(0.0)),
        truth("other_side_r2_ms", &at(1, "r2_ms"), least(&other), Off::By(2.5)),
        truth("other_side_r2_trials", &at(1, "r2_trials"), 4.0, Off::By(0.0)),
    ];
    let sidecar = json!({"kind": "blink", "stim_ms": grid.before_ms, "nerve": "Supraorbital", "side": "right", "sites": ["Right"]});
    Case {
        note: "Four stimuli on the right, both sides recorded.",
        main: "input.hea",
        inputs: sweeps(grid.fs_hz, &all, &sidecar),
        truth: expected,
    }
}

/// Three stimuli at rest and three while the muscle contracts.
pub fn mep() -> Case {
    let mut random = Random::new(324);
    let muscle = Muscle { amplitude_uv: 5000.0, ..Muscle::default() };
    let pool = Pool::new(&muscle, &mut random);
    let path = [Stretch { mm: 760.0, relative: (1.0, 0.05), blocked: 0.0 }];
    let grid = Grid { fs_hz: 5000.0, before_ms: 100.0, after_ms: 250.0 };
    let silent_ms = 140.0;
    let (mut all, mut onsets, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for stimulus in 0..6 {
        // At rest the muscle answers later: its motor neurons have further to rise.
        let cortical_ms = if stimulus < 3 { 7.0 } else { 5.0 };
        let part = if stimulus < 3 { random.between(0.3, 0.7) } else { random.between(0.6, 0.9) };
        let latencies = later(&pool.latencies(&path, &mut random), cortical_ms);
        let wave = grid.wave(&pool, &some(&latencies, |_| random.unit() < part));
        onsets.push(grid.motor_onset_ms(&wave));
        sizes.push(span(&wave));
        let mut waves = vec![wave];
        if stimulus >= 3 {
            waves.extend(contraction(&pool, &grid, silent_ms, &mut random));
        }
        let coil = Disturbance { spike_uv: 800.0, tails: [(200.0, 0.3), (5.0, 2.0)], ..clinic() };
        all.push(grid.record(&waves.iter().map(Vec::as_slice).collect::<Vec<_>>(), &coil, &mut random));
    }
    let at = |side: usize, key: &str| format!("/summary/sides/{side}/{key}");
    let expected = vec![
        truth("rest_present", &at(0, "present"), 3.0, Off::By(0.0)),
        truth("rest_onset_ms", &at(0, "onset_ms"), least(&onsets[..3]), Off::By(0.8)),
        truth("rest_largest_pp_uv", &at(0, "largest_pp_uv"), most(&sizes[..3]), Off::Pct(5.0)),
        truth("active_present", &at(1, "present"), 3.0, Off::By(0.0)),
        truth("active_onset_ms", &at(1, "onset_ms"), least(&onsets[3..]), Off::By(2.0)),
        truth("active_largest_pp_uv", &at(1, "largest_pp_uv"), most(&sizes[3..]), Off::Pct(10.0)),
        truth("silent_end_ms", &at(1, "silent_end_ms"), silent_ms, Off::By(15.0)),
    ];
    let sidecar = json!({
        "kind": "mep", "stim_ms": grid.before_ms, "nerve": "Cortex", "recorded_from": "FDI", "side": "right",
        "sites": ["At rest", "Contracting"], "site_of_channel": [0, 0, 0, 1, 1, 1],
    });
    Case {
        note: "Magnetic stimulation at rest, and in contraction with a silent period.",
        main: "input.hea",
        inputs: sweeps(grid.fs_hz, &named("FDI", all), &sidecar),
        truth: expected,
    }
}

/// Waves of units that fire 9 to 15 times a second, but not between the stimulus and the end of the
/// silent period. One wave a round of discharges.
fn contraction(pool: &Pool, grid: &Grid, silent_ms: f64, random: &mut Random) -> Vec<Vec<f64>> {
    let units = pool.latencies(&[], random).len();
    let whole = Grid { before_ms: 0.0, after_ms: grid.before_ms + grid.after_ms, ..*grid };
    let mut start = |_| {
        let every_ms = 1e3 / random.between(9.0, 15.0);
        (random.unit() * every_ms, every_ms)
    };
    let mut next: Vec<(f64, f64)> = (0..units * 2 / 5).map(&mut start).collect();
    let mut rounds = Vec::new();
    // Each round adds one discharge a unit.
    while next.iter().any(|(at, _)| *at < whole.after_ms) {
        let silent = |at: f64| (grid.before_ms..grid.before_ms + silent_ms).contains(&at);
        let latencies: Latencies = (0..units).map(|unit| next.get(unit).map(|n| n.0).filter(|at| !silent(*at))).collect();
        rounds.push(whole.wave(pool, &latencies));
        for (at, every) in &mut next {
            *at += random.normal(*every, 0.15 * *every).max(20.0);
        }
    }
    rounds
}
