//! `plot`: a recording as a picture, by the engine and the scenes that the browser uses.
//!
//! The engine is driven through its protocol, so what is drawn is what the viewer shows first:
//! sweeps with automatic markers where there is a nerve test, else lanes. PNG is the SVG rendered
//! with the fonts of this machine. **Cost**: samples in view; a view that is wider than the finest
//! tiles also takes one pass over the file.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use super::args::{Options, PlotOptions};
use super::desk::Desk;
use super::{Failure, OK, REFUSED};
use crate::engine::protocol::{Buffer, Event, RecordingView, Request, TileKey, scenes};
use crate::scene::theme::{Theme, named};
use crate::scene::tiles::TileSource;
use crate::scene::{Picture, Viewport, continuous, svg, sweeps};

/// Default width, px.
const WIDTH: f32 = 1200.0;
/// Default height of one sweep and of one lane, px.
const ROW_PX: f32 = 170.0;
const LANE_PX: f32 = 90.0;
/// Limits of the default height, px.
const HEIGHTS: [f32; 2] = [300.0, 4000.0];

/// Draws the only file of `options` into `target`.
pub fn run(options: &Options, plot: &PlotOptions, target: &Path, out: &mut dyn Write) -> Result<u8, Failure> {
    let to_stdout = target == Path::new("-");
    let extension = target.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    if !to_stdout && extension != "svg" && extension != "png" {
        return Err(Failure::Usage(format!("'.{extension}' is not drawn here; known are svg, png")));
    }
    if let (Some(from_s), Some(to_s)) = (plot.from_s, plot.to_s)
        && to_s <= from_s
    {
        return Err(Failure::Usage("--to must lie behind --from".into()));
    }
    let Some((file, opened)) = super::the_recording(options)? else { return Ok(REFUSED) };
    for warning in &opened.warnings {
        let _ = writeln!(io::stderr(), "myoscope: {file}: warning: {}", warning.what);
    }
    let theme = named(plot.theme.as_deref().unwrap_or("paper"));
    let picture = Desk::open(opened, &file, options)?.picture(plot, theme)?;
    let text = svg::write(&picture, theme);
    if to_stdout {
        out.write_all(text.as_bytes())?;
        return Ok(OK);
    }
    let bytes = if extension == "png" { png(&text)? } else { text.into_bytes() };
    std::fs::write(target, bytes).map_err(|e| Failure::Write(format!("{}: {e}", target.display())))?;
    Ok(OK)
}

impl Desk {
    fn picture(mut self, plot: &PlotOptions, theme: &'static Theme) -> Result<Picture, Failure> {
        let tests = self.view.tests.len();
        if let Some(test) = plot.test.filter(|&test| test >= tests) {
            return Err(Failure::Usage(format!("there is no test {}; the recording has {tests}", test + 1)));
        }
        if plot.continuous || tests == 0 { self.lanes(plot, theme) } else { self.sweeps(plot.test.unwrap_or(0), plot, theme) }
    }

    fn sweeps(&mut self, test: usize, plot: &PlotOptions, theme: &'static Theme) -> Result<Picture, Failure> {
        let study = self.study();
        let outputs = self.ask(Request::Sweeps { study, test })?;
        let values: Vec<scenes::Values> = outputs.into_iter().flat_map(scenes::values).collect();
        let view = &self.view.tests[test];
        let (from_s, span_s) = scenes::first_view(view, &values);
        let view_s = stretch(plot, from_s, from_s + span_s)?;
        let rows = scenes::rows(view).len();
        let height = plot.height.unwrap_or((rows as f32 * ROW_PX + sweeps::AXIS_PX).clamp(HEIGHTS[0], HEIGHTS[1]));
        let picture = scenes::in_view(view, &values, viewport(plot, view_s), height, theme);
        picture.ok_or_else(|| Failure::Write(format!("{} has no sweep to draw", view.title)))
    }

