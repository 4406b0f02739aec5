//! Tables: columns as wide as they need, rows that stay whole, the head again on each page.

use krilla::tagging::{ArtifactType, TableHeaderScope, Tag};

use super::layout::{ABNORMAL, DOUBT, INK, LINE, Layout, Look, PERSON, QUIET, SMALL, Tree, WIDTH, What};
use crate::report::{Cell, Table};

/// Between two columns, points.
const GAP: f32 = 7.0;
/// Size of the text, and the least to which a wide table is pressed, points.
const SIZE: f32 = 8.2;
const LEAST: f32 = 5.0;

struct Columns {
    size: f32,
    /// Left edge and width of each.
    places: Vec<[f32; 2]>,
}

fn look(cell: &Cell, size: f32) -> Look {
    let color = match (cell.flag.is_some(), cell.doubt, cell.by_person) {
        (true, _, _) => ABNORMAL,
        (_, true, _) => DOUBT,
        (_, _, true) => PERSON,
        _ => INK,
    };
    Look { size, strong: cell.flag.is_some(), color }
}

impl Columns {
    /// Natural widths where they fit; else columns of words give way, and then the size of all letters.
    fn of(layout: &Layout, table: &Table) -> Self {
        let mut size = SIZE;
        loop {
            let wide = |text: &str, strong: bool| layout.fonts.width(&layout.fonts.printable(text), size, strong);
            let longest = |text: &str, strong: bool| text.split_whitespace().map(|word| wide(word, strong)).fold(0.0, f32::max);
            let column = |at: usize| {
                let head = table.columns.get(at).map_or(0.0, |column| longest(&column.name, false).max(wide(&column.unit, false)));
                let cells = table.rows.iter().filter_map(|row| row.get(at));
                let (natural, least) = cells.fold((0.0_f32, 0.0_f32), |(natural, least), cell| {
                    let text = cell.shown();
                    (natural.max(wide(&text, true)), least.max(longest(&text, true)))
                });
                (natural.max(head), least.max(head))
            };
            let sizes: Vec<(f32, f32)> = (0..table.columns.len()).map(column).collect();
            let room = WIDTH - GAP * sizes.len().saturating_sub(1) as f32;
            let (natural, least) = sizes.iter().fold((0.0, 0.0), |(a, b), (natural, least)| (a + natural, b + least));
            if least > room && size > LEAST {
                size -= 0.4;
                continue;
            }
            let given = ((room - least) / (natural - least).max(1e-3)).clamp(0.0, 1.0);
            // Not even the words fit: every column gets its share.
            let squeeze = (room / least.max(1e-3)).min(1.0);
            let (mut x, mut places) = (0.0, Vec::new());
            for (natural, least) in sizes {
                let width = (least + (natural - least) * given) * squeeze;
                places.push([x, width + 0.5]);
                x += width + GAP;
            }
            return Self { size, places };
        }
    }

    /// Lines of each cell.
    fn broken(&self, layout: &Layout, texts: &[(String, Look)]) -> Vec<Vec<String>> {
        let lines = |((text, look), [_, width]): (&(String, Look), &[f32; 2])| layout.fonts.lines(text, look.size, look.strong, *width);
        texts.iter().zip(&self.places).map(lines).collect()
    }
}

