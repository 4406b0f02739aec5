//! The clinic's logo: a PNG beside its name. It says nothing that the name does not, so it is no part of what
//! is read aloud. A picture that cannot be decoded is left out, and the report is made.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use krilla::image::Image;

/// Largest side, px: a small file can state an absurd one.
const MOST_PX: u32 = 4096;
/// Largest place on the page, points.
const ROOM: [f32; 2] = [150.0, 32.0];

/// A logo and its size on the page, points.
pub type Sized = (Image, [f32; 2]);

/// The logo of a data address; `None`: there is none, or none that is drawn here (SVG).
pub fn read(address: &str) -> Option<Sized> {
    let bytes = STANDARD.decode(address.strip_prefix("data:image/png;base64,")?).ok()?;
    let decoder = png::Decoder::new(Cursor::new(&bytes));
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width > MOST_PX || height > MOST_PX {
        return None;
    }
    // The picture is decoded again when the file is finished, where a failure would cost the report.
    let mut pixels = vec![0; reader.output_buffer_size()?];
    reader.next_frame(&mut pixels).ok()?;
    let scale = (ROOM[0] / width as f32).min(ROOM[1] / height as f32).min(1.0);
    // PDF/A forbids smoothing.
    let image = Image::from_png(bytes.into(), false).ok()?;
    Some((image, [width as f32 * scale, height as f32 * scale]))
}
