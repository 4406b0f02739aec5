#!/usr/bin/env node
// Scores the program's own measurements against a simulator's truth.
//
//   node scripts/score.mjs                 suite `dev`, built under out/ when absent
//   SEED=7 node scripts/score.mjs          another suite
//   SUITE=DIR node scripts/score.mjs       a suite that lies there already
//   BENCH=DIR                              the simulator and scorer (default ../shared/bench)
//   MYOSCOPE=FILE                          the program (default target/release/myoscope)
//   PYTHON=FILE                            a Python 3 with venv (default python3)
//
// The program sees what a user has, `x.hea`, `x.dat` and the sidecar `x.meta.json`; the truth is
// read by the scorer alone. Ends with 1 when a goal is missed, with 2 when something does not run.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const bench = resolve(root, process.env.BENCH ?? "../shared/bench");
const seed = process.env.SEED ?? "dev";
const suite = process.env.SUITE ? resolve(process.env.SUITE) : join(root, "out", `suite-${seed}`);
const program = resolve(root, process.env.MYOSCOPE ?? "target/release/myoscope");
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

// What the program says about one recording: one entry a sweep, in the order of the channels.
function measure(hea) {
  const said = JSON.parse(run(program, ["measure", hea, "--json"]));
  const file = Array.isArray(said) ? said[0] : said;
  if (file.error) fail(`${hea}: ${JSON.stringify(file.error)}`);
  return file.sweeps.map((sweep) => {
    const numbers = {};
    for (const key of ["onset_ms", "peak_ms", "neg_end_ms", "amp_uv", "area_uvms"]) numbers[key] = sweep[key] ?? null;
    const present = sweep.present ?? numbers.onset_ms !== null;
    return present ? { present, ...numbers } : { present };
  });
}

function answer(meta, sweeps) {
  if (meta.task !== "pair") return sweeps[0];
  const [distal, proximal] = sweeps;
  const ms = proximal.onset_ms - distal.onset_ms;
  return { markers: sweeps, cv_mps: Number.isFinite(ms) ? meta.distance_mm / ms : null };
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
  return { n: all.length, median: quantile(all, 0.5), p90: quantile(all, 0.9), max: all[all.length - 1], mae };
}

if (!existsSync(join(bench, "score.py"))) fail(`no scorer in ${bench}; say where with BENCH=DIR`);
if (!existsSync(program)) fail(`no program at ${program}; build it with: cargo build --release --bin myoscope`);
const py = python();
const complete = join(suite, "complete");
if (!process.env.SUITE && !existsSync(complete)) {
  console.log(`score: building suite ${seed} in ${suite} (a minute)`);
  mkdirSync(suite, { recursive: true });
  run(py, [join(bench, "suite.py"), seed, suite]);
  writeFileSync(complete, "");
}

rmSync(got, { recursive: true, force: true });
mkdirSync(got, { recursive: true });
const started = Date.now();
let cases = 0;
const left = new Map();
for (const name of readdirSync(suite).filter((n) => n.endsWith(".meta.json") && !n.includes("_sip")).sort()) {
  const id = name.slice(0, -".meta.json".length);
  const meta = JSON.parse(readFileSync(join(suite, name), "utf8"));
  const motor = meta.task === "pair" || (meta.task === "ncs" && meta.kind === "motor");
  if (!motor) {
    const kind = meta.task === "ncs" ? `ncs ${meta.kind}` : meta.task;
    left.set(kind, (left.get(kind) ?? 0) + 1);
    continue;
  }
  writeFileSync(join(got, `${id}.got.json`), JSON.stringify(answer(meta, measure(join(suite, `${id}.hea`)))));
  cases += 1;
}
console.log(`score: ${cases} cases of ${suite} measured in ${((Date.now() - started) / 1000).toFixed(1)} s (processes and files included)`);
if (cases === 0) fail(`no motor case in ${suite}`);

const detail = join(got, "scored.json");
console.log(run(py, [join(bench, "score.py"), "--suite", suite, "--got", got, "--only", "cmap,pair", "--json", detail]));
for (const [kind, n] of left) console.log(`${kind}: ${n} cases not analysed yet`);

const scored = JSON.parse(readFileSync(detail, "utf8"));
const of = (task) => scored.filter(([t]) => t === task).map(([, r]) => r);
const cmap = of("ncs");
const pair = of("pair");
const rows = [
  ["CMAP onset, ms", cmap.map((r) => r.err_onset_ms), { median: 0.03, p90: 0.12, max: 0.5 }],
  ["  severe artefact", cmap.filter((r) => r.artefact === "severe").map((r) => r.err_onset_ms), { p90: 0.2 }],
  ["CMAP peak, ms", cmap.map((r) => r.err_peak_ms), { p90: 0.05 }],
  ["CMAP amplitude, %", cmap.map((r) => r.relerr_amp_uv), { p90: 1.5 }],
  ["CMAP area, %", cmap.map((r) => r.relerr_area_uvms), { p90: 3 }],
  ["velocity, m/s", pair.map((r) => r.err_cv), { mae: 0.4, p90: 1.0 }],
  ["  block, dispersion", pair.filter((r) => ["block", "dispersion", "both"].includes(r.mode)).map((r) => r.err_cv), { p90: 2.5 }],
  ["amplitude drop, points", pair.map((r) => r.err_amp_drop), { mae: 0.3 }],
  ["area drop, points", pair.map((r) => r.err_area_drop), { mae: 0.3 }],
];
let missed = 0;
console.log(`${"absolute errors".padEnd(24)}${["n", "median", "P90", "max", "MAE"].map((h) => h.padStart(9)).join("")}   goals`);
for (const [label, values, goals] of rows) {
  const s = statistics(values);
  if (!s) continue;
  const verdict = Object.entries(goals).map(([key, limit]) => {
    const ok = s[key] <= limit;
    if (!ok) missed += 1;
    return `${key} <= ${limit} ${ok ? "ok" : "MISSED"}`;
  });
  const numbers = [s.median, s.p90, s.max, s.mae].map((v) => v.toFixed(3).padStart(9)).join("");
  console.log(`${label.padEnd(24)}${String(s.n).padStart(9)}${numbers}   ${verdict.join(", ")}`);
}
const wrong = cmap.filter((r) => r.present_truth !== r.present_got).length;
const blocks = pair.filter((r) => r.block_truth !== r.block_got).length;
missed += (wrong > 0) + (blocks > 0);
console.log(`responses missed or false: ${wrong} of ${cmap.length}; block called wrong: ${blocks} of ${pair.length}`);
console.log(missed === 0 ? "all goals met" : `${missed} goals missed`);
process.exit(missed === 0 ? 0 : 1);
