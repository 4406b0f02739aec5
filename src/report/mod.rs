//! A report as plain data, and the forms that it is written in.
//!
//! A [`Document`] is headings, paragraphs, facts, tables and figures in their order. It is made by the
//! engine from what it knows of a study; nothing here computes anything. A form is one file: [`html`], [`pdf`],
//! [`text`]. Every form shows all of the document, so that none says less than another.

mod document;
pub mod html;
pub mod letterhead;
pub mod pdf;
pub mod text;

pub use document::{Block, Cell, Column, Document, Fact, Figure, Flag, Head, Item, Table};
