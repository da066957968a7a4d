//! A log: the ring of a room's most recent actions, in one rendering. Followers are served from it.
//! A room has one log for each rendering that it needs.

mod block;
mod cursor;
mod frame;
pub(super) mod slots;

use std::collections::VecDeque;

pub use cursor::Cursor;
pub(super) use cursor::{Position, SnapshotPosition};
pub(crate) use frame::MAX_FRAME_BYTES;
pub use frame::{Contents, Frame};

use block::{Block, BlockWriter};

use crate::limits::Limits;
use crate::mutation::mutated;

/// After this many messages a segment is sealed even if nobody is served. A message that this
/// rendering leaves out has no bytes, but its index takes memory.
const MAX_SEGMENT_MESSAGES: usize = 1_024;

/// A segment grows up to this many bytes by copying. If each action stayed a segment of its own, a
/// backlog would be hundreds of pieces and take dozens of writes.
const MAX_MERGED_BYTES: usize = 8 * 1024;

/// The ring, and its head. The bytes of the log are the bytes of the wire: an action is rendered
/// once, when it is appended, for all followers.
#[derive(Debug)]
pub(crate) struct Log {
    /// Sealed blocks, oldest first.
    segments: VecDeque<Segment>,
    /// The actions that were appended since the last follower was served.
    unsealed: BlockWriter,
    /// The seq of the oldest action that can still be served. The first segment may hold older
    /// ones.
    first: u64,
    /// The seq of the newest action.
    head: u64,
    /// Bytes of the actions from `first` to `head`.
    bytes: usize,
    max_actions: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Segment {
    /// The seq of its first message.
    first: u64,
    block: Block,
}

impl Segment {
    fn last(&self) -> u64 {
        self.first + self.block.messages() as u64 - 1
    }

    /// Whether a block should be appended to this segment. It shouldn't while this segment is more
    /// than twice as large: so a byte is copied some ten times at most until its segment is full,
    /// and at most as many segments wait to be merged.
    fn takes(&self, block: &Block) -> bool {
        self.block.len() <= 2 * block.len()
            && self.block.len() + block.len() <= MAX_MERGED_BYTES
            && self.block.messages() + block.messages() <= MAX_SEGMENT_MESSAGES
    }
}

impl Log {
    /// An empty log whose next action gets the seq `head + 1`.
    pub(crate) fn new(head: u64, limits: &Limits) -> Self {
        Self {
            segments: VecDeque::new(),
            unsealed: BlockWriter::default(),
            first: head + 1,
            head,
            bytes: 0,
            max_actions: limits.ring_actions,
            max_bytes: limits.ring_bytes,
        }
    }

    /// The seq of the newest action.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Bytes of the actions that can still be served.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether everything after `seq` can still be served.
    pub(crate) fn reaches_back_to(&self, seq: u64) -> bool {
        // `first` is never 0, while a client may name any seq.
        let first =
            self.first + u64::from(mutated!(RingReachesTooShort)) - u64::from(mutated!(RingReachesTooFar));
        seq >= first.saturating_sub(1) && seq <= self.head
    }

    /// The lowest seq after which everything can still be served.
    pub(crate) fn oldest_cursor(&self) -> u64 {
        self.first - 1
    }

    /// The seq that is `parts` of `of` parts of a full ring behind the head, in actions or in
    /// bytes, whichever is nearer to the head.
    pub(crate) fn seq_behind_head(&self, parts: usize, of: usize) -> u64 {
        let by_actions = (self.max_actions * parts / of) as u64;
        let (actions, bytes) = (self.head - self.oldest_cursor(), self.max_bytes / of * parts);
        let by_bytes = if self.bytes > bytes { actions * bytes as u64 / self.bytes as u64 } else { actions };
        self.head.saturating_sub(by_actions.min(by_bytes))
    }

