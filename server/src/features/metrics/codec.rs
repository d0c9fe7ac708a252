//! Series as bytes.
//!
//! A series is the number of points, the steps, the times, and the values, each column apart:
//! - Steps and times: the first as a zigzag varint, then the differences of the differences, as zigzag varints; a run of zeros is a zero and the
//!   varint of how many more follow. Differences wrap, so every 64-bit value is kept.
//! - Values: each is XORed with the one before (Gorilla, Pelkonen et al., VLDB 2015), packed by bytes: a header with the number of leading zero bytes
//!   (high four bits) and trailing zero bytes (low four bits), then the bytes between. Bits are kept exactly, NaN payloads too.
//!
//! A batch is the version byte, the number of series, and for each its key and its series, both with their lengths before them.

use super::model::Point;

/// First byte of a batch and of a chunk.
const VERSION: u8 = 1;

/// Stored bytes that are no series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored metric series cannot be decoded")]
pub struct Corrupt;

/// Encodes one series, in the order given.
pub fn encode_chunk(points: &[Point]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + points.len() * 10);
    out.push(VERSION);
    write_series(&mut out, points);
    out
}

/// Decodes [`encode_chunk`]'s bytes, appending to `points`.
pub fn decode_chunk(data: &[u8], points: &mut Vec<Point>) -> Result<(), Corrupt> {
    let mut input = Input(data);
    if input.byte()? != VERSION {
        return Err(Corrupt);
    }
    read_series(input.0, points)
}

/// Encodes the series of one append.
pub fn encode_batch<'a>(series: impl ExactSizeIterator<Item = (&'a str, &'a [Point])>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let mut scratch = Vec::new();
    out.push(VERSION);
    write_varint(&mut out, series.len() as u64);
    for (key, points) in series {
        write_varint(&mut out, key.len() as u64);
        out.extend_from_slice(key.as_bytes());
        scratch.clear();
        write_series(&mut scratch, points);
        write_varint(&mut out, scratch.len() as u64);
        out.extend_from_slice(&scratch);
    }
    out
}

/// Decodes a batch: `wanted` says of each key whether its points are to be read, `each` gets them.
pub fn decode_batch<'a>(data: &'a [u8], wanted: impl Fn(&str) -> bool, mut each: impl FnMut(&'a str, Vec<Point>)) -> Result<(), Corrupt> {
    let mut input = Input(data);
    if input.byte()? != VERSION {
        return Err(Corrupt);
    }
    for _ in 0..input.varint()? {
        let key = std::str::from_utf8(input.block()?).map_err(|_| Corrupt)?;
        let series = input.block()?;
        if wanted(key) {
            let mut points = Vec::new();
            read_series(series, &mut points)?;
            each(key, points);
        }
    }
    if input.0.is_empty() { Ok(()) } else { Err(Corrupt) }
}

fn write_series(out: &mut Vec<u8>, points: &[Point]) {
    write_varint(out, points.len() as u64);
    write_integers(out, points.iter().map(|point| point.step));
    write_integers(out, points.iter().map(|point| point.at_ms));
    let mut before = 0;
    for point in points {
        let bits = point.value.to_bits();
        let change = bits ^ before;
        before = bits;
        if change == 0 {
            out.push(0x80);
            continue;
        }
        let (leading, trailing) = ((change.leading_zeros() / 8) as usize, (change.trailing_zeros() / 8) as usize);
        out.push((leading << 4 | trailing) as u8);
        out.extend_from_slice(&change.to_be_bytes()[leading..8 - trailing]);
    }
}

fn read_series(data: &[u8], points: &mut Vec<Point>) -> Result<(), Corrupt> {
    let mut input = Input(data);
    let count = usize::try_from(input.varint()?).map_err(|_| Corrupt)?;
    // A value takes a byte at least: a count that promises more is no reason to reserve memory.
    if count > input.0.len() {
        return Err(Corrupt);
    }
    let start = points.len();
    points.resize(start + count, Point { step: 0, at_ms: 0, value: 0.0 });
    let new = &mut points[start..];
    read_integers(&mut input, new, |point, step| point.step = step)?;
    read_integers(&mut input, new, |point, at_ms| point.at_ms = at_ms)?;
    let mut bits = 0_u64;
    for point in new {
        let header = input.byte()?;
        if header != 0x80 {
            let (leading, trailing) = (usize::from(header >> 4), usize::from(header & 15));
            if leading + trailing > 7 {
                return Err(Corrupt);
            }
            let mut bytes = [0; 8];
            bytes[leading..8 - trailing].copy_from_slice(input.bytes(8 - leading - trailing)?);
            bits ^= u64::from_be_bytes(bytes);
        }
        point.value = f64::from_bits(bits);
    }
    if input.0.is_empty() { Ok(()) } else { Err(Corrupt) }
}

fn write_integers(out: &mut Vec<u8>, values: impl Iterator<Item = i64>) {
    let (mut before, mut difference, mut zeros) = (0_i64, 0_i64, 0_u64);
    for (place, value) in values.enumerate() {
        let step = value.wrapping_sub(before);
        // The first value stands by itself: it says nothing of the difference to come.
        let change = if place == 0 { step } else { step.wrapping_sub(difference) };
        if place > 0 {
            difference = step;
        }
        before = value;
        if change == 0 {
            zeros += 1;
            continue;
        }
        write_zeros(out, &mut zeros);
        write_varint(out, zigzag(change));
    }
    write_zeros(out, &mut zeros);
}

