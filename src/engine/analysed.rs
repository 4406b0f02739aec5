//! What an analysis says of a stretch as data: the one source of `analyse --json` on the command line
//! and in the browser.
//!
//! Numbers are rounded as those of [`measure`](super::measure): potentials, spectra and firing rates are
//! sums and fits whose last bits differ between processors. What is not a number is `null`.

use serde::Serialize;
use serde_json::Value;

use super::measure::rounded_value;
use super::protocol::ActivityView;

/// An analysis of a stretch. The fields are those of the JSON, in its order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysed {
    /// The file, as the person named it.
    pub file: String,
    /// Name of the channel; with one subtracted from it, of both.
    pub channel: String,
    /// The stretch and what is said of it ([`ActivityView`]), times in seconds of recording time.
    pub activity: Value,
}

/// Of a view as the page gets it.
pub fn analysed(view: &ActivityView, file: &str, channel: &str) -> Analysed {
    let activity = rounded_value(serde_json::to_value(view).unwrap_or_default());
    Analysed { file: file.to_owned(), channel: channel.to_owned(), activity }
}