/// Places a table; nothing where it has no column.
pub fn place(layout: &mut Layout, table: &Table) -> Option<Tree> {
    if table.columns.is_empty() {
        return None;
    }
    let columns = Columns::of(layout, table);
    layout.room(64.0);
    layout.y += 3.0;
    let caption = layout.text(&table.caption, Look { size: 8.8, strong: true, color: INK }, 0.0, WIDTH);
    let head = head(layout, table, &columns, false);
    let mut rows = Vec::new();
    for row in &table.rows {
        let texts: Vec<(String, Look)> = row.iter().map(|cell| (cell.shown(), look(cell, columns.size))).collect();
        let broken = columns.broken(layout, &texts);
        let height = height(&broken, columns.size);
        if layout.y + height > Layout::end() {
            layout.new_page();
            self::head(layout, table, &columns, true);
        }
        layout.rule(0.0, end(&columns), 0.5, LINE);
        layout.y += 1.5;
        let mut cells = Vec::new();
        for (at, (lines, (_, look))) in broken.iter().zip(&texts).enumerate() {
            let leaves = cell(layout, table, &columns, at, lines, *look, None);
            cells.push(if at == 0 { Tree::group(Tag::TH(TableHeaderScope::Row), leaves) } else { Tree::group(Tag::TD, leaves) });
        }
        layout.y += height;
        rows.push(Tree::group(Tag::TR, cells));
    }
    layout.y += 2.0;
    let mut parts =
        vec![Tree::group(Tag::Caption, caption), Tree::group(Tag::THead, vec![Tree::group(Tag::TR, head)]), Tree::group(Tag::TBody, rows)];
    if table.caption.trim().is_empty() {
        parts.remove(0);
    }
    let tree = Tree::group(Tag::Table, parts);
    if !table.note.is_empty() {
        let note = layout.text(&table.note, Look { size: 7.4, ..SMALL }, 0.0, WIDTH);
        layout.tree.push(tree);
        layout.y += 8.0;
        return Some(Tree::group(Tag::P, note));
    }
    layout.y += 8.0;
    Some(tree)
}

fn end(columns: &Columns) -> f32 {
    columns.places.last().map_or(WIDTH, |[x, width]| x + width)
}

fn height(broken: &[Vec<String>], size: f32) -> f32 {
    let look = Look { size, ..SMALL };
    broken.iter().map(Vec::len).max().unwrap_or(1).max(1) as f32 * look.leading() + 1.5
}

/// Names and units; on later pages again, for the eye alone.
fn head(layout: &mut Layout, table: &Table, columns: &Columns, again: bool) -> Vec<Tree> {
    let quiet = Look { size: columns.size * 0.92, strong: false, color: QUIET };
    let names: Vec<(String, Look)> = table.columns.iter().map(|column| (column.name.clone(), quiet)).collect();
    let mut broken = columns.broken(layout, &names);
    for (lines, column) in broken.iter_mut().zip(&table.columns) {
        lines.extend(Some(layout.fonts.printable(&column.unit)).filter(|unit| !unit.is_empty()));
    }
    let deep = broken.iter().map(Vec::len).max().unwrap_or(0);
    let artifact = again.then_some(ArtifactType::Other);
    let mut cells = Vec::new();
    let top = layout.y;
    for (at, lines) in broken.iter().enumerate() {
        layout.y = top + (deep - lines.len()) as f32 * quiet.leading();
        let leaves = cell(layout, table, columns, at, lines, quiet, artifact);
        cells.push(Tree::group(Tag::TH(TableHeaderScope::Column), leaves));
    }
    layout.y = top + deep as f32 * quiet.leading() + 2.0;
    cells
}

/// The lines of one cell from the current height on, which stays; an empty cell is a blank, so that it is one.
fn cell(
    layout: &mut Layout,
    table: &Table,
    columns: &Columns,
    at: usize,
    lines: &[String],
    look: Look,
    artifact: Option<ArtifactType>,
) -> Vec<Tree> {
    let Some([x, width]) = columns.places.get(at).copied() else { return Vec::new() };
    let numeric = table.columns.get(at).is_some_and(|column| column.numeric);
    let blank = [" ".to_owned()];
    let lines = if lines.is_empty() { &blank[..] } else { lines };
    let last = lines.len() - 1;
    let mut leaves = Vec::new();
    for (k, line) in lines.iter().enumerate() {
        let from = if numeric { x + width - layout.fonts.width(line, look.size, look.strong) } else { x };
        let text = if k < last { format!("{line} ") } else { line.clone() };
        let down = look.size + k as f32 * look.leading();
        leaves.push(Tree::Leaf(layout.put(from, down, What::Text { text, look }, artifact)));
    }
    leaves
}