    fn lanes(&mut self, plot: &PlotOptions, theme: &'static Theme) -> Result<Picture, Failure> {
        let Some(recording) = self.view.recordings.first().cloned() else {
            return Err(Failure::Write("there is no recording to draw".into()));
        };
        let RecordingView { spans, annotations, duration_s, .. } = &recording;
        let lanes = scenes::lanes(&recording, true);
        let from_s = plot.from_s.unwrap_or(0.0);
        let rest_s = duration_s - from_s;
        let view_s = stretch(plot, from_s, if rest_s > 0.0 { from_s + scenes::first_span_s(rest_s) } else { from_s })?;
        let annotations: Vec<_> = annotations.iter().map(|entry| (entry.id, &entry.annotation)).collect();
        let height = plot.height.unwrap_or((lanes.len() as f32 * LANE_PX + continuous::AXIS_PX).clamp(HEIGHTS[0], HEIGHTS[1]));
        let scene = continuous::Scene {
            lanes: &lanes,
            spans,
            annotations: &annotations,
            view: viewport(plot, view_s),
            height,
            selected: None,
            annotation: None,
            cursors: [None; 2],
            spectrogram: None,
            pending: true,
            playhead: None,
            trains: &[],
            theme,
        };
        let tiles = self.tiles(&scene.needed(false))?;
        Ok(scene.draw(&tiles))
    }

    /// Complete tiles; builds the pyramids when coarse ones are among them.
    fn tiles(&mut self, keys: &[TileKey]) -> Result<Tiles, Failure> {
        let study = self.study();
        let mut tiles = Tiles::default();
        loop {
            let missing: Vec<TileKey> = keys.iter().copied().filter(|key| !tiles.complete(*key)).collect();
            for output in self.ask(Request::Tiles { study, keys: missing })? {
                if let Event::Tiles { tiles: arrived, .. } = output.event {
                    tiles.insert(arrived, output.buffers);
                }
            }
            if keys.iter().all(|&key| tiles.complete(key)) {
                return Ok(tiles);
            }
            let mut worked = false;
            while self.step()?.is_some() {
                worked = true;
            }
            if !worked {
                return Ok(tiles);
            }
        }
    }
}

/// The stretch in view: what was asked for, else from `from_s` to `to_s`.
fn stretch(plot: &PlotOptions, from_s: f64, to_s: f64) -> Result<[f64; 2], Failure> {
    let (from_s, to_s) = (plot.from_s.unwrap_or(from_s), plot.to_s.unwrap_or(to_s));
    if to_s > from_s { Ok([from_s, to_s]) } else { Err(Failure::Usage("nothing lies between --from and --to".into())) }
}

fn viewport(plot: &PlotOptions, [from_s, to_s]: [f64; 2]) -> Viewport {
    Viewport { from_s, to_s, left_px: 0.0, width_px: f64::from(plot.width.unwrap_or(WIDTH)) }
}

#[derive(Default)]
struct Tiles(HashMap<TileKey, (Vec<f32>, bool)>);

impl Tiles {
    fn complete(&self, key: TileKey) -> bool {
        self.0.get(&key).is_some_and(|(_, complete)| *complete)
    }

    fn insert(&mut self, keys: Vec<(TileKey, bool)>, buffers: Vec<Buffer>) {
        for ((key, complete), buffer) in keys.into_iter().zip(buffers) {
            if let Buffer::F32(values) = buffer {
                self.0.insert(key, (values, complete));
            }
        }
    }
}

impl TileSource for Tiles {
    fn tile(&self, key: TileKey) -> Option<(&[f32], bool)> {
        self.0.get(&key).map(|(values, complete)| (values.as_slice(), *complete))
    }
}

/// An SVG as a PNG of the same size. Without any font the picture is written without its texts.
fn png(text: &str) -> Result<Vec<u8>, Failure> {
    use resvg::{tiny_skia, usvg};
    let broken = |what: String| Failure::Write(format!("the picture could not be rendered: {what}"));
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_system_fonts();
    // Our pictures name common fonts and end in sans-serif: where none of those is installed, any will do.
    let families: Vec<String> = fonts.faces().filter_map(|face| face.families.first().map(|(name, _)| name.clone())).collect();
    let plain =
        ["Liberation Sans", "Arial", "Helvetica", "DejaVu Sans", "Noto Sans"].into_iter().find(|name| families.iter().any(|f| f == name));
    match plain.map(str::to_owned).or_else(|| families.first().cloned()) {
        Some(family) => fonts.set_sans_serif_family(family),
        None => {
            let _ = writeln!(io::stderr(), "myoscope: warning: no font is installed; the picture has no labels");
        }
    }
    let tree = usvg::Tree::from_str(text, &options).map_err(|e| broken(e.to_string()))?;
    let size = tree.size().to_int_size();
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(|| broken("it is too large".into()))?;
    resvg::render(&tree, tiny_skia::Transform::default(), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| broken(e.to_string()))
}
