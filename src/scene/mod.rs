//! Pure pictures: viewport, lanes, decimation, marks, axes, theme.
//!
//! A scene turns a study's view and its samples into a [`Picture`]: a grid, traces and marks as
//! plain shapes in CSS pixels. The browser replays it on three canvases, [`svg`] writes it as a
//! file; both show the same. Nothing here knows a browser.

pub mod body;
pub mod chart;
pub mod continuous;
pub mod divisions;
pub mod grid;
pub mod marks;
pub mod nerve_map;
pub mod potential;
pub mod ranges;
pub mod root_table;
pub mod shape;
pub mod spectrogram;
pub mod svg;
pub mod sweeps;
pub mod theme;
pub mod tiles;
pub mod traces;
pub mod viewport;

pub use grid::Grid;
pub use shape::{Anchor, Color, Shape, Stroke};
pub use theme::Theme;
pub use viewport::{Extent, Viewport};

/// A picture in three layers, back to front, in CSS pixels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// Width, px.
    pub width: f32,
    /// Height, px.
    pub height: f32,
    /// Divisions, zero lines, axis.
    pub grid: Grid,
    /// Signals.
    pub traces: Vec<Shape>,
    /// Markers, cursors, annotations, labels.
    pub marks: Vec<Shape>,
    /// What can be grasped or pressed.
    pub hits: Vec<Hit>,
    /// The picture in words.
    pub alt: String,
}

/// A place that reacts.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Centre, px.
    pub x: f32,
    /// Centre, px.
    pub y: f32,
    /// What lies there.
    pub target: Target,
}

/// What a [`Hit`] stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// A marker of a sweep.
    Marker(crate::model::SweepId, crate::model::MarkerKind),
    /// An annotation, by number.
    Annotation(usize),
    /// A mark of an averaged potential.
    Mark(crate::model::PotentialMark),
}

impl Picture {
    /// The hit nearest to a point, within `reach` px.
    pub fn hit(&self, x: f32, y: f32, reach: f32) -> Option<Target> {
        let distance = |hit: &Hit| (hit.x - x).hypot(hit.y - y);
        let near = self.hits.iter().filter(|hit| distance(hit) <= reach);
        near.min_by(|a, b| distance(a).total_cmp(&distance(b))).map(|hit| hit.target)
    }
}
