#!/usr/bin/env node
// Scores the program's own measurements against a simulator's truth.
//
//   node scripts/score.mjs                 suite `dev`, built under out/ when absent
//   SEED=7 node scripts/score.mjs          another suite
//   SUITE=DIR node scripts/score.mjs       a suite that lies there already
//   BENCH=DIR                              the simulator and scorer (default ../shared/bench)
//   ONLY=ncs,fwave                         only these tasks
//   PROGRAM=FILE                           the answering program (default target/release/examples/score_suite)
//   PYTHON=FILE                            a Python 3 with venv (default python3)
//
// The program sees what a user has, `x.hea`, `x.dat` and the sidecar `x.meta.json`; the truth is
// read by the scorer alone. Ends with 1 when a goal is missed, with 2 when something does not run.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const bench = resolve(root, process.env.BENCH ?? "../shared/bench");
const seed = process.env.SEED ?? "dev";
const suite = process.env.SUITE ? resolve(process.env.SUITE) : join(root, "out", `suite-${seed}`);
const program = resolve(root, process.env.PROGRAM ?? "target/release/examples/score_suite");
const got = join(root, "out", `got-${suite.split("/").pop()}`);
const quiet = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };

function fail(message) {
  console.error(`score: ${message}`);
  process.exit(2);
}

function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28, env: quiet, ...options });
  if (done.error) fail(`${command} does not run: ${done.error.message}`);
  if (done.status !== 0) fail(`${command} ${args.join(" ")} ended with ${done.status}\n${done.stderr ?? ""}`);
  return done.stdout;
}

