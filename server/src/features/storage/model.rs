//! A count, and a limit.

/// What an organization stores, and what it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Bytes of all files, each content once, and of parts that wait for the rest of their file.
    pub used: u64,
    /// Bytes; `None`: without a limit.
    pub quota: Option<u64>,
}

impl Storage {
    /// Bytes that still fit.
    pub fn room(&self) -> u64 {
        self.quota.map_or(u64::MAX, |quota| quota.saturating_sub(self.used))
    }

    /// As it was before so much came.
    pub fn without(self, size: u64) -> Self {
        Self { used: self.used.saturating_sub(size), ..self }
    }

    /// Whether more is counted than may be.
    pub fn is_over(&self) -> bool {
        self.quota.is_some_and(|quota| self.used > quota)
    }
}

/// How far the deletion of files for good has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Freeing {
    /// The part of all files that it has looked at, from 0 to 1.
    pub progress: f64,
    /// Whether it waits for the end of an export, which reads what it would delete.
    pub is_waiting: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t25_what_fits_is_what_is_left_and_a_full_store_is_not_over() {
        for (used, quota, room, over) in
            [(0, None, u64::MAX, false), (0, Some(10), 10, false), (10, Some(10), 0, false), (11, Some(10), 0, true), (0, Some(0), 0, false)]
        {
            let storage = Storage { used, quota };
            assert_eq!((storage.room(), storage.is_over()), (room, over), "{storage:?}");
        }
    }
}
