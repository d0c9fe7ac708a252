//! An address as a QR code, to be drawn.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

use crate::fault::Fault;

/// A square of dark and light.
pub struct Qr {
    /// Its width, in modules.
    pub size: i32,
    /// The dark ones, as the data of an SVG path in modules.
    pub path: String,
}

impl Qr {
    /// Draws a text.
    ///
    /// # Errors
    /// `Internal` when it is too long for any.
    pub fn of(text: &str) -> Result<Self, Fault> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(Fault::internal)?;
        let (size, mut path) = (code.size(), String::new());
        for y in 0..size {
            let mut x = 0;
            while x < size {
                let dark = (x..size).take_while(|x| code.get_module(*x, y)).count() as i32;
                if dark > 0 {
                    write!(path, "M{x} {y}h{dark}v1h-{dark}z").map_err(Fault::internal)?;
                }
                x += dark.max(1);
            }
        }
        Ok(Self { size, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let code = QrCode::encode_text("otpauth://totp/x", QrCodeEcc::Medium).expect("encodes");
        let drawn = Qr::of("otpauth://totp/x").expect("draws");
        let mut dark = 0;
        for run in drawn.path.split('M').skip(1) {
            let (place, rest) = run.split_once('h').expect("a run");
            let (x, y) = place.split_once(' ').expect("a place");
            let (x, y, width): (i32, i32, i32) =
                (x.parse().expect("x"), y.parse().expect("y"), rest.split('v').next().and_then(|width| width.parse().ok()).expect("a width"));
            assert!((x..x + width).all(|x| code.get_module(x, y)), "{run}");
            dark += width;
        }
        let all = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y)).count();
        assert_eq!((drawn.size, dark), (code.size(), all as i32));
    }
}
