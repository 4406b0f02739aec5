//! A report as one HTML file: styles inside, figures as SVG, no script, nothing fetched. It prints on
//! A4 and Letter, is read on a phone, and is always light, as paper is.

use std::fmt::Write as _;

use super::{Block, Cell, Column, Document, Flag, Head, Table};
use crate::scene::{svg, theme};

/// The look, for screen and paper.
const STYLE: &str = include_str!("../../www/report.css");

/// Tables with more columns than this are set smaller.
const MANY: usize = 9;

/// Writes a document.
pub fn write(document: &Document) -> String {
    let mut out = String::with_capacity(64 << 10);
    let title = escape(&document.title);
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <title>{title}</title>\n<style>html{{background:#edf0f1}}body{{margin:0}}@media print{{html{{background:#fff}}}}{STYLE}</style>\n</head>\n<body>\n"
    );
    sheet(&mut out, document);
    out.push_str("</body>\n</html>\n");
    out
}

/// What stands on the page, for a place that has the style sheet already.
pub fn fragment(document: &Document) -> String {
    let mut out = String::new();
    sheet(&mut out, document);
    out
}

fn sheet(out: &mut String, document: &Document) {
    let _ = write!(
        out,
        "<main class=\"sheet\">\n{}<header><b>{}</b><span>{}</span></header>\n<dl class=\"who\">",
        document.letterhead.as_ref().map(head).unwrap_or_default(),
        escape(&document.title),
        escape(&document.subtitle)
    );
    for item in &document.identity {
        let _ = write!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escape(&item.name), escape(&item.value));
    }
    let _ = writeln!(out, "</dl>\n<p class=\"state\">{}</p>", escape(&document.state));
    // A figure stands right behind the heading that it belongs to.
    let mut blocks = document.blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        let together = matches!(block, Block::Heading { .. }) && matches!(blocks.peek(), Some(Block::Figure(_)));
        if together {
            out.push_str("<section class=\"whole\">");
            self::block(out, block);
            if let Some(next) = blocks.next() {
                self::block(out, next);
            }
            out.push_str("</section>\n");
        } else {
            self::block(out, block);
        }
    }
    out.push_str("<footer>");
    for words in &document.foot {
        let _ = write!(out, "<p>{}</p>", escape(words));
    }
    out.push_str("</footer>\n</main>\n");
}

fn head(head: &Head) -> String {
    // Beside its name a logo says nothing of its own.
    let logo = if head.logo.is_empty() { String::new() } else { format!("<img src=\"{}\" alt=\"\">", escape(&head.logo)) };
    let lines: String = head.lines.iter().map(|line| format!("<span>{}</span>", escape(line))).collect();
    format!("<div class=\"letterhead\">{logo}<p><b>{}</b>{lines}</p></div>\n", escape(&head.name))
}

fn block(out: &mut String, block: &Block) {
    let _ = match block {
        Block::Answer(words) => writeln!(out, "<h1>{}</h1>", escape(words)),
        Block::Heading { level, text } => writeln!(out, "<h{0}>{1}</h{0}>", if *level < 2 { 2 } else { 3 }, escape(text)),
        Block::Paragraph(words) => {
            words.lines().filter(|line| !line.trim().is_empty()).try_for_each(|line| writeln!(out, "<p>{}</p>", escape(line)))
        }
        Block::Note(words) => writeln!(out, "<p class=\"note\">{}</p>", escape(words)),
        Block::List(points) => {
            let points: String = points.iter().map(|point| format!("<li>{}</li>", escape(point))).collect();
            writeln!(out, "<ul>{points}</ul>")
        }
        Block::Facts(facts) => {
            let mut items = String::new();
            for fact in facts {
                let note = if fact.note.is_empty() { String::new() } else { format!("<small>{}</small>", escape(&fact.note)) };
                let _ = write!(items, "<div><dt>{}</dt><dd>{}{note}</dd></div>", escape(&fact.name), escape(&fact.value));
            }
            writeln!(out, "<dl class=\"facts\">{items}</dl>")
        }
        Block::Table(table) => {
            self::table(out, table);
            Ok(())
        }
        Block::Figure(figure) => writeln!(
            out,
            "<figure><figcaption>{0}</figcaption><div role=\"img\" aria-label=\"{1}\">{2}</div></figure>",
            escape(&figure.caption),
            escape(&figure.picture.alt),
            svg::write(&figure.picture, &theme::PAPER)
        ),
    };
}

fn table(out: &mut String, table: &Table) {
    let many = if table.columns.len() > MANY { " class=\"many\"" } else { "" };
    let caption = escape(&table.caption);
    // It scrolls where the screen is narrow: then by keys as well.
    let _ = write!(
        out,
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table{many}><caption>{caption}</caption><thead><tr>"
    );
    for column in &table.columns {
        let unit = if column.unit.is_empty() { String::new() } else { format!("<span>{}</span>", escape(&column.unit)) };
        // What heads nothing is no head.
        if column.name.is_empty() && unit.is_empty() {
            out.push_str("<td></td>");
            continue;
        }
        let _ = write!(out, "<th scope=\"col\"{}>{}{unit}</th>", class(column), escape(&column.name));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        out.push_str("<tr>");
        for (at, (cell, column)) in row.iter().zip(&table.columns).enumerate() {
            let tag = if at == 0 { "th scope=\"row\"" } else { "td" };
            let _ = write!(out, "<{tag}{}>{}</{}>", class(column), inside(cell, column.numeric), if at == 0 { "th" } else { "td" });
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
    if !table.note.is_empty() {
        let _ = write!(out, "<p class=\"note\">{}</p>", escape(&table.note));
    }
    out.push_str("</div>\n");
}

fn class(column: &Column) -> &'static str {
    if column.numeric { " class=\"n\"" } else { "" }
}

/// A cell with its signs; those of numbers have a place of their own, so that points stay in line.
fn inside(cell: &Cell, numeric: bool) -> String {
    let text = escape(&cell.text);
    let text = match (cell.doubt, cell.by_person) {
        (true, _) => format!("<span class=\"doubt\">{text}&nbsp;?</span>"),
        (false, true) => format!("<span class=\"person\">{text}</span>"),
        _ => text,
    };
    let sign = cell.flag.map(Flag::sign);
    match sign {
        Some(sign) => format!("<b class=\"abn\">{text}{}</b>", if numeric { format!("<i>{sign}</i>") } else { sign.to_owned() }),
        None if numeric && !cell.text.is_empty() => format!("{text}<i></i>"),
        None => text,
    }
}

/// Text as text.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
