//! The container: ZIP as APPNOTE 6.3.10 describes it, with 64-bit sizes where they are needed. It is written in one direction, and every byte of it follows from
//! the entries, so that an archive that is begun again comes out the same. Folders have no entries of their own.

/// A file in the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// Whether its bytes are deflated; else they stand as they are.
    pub deflated: bool,
    /// CRC-32 of the content.
    pub crc: u32,
    /// Bytes in the container, and of the content.
    pub packed: u64,
    pub size: u64,
}

/// Date and time of all entries, in the form of MS-DOS.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stamp {
    pub date: u16,
    pub time: u16,
}

impl Stamp {
    /// `year` counts from 1980 on, up to 2107.
    pub fn new(year: i32, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Self {
        let year = u32::try_from(year.clamp(1980, 2107) - 1980).unwrap_or(0);
        let bits = |value: u32| u16::try_from(value).unwrap_or(0);
        Self { date: bits((year << 9) | (month << 5) | day), time: bits((hour << 11) | (minute << 5) | (second / 2)) }
    }
}

/// Stands where the value itself is in the 64-bit field.
const ELSEWHERE: u32 = u32::MAX;
/// What a reader must know: 64-bit sizes.
const VERSION: u16 = 45;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// A plain file that everybody reads and its owner writes, of Unix.
const ATTRIBUTES: u32 = 0o100_644 << 16;
const UNIX: u16 = 3 << 8;

fn small(value: u64) -> Option<u32> {
    u32::try_from(value).ok().filter(|value| *value != ELSEWHERE)
}

/// Fields that two headers have in common, from the version needed to the length of the name.
fn common(out: &mut Vec<u8>, entry: &Entry, stamp: Stamp, large: bool) {
    let sizes = [entry.packed, entry.size].map(|size| if large { ELSEWHERE } else { small(size).unwrap_or(ELSEWHERE) });
    let method: u16 = if entry.deflated { 8 } else { 0 };
    for half in [VERSION, UTF8, method, stamp.time, stamp.date] {
        out.extend(half.to_le_bytes());
    }
    for word in [entry.crc, sizes[0], sizes[1]] {
        out.extend(word.to_le_bytes());
    }
    out.extend(u16::try_from(entry.name.len()).unwrap_or(u16::MAX).to_le_bytes());
}

fn is_large(entry: &Entry) -> bool {
    small(entry.packed).is_none() || small(entry.size).is_none()
}

/// What stands before a file's bytes.
pub fn header(entry: &Entry, stamp: Stamp) -> Vec<u8> {
    let large = is_large(entry);
    let mut out = Vec::with_capacity(50 + entry.name.len());
    out.extend(0x0403_4b50_u32.to_le_bytes());
    common(&mut out, entry, stamp, large);
    out.extend((if large { 20_u16 } else { 0 }).to_le_bytes());
    out.extend(entry.name.as_bytes());
    if large {
        for half in [1_u16, 16] {
            out.extend(half.to_le_bytes());
        }
        for long in [entry.size, entry.packed] {
            out.extend(long.to_le_bytes());
        }
    }
    out
}

/// A file's line in the directory at the end. `at` is where its header begins.
pub fn line(entry: &Entry, stamp: Stamp, at: u64) -> Vec<u8> {
    let large = is_large(entry);
    let mut extra = Vec::new();
    if large {
        [entry.size, entry.packed].iter().for_each(|long| extra.extend(long.to_le_bytes()));
    }
    if small(at).is_none() {
        extra.extend(at.to_le_bytes());
    }
    let mut out = Vec::with_capacity(80 + entry.name.len());
    out.extend(0x0201_4b50_u32.to_le_bytes());
    out.extend((UNIX | VERSION).to_le_bytes());
    common(&mut out, entry, stamp, large);
    let length = u16::try_from(extra.len()).unwrap_or(0);
    for half in [if length == 0 { 0 } else { length + 4 }, 0, 0, 0] {
        out.extend(half.to_le_bytes());
    }
    for word in [ATTRIBUTES, small(at).unwrap_or(ELSEWHERE)] {
        out.extend(word.to_le_bytes());
    }
    out.extend(entry.name.as_bytes());
    if length > 0 {
        for half in [1, length] {
            out.extend(half.to_le_bytes());
        }
        out.extend(extra);
    }
    out
}

/// What ends the container: `entries` lines of `size` bytes, the first of which is at `at`.
pub fn end(entries: u64, size: u64, at: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(98);
    let few = u16::try_from(entries).ok().filter(|entries| *entries != u16::MAX);
    if few.is_none() || small(size).is_none() || small(at).is_none() {
        let begin = at + size;
        out.extend(0x0606_4b50_u32.to_le_bytes());
        out.extend(44_u64.to_le_bytes());
        out.extend((UNIX | VERSION).to_le_bytes());
        out.extend(VERSION.to_le_bytes());
        out.extend([0; 8]);
        for long in [entries, entries, size, at] {
            out.extend(long.to_le_bytes());
        }
        out.extend(0x0706_4b50_u32.to_le_bytes());
        out.extend(0_u32.to_le_bytes());
        out.extend(begin.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend([0; 4]);
    for _ in 0..2 {
        out.extend(few.unwrap_or(u16::MAX).to_le_bytes());
    }
    for word in [size, at] {
        out.extend(small(word).unwrap_or(ELSEWHERE).to_le_bytes());
    }
    out.extend([0; 2]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_do_not_fit_stand_in_a_field_of_64_bits() {
        let entry = |size| Entry { name: "a".into(), deflated: false, crc: 7, packed: size, size };
        let stamp = Stamp::new(2024, 2, 29, 13, 14, 15);
        assert_eq!((stamp.date, stamp.time), (44 << 9 | 2 << 5 | 29, 13 << 11 | 14 << 5 | 7));
        assert_eq!((header(&entry(5), stamp).len(), line(&entry(5), stamp, 9).len(), end(1, 2, 3).len()), (31, 47, 22));
        let large = header(&entry(1 << 33), stamp);
        assert_eq!((large.len(), &large[18..26]), (51, &[0xff; 8][..]));
        assert_eq!(large[35..43], (1_u64 << 33).to_le_bytes());
        let far = line(&entry(5), stamp, 1 << 40);
        assert_eq!((far.len(), &far[42..46]), (59, &[0xff; 4][..]));
        assert_eq!(far[51..59], (1_u64 << 40).to_le_bytes());
        assert_eq!(line(&entry(u64::from(u32::MAX)), stamp, 1 << 40).len(), 47 + 4 + 24);
        assert_eq!(end(70_000, 2, 3).len(), 98);
    }
}
