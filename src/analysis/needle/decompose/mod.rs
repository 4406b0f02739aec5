//! Single-channel needle EMG taken apart into trains of motor unit potentials.

pub mod discover;
pub mod firing;
pub mod placement;
pub mod refine;
pub mod resolve;
pub mod revise;
pub mod shapes;
pub mod signal;
pub mod template;

use firing::Expectation;
use placement::Placement;
use template::{Layout, PHASES, Template};

/// First attempt at the whole: trains in seconds.
pub fn decompose(uv: &[f64], fs_hz: f64) -> Vec<Vec<f64>> {
    let w = signal::working(uv, fs_hz);
    let fs = w.fs_hz;
    let layout = Layout::new(fs);
    let n = w.uv.len();
    if n < 4 * layout.len {
        return Vec::new();
    }
    let bin = (0.001 * fs).round().max(1.0) as i64 * PHASES;
    let bins = n * PHASES as usize / bin as usize + 1;
    let shortest = (0.009 * fs) as i64 * PHASES;
    let seconds = n as f64 / fs;
    let debug = std::env::var("DBG").is_ok();
    let mut templates: Vec<Template> = Vec::new();
    let mut trains: Vec<Vec<i64>> = Vec::new();
    let mut residual = w.uv.clone();
    let mut sigma = signal::sigma(&residual);
    let rounds: usize = std::env::var("NR").map_or(6, |v| v.parse().unwrap());
    for round in 0..rounds {
        // New templates from what is left.
        if round < 5.min(rounds - 2) {
            let least = ((seconds * if round == 0 { 1.5 } else { 2.0 }) as usize).max(6);
            let found = discover::discover(&residual, fs, sigma, layout, least, 24);
            if debug { eprintln!("round {round} sigma {sigma:.1} new {}", found.len()); }
            for wave in found {
                templates.push(Template::new(wave));
                trains.push(Vec::new());
            }
        }
        for pass in 0..2 {
            let expected: Vec<Expectation> = trains
                .iter()
                .map(|t| if round == 0 { Expectation::flat(10.0, bins, bin) } else { Expectation::from_train(t, fs, bins, bin) })
                .collect();
            let mut p = Placement::new(&w.uv, &templates, expected, layout, sigma, shortest);
            p.prepare();
            while p.peel(1000) {}
            if round >= 1 && pass == 1 {
                let groups = resolve::groups(&p, fs);
                let mut changed = 0;
                for g in &groups { if resolve::resolve(&mut p, g, fs) { changed += 1; } }
                if debug { eprintln!("resolved {} changed {changed}", groups.len()); }
            }
            sigma = signal::sigma(&p.residual);
            let mut next = Vec::new();
            let mut next_trains = Vec::new();
            for (k, t) in templates.iter().enumerate() {
                if p.trains[k].len() < 6 {
                    continue;
                }
                let (new, shift) = refine::refined(&p.residual, t, &p.trains[k], layout, p.noise);
                next.push(new);
                next_trains.push(p.trains[k].keys().map(|v| v + shift).collect::<Vec<i64>>());
            }
            if round < 5.min(rounds - 2) {
                let seconds_of = |t: &[i64]| t.iter().map(|v| *v as f64 / PHASES as f64 / fs).collect::<Vec<f64>>();
                let mut extra = Vec::new();
                let mut at = 0;
                for (k, t) in templates.iter().enumerate() {
                    if p.trains[k].len() < 6 { continue; }
                    if t.energy < 100.0 * p.noise { at += 1; continue; }
                    let waves = refine::aligned(&p.residual, t, &p.trains[k], layout);
                    let ticks: Vec<i64> = p.trains[k].keys().copied().collect();
                    // Where units are told apart: about the spike.
                    let from = layout.pre - layout.pre / 2;
                    let core: Vec<Vec<f64>> = waves.iter().map(|w| w[from..layout.pre + layout.pre].to_vec()).collect();
                    if let Some(labels) = shapes::groups(&core, &seconds_of(&ticks), (1.5 * seconds) as usize) {
                        let groups = labels.iter().max().map_or(0, |m| m + 1);
                        if debug { eprintln!("split {} into {:?}", ticks.len(), (0..groups).map(|g| labels.iter().filter(|l| **l == g).count()).collect::<Vec<_>>()); }
                        for group in 0..groups {
                            let keep: Vec<usize> = (0..labels.len()).filter(|i| labels[*i] == group).collect();
                            let wave = (0..layout.len).map(|i| { let mut c: Vec<f64> = keep.iter().map(|e| waves[*e][i]).collect(); crate::dsp::robust::percentile_mut(&mut c, 50.0) }).collect();
                            let train: Vec<i64> = keep.iter().map(|e| ticks[*e]).collect();
                            if group == 0 {
                                next[at] = Template::new(wave);
                                next_trains[at] = train;
                            } else {
                                extra.push((Template::new(wave), train));
                            }
                        }
                    }
                    at += 1;
                }
                for (t, train) in extra { next.push(t); next_trains.push(train); }
            }
            if round >= 1 && pass == 1 {
                let mut i = 0;
                while i < next.len() {
                    let times: Vec<f64> = next_trains[i].iter().map(|v| *v as f64 / PHASES as f64 / fs).collect();
                    let r = firing::regularity(&times) / times.len() as f64;
                    let larger: Vec<&[i64]> = (0..next.len()).filter(|j| next[*j].energy > 1.5 * next[i].energy).map(|j| next_trains[j].as_slice()).collect();
                    let sh = revise::shadow(&next_trains[i], &larger, (0.0025 * fs) as i64 * PHASES, n as i64 * PHASES);
                    let bad = r < 0.5 && (sh > 0.4 || (round >= 3 && next[i].energy < 150.0 * p.noise));
                    if bad {
                        if debug { eprintln!("drop {} reg {r:.2} shadow {sh:.2} snr {:.0}", times.len(), next[i].energy / p.noise); }
                        next.remove(i); next_trains.remove(i);
                    } else { i += 1; }
                }
            }
            residual = p.residual;
            templates = next;
            trains = next_trains;
            if pass == 0 && round + 1 < rounds {
                revise_all(&mut templates, &mut trains, layout, fs, n, sigma, debug);
            }
        }
        if debug { eprintln!("round {round} units {} sigma {sigma:.1} counts {:?}", templates.len(), trains.iter().zip(&templates).map(|(t, m)| { let s: Vec<f64> = t.iter().map(|v| *v as f64 / PHASES as f64 / fs).collect(); format!("{}:{:.1}:{:.0}", t.len(), firing::regularity(&s) / t.len() as f64, m.energy/sigma/sigma) }).collect::<Vec<_>>()); }
    }
    let mut i = 0;
    while i < trains.len() {
        let locked = (0..trains.len()).any(|j| j != i && templates[j].energy > templates[i].energy && revise::locked(&trains[i], &trains[j], fs));
        if locked {
            trains.remove(i);
            templates.remove(i);
        } else {
            i += 1;
        }
    }
    // Drop trains that are too thin.
    trains
        .into_iter()
        .filter(|t| t.len() as f64 > 2.5 * seconds)
        .map(|t| t.into_iter().map(|v| v as f64 / PHASES as f64 / fs).collect::<Vec<f64>>())
        .filter(|t| firing::regularity(t) > std::env::var("REG").map_or(0.0, |v| v.parse().unwrap()) * t.len() as f64)
        .collect()
}

fn revise_all(templates: &mut Vec<Template>, trains: &mut Vec<Vec<i64>>, layout: Layout, fs: f64, n: usize, sigma: f64, debug: bool) {
    let duration = n as i64 * PHASES;
    let mut i = 0;
    while i < templates.len() {
        let mut j = i + 1;
        while j < templates.len() {
            if revise::same(&templates[i], &templates[j], (&trains[i], &trains[j]), fs, duration, sigma * sigma) {
                if debug { eprintln!("merge {} {}", trains[i].len(), trains[j].len()); }
                let (_, lag) = revise::difference(&templates[i], &templates[j], (0.0015 * fs) as i64);
                let keep = if trains[i].len() >= trains[j].len() { i } else { j };
                let (keep_lag, other) = if keep == i { (lag, j) } else { (-lag, i) };
                let mut all: Vec<i64> = trains[keep].iter().copied().chain(trains[other].iter().map(|t| t - keep_lag)).collect();
                all.sort_unstable();
                let t = templates[keep].clone();
                templates[i] = t;
                trains[i] = all;
                templates.remove(j);
                trains.remove(j);
            } else {
                j += 1;
            }
        }
        i += 1;
    }
    let _ = layout;
}
