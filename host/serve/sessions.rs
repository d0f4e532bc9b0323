//! Sessions that are open: told apart by an id that nobody guesses, each for a fixed time and one model.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::failure::{Code, Failure};
use crate::wasm::{Room, Session};

/// How often those that are over are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// All sessions.
pub(super) struct Sessions {
    open: Mutex<Open>,
    lifetime: Duration,
    room: Room,
}

struct Open {
    by_id: HashMap<String, Known>,
    swept: Instant,
}

struct Known {
    session: Session,
    /// Of whose name it is; none where there is only one.
    model: Option<String>,
    until: Instant,
}

impl Sessions {
    /// Each of which lasts `lifetime`, and which keep up to `bytes` together.
    pub(super) fn new(lifetime: Duration, bytes: u64) -> Sessions {
        Sessions { open: Mutex::new(Open { by_id: HashMap::new(), swept: Instant::now() }), lifetime, room: Room::new(bytes) }
    }

    /// Opens one, and says its id and when it ends.
    ///
    /// # Errors
    /// When there is no room for it, or the machine has no random numbers.
    pub(super) fn open(&self, model: Option<&str>) -> Result<(String, SystemTime), Failure> {
        let id = new_id()?;
        let mut open = self.swept();
        let session = Session::new(id.clone(), &self.room).map_err(|failure| Failure { code: Code::Busy, ..failure })?;
        let known = Known { session, model: model.map(str::to_owned), until: Instant::now() + self.lifetime };
        open.by_id.insert(id.clone(), known);
        Ok((id, SystemTime::now() + self.lifetime))
    }

    /// The session of that id, which the model must be the one of.
    pub(super) fn find(&self, id: &str, model: Option<&str>) -> Option<Session> {
        let open = self.swept();
        let known = open.by_id.get(id).filter(|known| known.is_open() && known.model.as_deref() == model)?;
        Some(known.session.clone())
    }

    /// Ends a session; false when there is none of that id.
    pub(super) fn close(&self, id: &str, model: Option<&str>) -> bool {
        let mut open = self.swept();
        let found = open.by_id.get(id).is_some_and(|known| known.is_open() && known.model.as_deref() == model);
        found && open.by_id.remove(id).is_some()
    }

    /// How many there are, and the bytes they hold.
    pub(super) fn count(&self) -> (usize, u64) {
        (self.swept().by_id.len(), self.room.used())
    }

    /// Those that are open; what is over is thrown away now and then.
    fn swept(&self) -> MutexGuard<'_, Open> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.swept.elapsed() > SWEEP {
            open.by_id.retain(|_, known| known.is_open());
            open.swept = Instant::now();
        }
        open
    }
}

impl Known {
    fn is_open(&self) -> bool {
        Instant::now() < self.until
    }
}

/// 128 random bits in the form of a UUID of version 4.
fn new_id() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(Code::Io, format!("the machine gives no random numbers: {error}")))?;
    let id = u128::from_be_bytes(bytes) & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{id:032x}");
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_its_models_and_ends_in_time() {
        let sessions = Sessions::new(Duration::from_millis(200), 1 << 20);
        let (id, _) = sessions.open(Some("a")).unwrap();
        assert!(sessions.find(&id, Some("a")).is_some());
        assert!(sessions.find(&id, Some("b")).is_none() && sessions.find(&id, None).is_none());
        assert!(!sessions.close(&id, None));
        std::thread::sleep(Duration::from_millis(250));
        assert!(sessions.find(&id, Some("a")).is_none(), "found after its end");
        let (id, _) = sessions.open(None).unwrap();
        assert!(sessions.close(&id, None) && !sessions.close(&id, None));
    }

    #[test]
    fn ids_are_uuids_and_differ() {
        let ids = [new_id().unwrap(), new_id().unwrap()];
        assert_ne!(ids[0], ids[1]);
        for id in ids {
            assert_eq!((id.len(), &id[14..15]), (36, "4"), "{id}");
            assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        }
    }
}