    /// Appends a rendered action as `head + 1`. An empty message takes a seq and sends nothing.
    pub(crate) fn append(&mut self, message: &str) {
        if !self.unsealed.is_empty() && self.unsealed.len() + message.len() >= MAX_FRAME_BYTES {
            self.seal();
            // The next segment will probably be as large. Growing to that size would copy it, and
            // leave space behind that no message takes.
            self.unsealed.reserve(MAX_FRAME_BYTES);
        }
        self.head += 1;
        let before = self.unsealed.len();
        self.unsealed.push(message);
        self.bytes += self.unsealed.len() - before;
        if self.unsealed.messages() >= MAX_SEGMENT_MESSAGES {
            self.seal();
        }
        self.trim();
    }

    /// Adds the actions after `seq` and up to `until` to a frame, as many as fit, and returns the
    /// seq of the last one. The caller has checked [`Log::reaches_back_to`].
    pub(crate) fn serve(&mut self, mut seq: u64, until: u64, frame: &mut Frame) -> u64 {
        self.seal();
        let mut at = self.segments.partition_point(|segment| segment.last() <= seq);
        while let Some(segment) = self.segments.get(at).filter(|_| seq < until) {
            let from =
                usize::try_from(seq + 1 - segment.first).expect("a segment's messages fit into memory");
            let end = usize::try_from(until.min(segment.last()) + 1 - segment.first)
                .expect("a segment's messages fit into memory");
            let budget = frame.budget(segment.block.message_bytes(from));
            let (messages, to) = segment.block.slice(from, end, budget);
            frame.push(messages);
            seq = segment.first + to as u64 - 1;
            if to < end {
                break;
            }
            at += 1;
        }
        seq
    }

    /// Estimate of the memory that it takes, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.bytes + (self.head - self.oldest_cursor()) as usize * size_of::<usize>()
    }

    /// Sets how many bytes the ring keeps, beside the newest action, when it is trimmed next.
    pub(crate) fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// Makes a segment of the unsealed actions, and merges it with those before it.
    fn seal(&mut self) {
        if self.unsealed.is_empty() {
            return;
        }
        let mut first = self.head + 1 - self.unsealed.messages() as u64;
        let mut block = self.unsealed.seal();
        while self.segments.back().is_some_and(|last| last.takes(&block))
            && let Some(last) = self.segments.pop_back()
        {
            first = last.first;
            block = last.block.followed_by(&block);
        }
        self.segments.push_back(Segment { first, block });
    }

    /// Drops the oldest actions until the ring is within its bounds. The newest one always stays.
    pub(crate) fn trim(&mut self) {
        let over = |log: &Self| {
            log.first < log.head
                && (log.head + 1 - log.first > log.max_actions as u64 || log.bytes > log.max_bytes)
        };
        while over(self) {
            self.bytes -= self.oldest_bytes();
            self.first += 1;
            if self.segments.front().is_some_and(|segment| segment.last() < self.first) {
                self.segments.pop_front();
            }
        }
    }