function python() {
  const venv = join(root, ".tools", "score-venv");
  const own = join(venv, "bin", "python");
  const stamp = join(venv, "ready");
  if (!existsSync(stamp)) {
    console.log("score: making a Python environment with numpy and scipy in .tools/");
    run(process.env.PYTHON ?? "python3", ["-m", "venv", venv]);
    run(own, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", join(bench, "requirements.txt")]);
    writeFileSync(stamp, "");
  }
  return own;
}

function quantile(sorted, q) {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

function statistics(values) {
  const all = values.filter((v) => typeof v === "number" && Number.isFinite(v)).map(Math.abs).sort((a, b) => a - b);
  if (all.length === 0) return null;
  const mae = all.reduce((sum, v) => sum + v, 0) / all.length;
  const signed = values.filter((v) => typeof v === "number" && Number.isFinite(v));
  const bias = signed.reduce((sum, v) => sum + v, 0) / signed.length;
  const sd = Math.sqrt(signed.reduce((sum, v) => sum + (v - bias) ** 2, 0) / signed.length);
  return { n: all.length, median: quantile(all, 0.5), p90: quantile(all, 0.9), max: all[all.length - 1], mae, bias, sd };
}

if (!existsSync(join(bench, "score.py"))) fail(`no scorer in ${bench}; say where with BENCH=DIR`);
if (!existsSync(program)) fail(`no program at ${program}; build it with: cargo build --release --example score_suite`);
const py = python();
const complete = join(suite, "complete");
if (!process.env.SUITE && !existsSync(complete)) {
  console.log(`score: building suite ${seed} in ${suite} (a minute)`);
  mkdirSync(suite, { recursive: true });
  run(py, [join(bench, "suite.py"), seed, suite]);
  writeFileSync(complete, "");
}

rmSync(got, { recursive: true, force: true });
const only = process.env.ONLY ? ["--only", process.env.ONLY] : [];
console.log(run(program, [suite, got, ...only]).trimEnd());

const detail = join(got, "scored.json");
const prefixes = ["cmap", "snap", "pair", "fwave", "hreflex", "rns", "scan", "munix", "clean"];
console.log(run(py, [join(bench, "score.py"), "--suite", suite, "--got", got, "--only", prefixes.join(","), "--json", detail]));

const scored = JSON.parse(readFileSync(detail, "utf8"));
const of = (task) => scored.filter(([t]) => t === task).map(([, r]) => r);
const motor = of("ncs").filter((r) => r.kind === "motor");
const sensory = of("ncs").filter((r) => r.kind === "sensory");
const pair = of("pair");
const fwave = of("fwave");
const rns = of("rns");
const bySnr = (low, high) => sensory.filter((r) => r.snr !== null && r.snr >= low && r.snr < high).map((r) => r.err_onset_ms);
const clean = (uv) => of("clean").filter((r) => uv.includes(Math.round(r.mains))).map((r) => r.residual_uv);
const rows = [
  ["CMAP onset, ms", motor.map((r) => r.err_onset_ms), { median: 0.03, p90: 0.12, max: 0.5 }],
  ["  severe artefact", motor.filter((r) => r.artefact === "severe").map((r) => r.err_onset_ms), { p90: 0.2 }],
  ["CMAP peak, ms", motor.map((r) => r.err_peak_ms), { p90: 0.05 }],
  ["CMAP amplitude, %", motor.map((r) => r.relerr_amp_uv), { p90: 1.5 }],
  ["CMAP area, %", motor.map((r) => r.relerr_area_uvms), { p90: 3 }],
  ["SNAP onset > 30 dB, ms", bySnr(30, 99), { sd: 0.03 }],
  ["  20 to 30 dB", bySnr(20, 30), { sd: 0.06 }],
  ["  below 20 dB", bySnr(-99, 20), { sd: 0.15 }],
  ["SNAP amplitude, %", sensory.map((r) => r.relerr_amp_uv), { p90: 8 }],
  ["velocity, m/s", pair.map((r) => r.err_cv), { mae: 0.4, p90: 1.0 }],
  ["  block, dispersion", pair.filter((r) => ["block", "dispersion", "both"].includes(r.mode)).map((r) => r.err_cv), { p90: 2.5 }],
  ["amplitude drop, points", pair.map((r) => r.err_amp_drop), { mae: 0.3 }],
  ["area drop, points", pair.map((r) => r.err_area_drop), { mae: 0.3 }],
  ["F onset, ms", fwave.flatMap((r) => r.onset_err), { median: 0.15, p90: 0.5 }],
  ["F minimal latency, ms", fwave.map((r) => r.fmin_err), { max: 0.5 }],
  ["F persistence, points", fwave.map((r) => r.pers_err), { mae: 1 }],
  ["H latency, ms", of("hreflex").map((r) => r.lat_err), { max: 0.3 }],
  ["H curve, % of Hmax", of("hreflex").map((r) => r.h_rms_pct), { mae: 1 }],
  ["RNS decrement, points", rns.map((r) => r.err_decr4), { p90: 0.5, max: 1.5 }],
  ["CMAP scan units, %", of("scan").map((r) => r.rel), { bias: 3, mae: 8, p90: 15 }],
  ["MUNIX to formula, %", of("munix").map((r) => r.rel_ref), { max: 0.5 }],
  ["mains left of 20-80 uV", clean([20, 80]), { max: 3 }],
  ["  of 300 uV", clean([300]), { max: 8 }],
  ["  of 1000 uV", clean([1000]), { max: 20 }],
];
let missed = 0;
console.log(`${"absolute errors".padEnd(24)}${["n", "median", "P90", "max", "MAE", "SD"].map((h) => h.padStart(9)).join("")}   goals`);
for (const [label, values, goals] of rows) {
  const s = statistics(values);
  if (!s) continue;
  const verdict = Object.entries(goals).map(([key, limit]) => {
    const ok = Math.abs(s[key]) <= limit;
    if (!ok) missed += 1;
    return `${key} <= ${limit} ${ok ? "ok" : "MISSED"}`;
  });
  const numbers = [s.median, s.p90, s.max, s.mae, s.sd].map((v) => v.toFixed(3).padStart(9)).join("");
  console.log(`${label.padEnd(24)}${String(s.n).padStart(9)}${numbers}   ${verdict.join(", ")}`);
}
const sum = (list, value) => list.reduce((total, r) => total + Number(value(r)), 0);
const [tp, fp, fn, tn] = ["tp", "fp", "fn", "tn"].map((key) => sum(fwave, (r) => r[key]));
const counts = [
  ["CMAP missed or false", motor.length, sum(motor, (r) => r.present_truth !== r.present_got), 0],
  ["SNAP missed", sensory.length, sum(sensory, (r) => r.present_truth && !r.present_got), 1],
  ["SNAP false", sensory.length, sum(sensory, (r) => !r.present_truth && r.present_got), 0],
  ["block called wrong", pair.length, sum(pair, (r) => r.block_truth !== r.block_got), 0],
  ["A waves missed or false", fwave.length, sum(fwave, (r) => r.awave_truth !== r.awave_got), 0],
  ["decrement called wrong", rns.length, sum(rns, (r) => r.call_truth !== r.call_got), 0],
];
for (const [label, n, wrong, limit] of counts) {
  if (!n) continue;
  if (wrong > limit) missed += 1;
  console.log(`${label}: ${wrong} of ${n} (goal at most ${limit})${wrong > limit ? " MISSED" : ""}`);
}
if (fwave.length) {
  const f1 = (2 * tp) / (2 * tp + fp + fn);
  const specificity = (100 * tn) / Math.max(tn + fp, 1);
  if (f1 < 0.995) missed += 1;
  if (specificity < 98) missed += 1;
  console.log(`F waves: F1 ${f1.toFixed(3)} (goal 0.995)${f1 < 0.995 ? " MISSED" : ""}, specificity ${specificity.toFixed(1)} % (goal 98)${specificity < 98 ? " MISSED" : ""}`);
}
console.log(missed === 0 ? "all goals met" : `${missed} goals missed`);
process.exit(missed === 0 ? 0 : 1);
