//! Which rows stand in a buffer, and how they are handed on.

use crate::data::source::rows::Dialect;

/// The whole rows at the start of a buffer.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) end: usize,
    pub(super) count: usize,
    /// Blank lines and comments among them, from and to.
    pub(super) left_out: Vec<(usize, usize)>,
    /// Rows to be rewritten, from and to.
    pub(super) odd: Vec<(usize, usize)>,
}

impl Scan {
    /// `bytes` without what is no row, and in the quotes that every reader knows.
    pub(super) fn standard(&self, bytes: Vec<u8>, dialect: Dialect) -> Vec<u8> {
        // Without a quote of its own a table may hold the one that rewritten rows get.
        let all = dialect.quote != dialect.standard_quote();
        if self.left_out.is_empty() && self.odd.is_empty() && !all {
            return bytes;
        }
        let mut kept = Vec::with_capacity(bytes.len());
        let mut changes: Vec<(usize, usize, bool)> =
            self.left_out.iter().map(|&(from, to)| (from, to, false)).collect();
        changes.extend(self.odd.iter().map(|&(from, to)| (from, to, true)));
        changes.sort_unstable();
        let mut at = 0;
        let copy = |part: &[u8], kept: &mut Vec<u8>| match all {
            true => rewritten(part, dialect, kept),
            false => kept.extend_from_slice(part),
        };
        for (from, to, odd) in changes {
            copy(&bytes[at..from], &mut kept);
            if odd {
                rewritten(&bytes[from..to], dialect, &mut kept);
            }
            at = to;
        }
        copy(&bytes[at..], &mut kept);
        kept
    }
}

/// Rewrites whole rows, which have been cut before.
fn rewritten(mut rows: &[u8], dialect: Dialect, out: &mut Vec<u8>) {
    while let Ok(row) = dialect.rewrite(rows, out) {
        rows = &rows[row.end..];
    }
}
