//! How much a guest may use.

use std::time::Duration;

use wasmtime::{StoreLimits, StoreLimitsBuilder};

/// Limits of one instance.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the guest's own linear memory.
    pub memory_bytes: usize,
    /// Bytes of tensors.
    pub tensor_bytes: u64,
    /// Open handles of each kind.
    pub handles: usize,
    /// How long it may take to start, and to load its model.
    pub start: Duration,
    /// How long any other call may take that does not last; none: as long as it likes.
    pub call: Option<Duration>,
    /// How long an answer may take that is sent part by part.
    pub stream: Option<Duration>,
    /// How long a conversation may last.
    pub conversation: Option<Duration>,
}

impl Limits {
    /// Tables a guest may have, and elements in each.
    const TABLES: usize = 100;
    const TABLE_ELEMENTS: usize = 1_000_000;
    /// Core instances inside of one component.
    const INSTANCES: usize = 1_000;

    pub(super) fn for_store(&self) -> StoreLimits {
        StoreLimitsBuilder::new()
            .memory_size(self.memory_bytes)
            .tables(Limits::TABLES)
            .table_elements(Limits::TABLE_ELEMENTS)
            .instances(Limits::INSTANCES)
            .memories(Limits::TABLES)
            .build()
    }
}