    /// Bytes of the oldest action.
    fn oldest_bytes(&self) -> usize {
        match self.segments.front() {
            Some(segment) => segment.block.message_bytes((self.first - segment.first) as usize),
            None => {
                let unsealed_first = self.head + 1 - self.unsealed.messages() as u64;
                self.unsealed.message_bytes((self.first - unsealed_first) as usize)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(ring_actions: usize, ring_bytes: usize) -> Log {
        Log::new(0, &Limits { ring_actions, ring_bytes, ..Limits::default() })
    }

    fn served(log: &mut Log, seq: u64) -> (String, u64) {
        let mut frame = Frame::default();
        let seq = log.serve(seq, u64::MAX, &mut frame);
        (String::from_utf8(frame.payload().to_vec()).unwrap(), seq)
    }

    #[test]
    fn serves_the_actions_after_the_cursor_across_segments() {
        let mut log = log(10, 1_000);
        log.append("one");
        log.append("two");
        assert_eq!(served(&mut log, 0), ("one\ntwo".to_owned(), 2));
        log.append("three");
        assert_eq!(served(&mut log, 1), ("two\nthree".to_owned(), 3));
        assert_eq!(served(&mut log, 3), (String::new(), 3));
    }

    #[test]
    fn shares_the_bytes_of_one_segment_instead_of_copying_them() {
        let mut log = log(10, 1_000);
        log.append("one");
        let mut frames = [Frame::default(), Frame::default()];
        for frame in &mut frames {
            log.serve(0, u64::MAX, frame);
        }
        assert_eq!(frames[0].payload().as_ptr(), frames[1].payload().as_ptr());
    }

    #[test]
    fn a_backlog_of_small_actions_is_few_pieces() {
        let mut log = log(1_000, 1_000_000);
        for number in 1..=400 {
            log.append(&format!("action {number} {}", "x".repeat(120)));
            served(&mut log, number - 1);
        }
        let mut frame = Frame::default();
        assert_eq!(log.serve(0, u64::MAX, &mut frame), 400);
        assert!(frame.pieces().count() <= 10, "{}", frame.pieces().count());
        assert_eq!(frame.payload().split(|byte| *byte == b'\n').count(), 400);
    }

    #[test]
    fn a_full_segment_is_one_frame() {
        let mut log = log(10_000, 10_000_000);
        for number in 1..=2_000 {
            log.append(&format!("action {number} {}", "x".repeat(120)));
        }
        let (mut seq, mut frame) = (0, Frame::default());
        while seq < log.head() {
            frame.clear();
            seq = log.serve(seq, u64::MAX, &mut frame);
            assert_eq!(frame.pieces().count(), 1, "up to {seq}");
        }
    }

    #[test]
    fn drops_the_oldest_beyond_either_bound_but_never_the_newest() {
        let mut by_count = log(2, 1_000);
        let mut by_bytes = log(100, 8);
        for message in ["aaa", "bbb", "ccc"] {
            by_count.append(message);
            by_bytes.append(message);
        }
        for mut log in [by_count, by_bytes] {
            assert!(!log.reaches_back_to(0));
            assert!(log.reaches_back_to(1));
            assert_eq!(served(&mut log, 1).0, "bbb\nccc");
            log.append("a message above the bound of bytes");
        }
    }

    #[test]
    fn does_not_reach_beyond_its_head() {
        let mut log = log(10, 1_000);
        log.append("one");
        assert!(log.reaches_back_to(1));
        assert!(!log.reaches_back_to(2));
        assert!(!log.reaches_back_to(u64::MAX));
    }

    #[test]
    fn a_frame_holds_no_more_than_its_bound_unless_one_message_is_larger() {
        let mut log = log(100, 10_000_000);
        let half = "x".repeat(MAX_FRAME_BYTES / 2);
        let huge = "y".repeat(MAX_FRAME_BYTES * 2);
        for message in [&half, &half, &huge, &half] {
            log.append(message);
        }
        let mut seq = 0;
        let mut sizes = Vec::new();
        while seq < log.head() {
            let (text, next) = served(&mut log, seq);
            sizes.push(text.len());
            seq = next;
        }
        assert_eq!(sizes, [half.len(), half.len(), huge.len(), half.len()]);
    }

    #[test]
    fn messages_without_bytes_are_dropped_like_others() {
        let mut log = log(10, 1_000);
        for _ in 0..100_000 {
            log.append("");
        }
        assert!(log.unsealed.messages() <= MAX_SEGMENT_MESSAGES);
        assert!(log.segments.len() <= 1);
    }

    #[test]
    fn half_a_ring_is_counted_in_actions_or_in_bytes() {
        let mut by_actions = log(10, 1_000_000);
        let mut by_bytes = log(1_000, 100);
        for _ in 0..100 {
            by_actions.append("123456789");
            by_bytes.append("123456789");
        }
        assert_eq!(by_actions.seq_behind_head(1, 2), 95);
        assert_eq!((by_bytes.oldest_cursor(), by_bytes.seq_behind_head(1, 2)), (90, 95));
        assert_eq!(log(10, 100).seq_behind_head(1, 2), 0);
    }

    #[test]
    fn a_message_that_is_left_out_takes_a_seq() {
        let mut log = log(10, 1_000);
        log.append("one");
        log.append("");
        log.append("three");
        assert_eq!(served(&mut log, 0), ("one\nthree".to_owned(), 3));
        assert_eq!(served(&mut log, 1), ("three".to_owned(), 3));
    }
}
