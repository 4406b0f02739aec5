//! PDFs: made by a worker of their own, which is started for the first one and stays.

use std::rc::Rc;

use leptos::prelude::*;

use super::state::App;
use crate::engine::protocol::{Buffer, Event, PdfOrder, ReportMaterial, ReportWanted, Request};
use crate::web::link::Link;
use crate::web::scope;

/// The worker, and what is being made.
#[derive(Clone, Copy)]
pub struct PdfMaker {
    link: StoredValue<Option<Rc<Link<PdfOrder>>>, LocalStorage>,
    /// What is being made: `Some(true)` within a DICOM object.
    pub busy: RwSignal<Option<bool>>,
}

impl PdfMaker {
    pub fn new() -> Self {
        Self { link: StoredValue::new_local(None), busy: RwSignal::new(None) }
    }
}

/// Makes the PDF of a report of the active study.
pub fn make(app: App, wanted: ReportWanted, dicom: bool) {
    if let Some(study) = app.active.get_untracked() {
        app.pdf.busy.set(Some(dicom));
        app.send(Request::Material { study, wanted });
    }
}

/// What it is made of has come.
pub fn order(app: App, material: ReportMaterial, buffers: Vec<Buffer>) {
    // It was given up while the engine was at work.
    let Some(dicom) = app.pdf.busy.get_untracked() else { return };
    if app.pdf.link.with_value(Option::is_none) {
        match Link::start(scope::PDF, move |event, buffers| done(app, event, buffers), move || gone(app)) {
            Ok(link) => app.pdf.link.set_value(Some(link)),
            Err(_) => return gone(app),
        }
    }
    if let Some(link) = app.pdf.link.get_value() {
        link.send_buffers(&PdfOrder { material, dicom }, buffers);
    }
}

/// Gives up what is being made.
pub fn cancel(app: App) {
    app.pdf.busy.set(None);
    if let Some(link) = app.pdf.link.try_update_value(Option::take).flatten() {
        link.end();
    }
}

fn done(app: App, event: Event, buffers: Vec<Buffer>) {
    app.pdf.busy.set(None);
    super::events::receive(app, event, buffers);
}

fn gone(app: App) {
    app.pdf.busy.set(None);
    app.pdf.link.set_value(None);
    app.notice(
        "abn",
        "No PDF was made.",
        "The part of the program that makes it could not be loaded. Without a network it is there once it was used with one; the report can be printed, or saved as HTML.",
    );
}
