//! Pictures of a report: the same scenes as on the page, in the size of paper.

use super::tables::counted;
use crate::engine::protocol::{SiteView, TestView, scenes};
use crate::report::{Block, Figure};
use crate::scene::body::Body;
use crate::scene::chart;
use crate::scene::nerve_map::Map;
use crate::scene::ranges::Ranges;
use crate::scene::root_table::RootTable;
use crate::scene::sweeps::Arrangement;
use crate::scene::theme::PAPER;

/// Width of a picture, px.
pub const WIDTH_PX: f32 = 700.0;
/// The same of one that shares a page with what is said.
pub const SMALL_PX: f32 = 380.0;
/// The same of a map, whose names need room; it is shown smaller.
const MAP_PX: f32 = 860.0;
/// Size of a chart, px.
const CHART_PX: [f32; 2] = [560.0, 300.0];
/// Height of one sweep, and of sweeps on one line, px.
const ROW_PX: f32 = 92.0;
const SUPERIMPOSED_PX: f32 = 230.0;
/// More rows than this lie on one line.
const MOST_ROWS: usize = 8;

/// The map of nerves of a limb.
pub fn map(map: &Map) -> Block {
    let picture = map.picture(&PAPER, MAP_PX);
    Block::Figure(Box::new(Figure { caption: "What was tested, and the proposed site of the lesion".into(), picture }))
}

/// The body from front and back.
pub fn body(body: &Body, width_px: f32) -> Block {
    let picture = body.picture(&PAPER, width_px);
    Block::Figure(Box::new(Figure { caption: "Regions that were tested, and what was found".into(), picture }))
}

/// The muscles of a limb against their roots.
pub fn root_table(table: &RootTable) -> Block {
    let picture = table.picture(&PAPER, WIDTH_PX);
    Block::Figure(Box::new(Figure { caption: format!("{}: muscles examined, their roots, and what was seen", table.title), picture }))
}

/// Each value as a dot against its limit.
pub fn ranges(ranges: &Ranges) -> Block {
    let picture = ranges.picture(&PAPER, WIDTH_PX);
    Block::Figure(Box::new(Figure { caption: "Values against their limits: by how many times they are beyond".into(), picture }))
}

/// The sweeps that the values of a test come from; `None` where there are none.
pub fn traces(test: &TestView, values: &[scenes::Values]) -> Option<Block> {
    let series = test.sites.iter().any(|site| site.sweeps.len() > 1 && site.average.is_none() && site.counts.is_none());
    // Of repeated stimuli the one that counts; a series, where each sweep counts, whole.
    let shown = if series { test.clone() } else { TestView { sites: test.sites.iter().map(of_site).collect(), ..test.clone() } };
    let rows = scenes::rows(&shown).len();
    let (arrangement, height) = match rows {
        0 => return None,
        _ if rows > MOST_ROWS => (Arrangement::Superimposed, SUPERIMPOSED_PX),
        _ => (Arrangement::Raster, ROW_PX * rows as f32),
    };
    let picture = scenes::on_paper(&shown, values, arrangement, WIDTH_PX, height, &PAPER)?;
    let how = if arrangement == Arrangement::Superimposed { format!(", {rows} sweeps superimposed") } else { String::new() };
    Some(Block::Figure(Box::new(Figure { caption: format!("{}{how}; negative up", test.title), picture })))
}

/// The charts of a test.
pub fn charts(test: &TestView) -> impl Iterator<Item = Block> {
    test.charts.iter().map(|chart| {
        let picture = chart::draw(chart, CHART_PX[0], CHART_PX[1], &PAPER);
        Block::Figure(Box::new(Figure { caption: format!("{}: {}", test.title, chart.title), picture }))
    })
}

/// A site with nothing but the sweep that counts.
fn of_site(site: &SiteView) -> SiteView {
    let sweeps = counted(site).filter(|_| site.average.is_none()).map(|sweep| vec![sweep.clone()]);
    SiteView { sweeps: sweeps.unwrap_or_else(|| site.sweeps.iter().take(1).cloned().collect()), ..site.clone() }
}
