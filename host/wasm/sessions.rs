//! What an algorithm remembers of a session.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::failure::{Code, Failure};

/// Bytes that a session, and each of its values, counts beside names and values.
const OVERHEAD: usize = 256;

/// How many bytes all sessions that share this may hold.
#[derive(Clone, Debug)]
pub struct Room(Arc<Space>);

#[derive(Debug)]
struct Space {
    used: AtomicU64,
    limit: u64,
}

impl Room {
    /// For so many bytes.
    pub fn new(limit: u64) -> Room {
        Room(Arc::new(Space { used: AtomicU64::new(0), limit }))
    }

    /// Bytes that are held.
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    fn charge(&self, bytes: usize) -> Result<(), Failure> {
        let (bytes, limit) = (bytes as u64, self.0.limit);
        let within = |used: u64| used.checked_add(bytes).filter(|&sum| sum <= limit);
        let charged = self.0.used.try_update(Ordering::Relaxed, Ordering::Relaxed, within);
        charged.map(drop).map_err(|used| {
            let what = format!("sessions hold {used} of {limit} bytes; there is no room for {bytes} more");
            Failure::new(Code::LimitExceeded, what).help("ALGOHOST_SESSION_MB sets the limit")
        })
    }

    fn release(&self, bytes: usize) {
        self.0.used.fetch_sub(bytes as u64, Ordering::Relaxed);
    }
}

/// One client's session. Cheap to clone; its bytes are free when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Session(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    id: String,
    room: Room,
    values: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Session {
    /// An empty one.
    ///
    /// # Errors
    /// Limit exceeded when there is no room for it.
    pub fn new(id: String, room: &Room) -> Result<Session, Failure> {
        room.charge(OVERHEAD)?;
        Ok(Session(Arc::new(Kept { id, room: room.clone(), values: Mutex::default() })))
    }

    /// What it is called.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    pub(super) fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.values().get(name).cloned()
    }

    /// A refused value leaves the old one.
    pub(super) fn set(&self, name: String, value: Vec<u8>) -> Result<(), Failure> {
        let mut values = self.values();
        let (old, new) = (values.get(&name).map_or(0, |old| size(&name, old)), size(&name, &value));
        self.0.room.charge(new.saturating_sub(old))?;
        self.0.room.release(old.saturating_sub(new));
        values.insert(name, value);
        Ok(())
    }

    pub(super) fn remove(&self, name: &str) {
        if let Some(old) = self.values().remove(name) {
            self.0.room.release(size(name, &old));
        }
    }

    fn values(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let values = self.values.get_mut().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize = values.iter().map(|(name, value)| size(name, value)).sum();
        self.room.release(bytes + OVERHEAD);
    }
}

fn size(name: &str, value: &[u8]) -> usize {
    name.len() + value.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_charged_and_released_to_the_byte() {
        let room = Room::new(3 * OVERHEAD as u64 + 12);
        let session = Session::new("a".into(), &room).unwrap();
        session.set("k".into(), vec![0; 5]).unwrap();
        session.set("m".into(), vec![0; 5]).unwrap();
        assert_eq!(room.used(), 3 * OVERHEAD as u64 + 12);
        assert_eq!(session.set("n".into(), Vec::new()).unwrap_err().code, Code::LimitExceeded);
        assert_eq!(session.set("k".into(), vec![0; 6]).unwrap_err().code, Code::LimitExceeded);
        assert_eq!(session.get("k").unwrap(), [0; 5], "a refused value took the place of the old one");
        assert!(Session::new("b".into(), &room).is_err());
        session.remove("m");
        session.remove("m");
        session.set("k".into(), vec![1; 3]).unwrap();
        assert_eq!(room.used(), 2 * OVERHEAD as u64 + 4);
        drop(session);
        assert_eq!(room.used(), 0);
    }
}
