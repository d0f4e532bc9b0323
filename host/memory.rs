//! Large memory in huge pages.
//!
//! Where the kernel gives huge pages only to who asks for them (`/sys/kernel/mm/transparent_hugepage/enabled`: `madvise`), memory that is new
//! comes in pages of 4 KiB, each with a fault that costs as much as computing with it: on a virtual machine 4 µs a page, 0.4 s for the 400 MB
//! of a channel, ten times as long as in huge pages. numpy asks for the same reason. The system's allocator can only be told by a
//! variable of the environment, before the program starts; so what is large goes to the kernel from here, and all else to the system.

#![expect(unsafe_code, reason = "an allocator deals in pointers")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;

use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags, madvise, mmap_anonymous, mremap, munmap};

/// A huge page of x86-64 and of most aarch64 systems. Smaller memory has no use for one.
const HUGE: usize = 2 << 20;
/// From this size on, what is left beyond whole huge pages gets one more: at most three quarters of it stay unused.
const WORTH_ANOTHER: usize = HUGE / 4;
const PAGE: usize = 4096;

/// Asks for huge pages where they pay.
struct HugePages;

#[global_allocator]
static ALLOCATOR: HugePages = HugePages;

/// Bytes to map for so many, or none where the system's allocator is asked. The same answer for the same layout, always.
fn mapped_bytes(layout: Layout) -> Option<usize> {
    if layout.size() < HUGE || layout.align() > PAGE {
        return None;
    }
    // A layout's size is at most `isize::MAX`: no overflow.
    let unit = if layout.size() % HUGE >= WORTH_ANOTHER { HUGE } else { 64 * 1024 };
    Some(layout.size().next_multiple_of(unit))
}

/// Zeros, or null.
fn map(bytes: usize) -> *mut u8 {
    // SAFETY: a new private mapping at a place of the kernel's choice touches nothing that exists. Linux aligns one of this size to huge
    // pages (since 6.7; before, its ends are in small pages).
    let mapped = unsafe { mmap_anonymous(null_mut(), bytes, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) };
    let Ok(start) = mapped else { return null_mut() };
    // SAFETY: the range is the mapping that was made above, and the advice changes nothing of what it holds. A kernel without huge pages
    // refuses it, which is as well.
    let _ = unsafe { madvise(start, bytes, Advice::LinuxHugepage) };
    start.cast()
}

// SAFETY: what `map` gives is a mapping of its own of at least the layout's size, aligned to a page, which `mapped_bytes` wants to suffice;
// `mapped_bytes` decides by the layout alone, so memory goes back to whom it came from with the size it was mapped with. All else is the
// system's allocator.
unsafe impl GlobalAlloc for HugePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match mapped_bytes(layout) {
            Some(bytes) => map(bytes),
            // SAFETY: the caller's promise is the one the system wants.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match mapped_bytes(layout) {
            // A new mapping is zero.
            Some(bytes) => map(bytes),
            // SAFETY: as in `alloc`.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        match mapped_bytes(layout) {
            // SAFETY: `start` is from `map` with this size, and the caller gives it up.
            Some(bytes) => drop(unsafe { munmap(start.cast(), bytes) }),
            // SAFETY: `start` is the system's, and the caller gives it up.
            None => unsafe { System.dealloc(start, layout) },
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size is not 0 and, rounded up to the alignment, no more than `isize::MAX`.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        match (mapped_bytes(layout), mapped_bytes(new)) {
            (Some(old_bytes), Some(new_bytes)) => {
                // SAFETY: `start` is a mapping of `old_bytes`; the caller uses what comes back instead. Advice moves with it.
                let moved = unsafe { mremap(start.cast(), old_bytes, new_bytes, MremapFlags::MAYMOVE) };
                moved.map_or(null_mut(), |start| start.cast())
            }
            // SAFETY: as in `alloc`.
            (None, None) => unsafe { System.realloc(start, layout, new_size) },
            _ => {
                // SAFETY: as the caller promises; both are at least as long as what is copied, and lie apart.
                unsafe {
                    let to = self.alloc(new);
                    if !to.is_null() {
                        to.copy_from_nonoverlapping(start, layout.size().min(new_size));
                        self.dealloc(start, layout);
                    }
                    to
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_memory_is_mapped_in_whole_huge_pages_unless_little_is_left() {
        let mapped = |size: usize| mapped_bytes(Layout::from_size_align(size, 64).unwrap());
        assert_eq!(mapped(HUGE - 1), None);
        assert_eq!(mapped(HUGE), Some(HUGE));
        assert_eq!(mapped(HUGE + 1), Some(HUGE + 64 * 1024));
        assert_eq!(mapped(4_000_000), Some(2 * HUGE));
        assert_eq!(mapped_bytes(Layout::from_size_align(HUGE, 2 * PAGE).unwrap()), None);
    }

    #[test]
    fn memory_keeps_its_numbers_as_it_grows_and_shrinks_across_the_border() {
        let mut numbers: Vec<u64> = Vec::new();
        for size in [10, 300_000, 1_000_000, 2_000_000, 270_000, 1000, 600_000] {
            numbers.truncate(size);
            numbers.shrink_to_fit();
            numbers.extend(numbers.len() as u64..size as u64);
            assert!(numbers.iter().enumerate().all(|(place, &number)| number == place as u64), "{size}");
        }
    }

    #[test]
    fn zeroed_memory_is_zero_even_where_other_memory_was() {
        for _ in 0..4 {
            let mut bytes = vec![0_u8; 3 * HUGE];
            assert!(bytes.iter().all(|&byte| byte == 0));
            bytes.fill(7);
        }
    }
}