fn write_zeros(out: &mut Vec<u8>, zeros: &mut u64) {
    if *zeros > 0 {
        out.push(0);
        write_varint(out, *zeros - 1);
        *zeros = 0;
    }
}

fn read_integers(input: &mut Input<'_>, points: &mut [Point], set: impl Fn(&mut Point, i64)) -> Result<(), Corrupt> {
    let (mut value, mut difference, mut zeros) = (0_i64, 0_i64, 0_u64);
    for (place, point) in points.iter_mut().enumerate() {
        let change = if zeros > 0 {
            zeros -= 1;
            0
        } else {
            let coded = input.varint()?;
            if coded == 0 {
                zeros = input.varint()?;
            }
            unzigzag(coded)
        };
        if place == 0 {
            value = change;
        } else {
            difference = difference.wrapping_add(change);
            value = value.wrapping_add(difference);
        }
        set(point, value);
    }
    if zeros == 0 { Ok(()) } else { Err(Corrupt) }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(coded: u64) -> i64 {
    (coded >> 1) as i64 ^ -((coded & 1) as i64)
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Result<u8, Corrupt> {
        let (first, rest) = self.0.split_first().ok_or(Corrupt)?;
        self.0 = rest;
        Ok(*first)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(Corrupt)?;
        self.0 = rest;
        Ok(head)
    }

    fn block(&mut self) -> Result<&'a [u8], Corrupt> {
        let length = usize::try_from(self.varint()?).map_err(|_| Corrupt)?;
        self.bytes(length)
    }

    fn varint(&mut self) -> Result<u64, Corrupt> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // The tenth byte has room for one bit.
                return if shift == 63 && byte > 1 { Err(Corrupt) } else { Ok(value) };
            }
        }
        Err(Corrupt)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(points: &[Point]) -> Vec<(i64, i64, u64)> {
        points.iter().map(|point| (point.step, point.at_ms, point.value.to_bits())).collect()
    }

    fn round_trip(points: &[Point]) {
        let mut back = Vec::new();
        decode_chunk(&encode_chunk(points), &mut back).unwrap();
        assert_eq!(bits(&back), bits(points));
    }

    #[test]
    fn t48_extremes_survive() {
        let odd = [
            f64::NAN,
            f64::from_bits(0x7ff0_0000_dead_beef),
            f64::from_bits(0xfff8_0000_0000_0007),
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            0.0,
            5e-324,
            f64::MAX,
            f64::MIN,
        ];
        let steps = [i64::MIN, i64::MAX, 0, -1, i64::MIN, i64::MAX - 1, 1, 1, 7, i64::MIN + 1];
        let points: Vec<Point> = odd.iter().zip(steps).map(|(value, step)| Point { step, at_ms: step.wrapping_mul(3), value: *value }).collect();
        round_trip(&points);
        round_trip(&[]);
        for point in points {
            round_trip(&[point]);
        }
    }

    #[test]
    fn a_usual_series_is_small() {
        let points: Vec<Point> =
            (0..8192).map(|step| Point { step, at_ms: 1_700_000_000_000 + step * 37 + step % 5, value: 1.0 / (step as f64 + 1.0) }).collect();
        let size = encode_chunk(&points).len();
        assert!(size < points.len() * 10, "{size} bytes");
    }

    #[test]
    fn a_batch_reads_only_what_is_wanted() {
        let points: Vec<Point> = (0..5).map(|step| Point { step, at_ms: step, value: step as f64 }).collect();
        let data = encode_batch([("loss", &points[..]), ("ünï", &points[..2])].into_iter());
        let mut seen = Vec::new();
        decode_batch(&data, |key| key == "ünï", |key, points| seen.push((key.to_owned(), points.len()))).unwrap();
        assert_eq!(seen, [("ünï".to_owned(), 2)]);
    }

    proptest! {
        #[test]
        fn series_survive(points in prop::collection::vec((any::<i64>(), any::<i64>(), any::<u64>()), 0..200)) {
            let points: Vec<Point> = points.into_iter().map(|(step, at_ms, value)| Point { step, at_ms, value: f64::from_bits(value) }).collect();
            round_trip(&points);
        }

        #[test]
        fn close_points_survive(points in prop::collection::vec((-3_i64..3, 0_i64..4, -2_i32..3), 0..200)) {
            let points: Vec<Point> = points.into_iter().map(|(step, at_ms, value)| Point { step, at_ms, value: f64::from(value) }).collect();
            round_trip(&points);
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_chunk(&data, &mut Vec::new());
            let _ = decode_batch(&data, |_| true, |_, _| ());
        }

        #[test]
        fn a_cut_chunk_is_noticed(length in 1_usize..100, cut in 1_usize..50) {
            let points: Vec<Point> = (0..length as i64).map(|step| Point { step, at_ms: step * step, value: step as f64 * 0.1 }).collect();
            let data = encode_chunk(&points);
            let cut = cut.min(data.len() - 1);
            prop_assert!(decode_chunk(&data[..data.len() - cut], &mut Vec::new()).is_err());
        }
    }
}
